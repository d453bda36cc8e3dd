import { useEffect, useMemo, useState } from "preact/hooks";
import { arrange, type Link, type Node, type Placed } from "./arrange";

const TRIED = 60;
const CERTAIN = 3;
const NAME_LETTERS = 36;
const LETTER = 0.31; // of a letter's size, half its width
const MIDDLE = 0.35; // of a letter's size, how far its middle lies above the line it stands on
const MARGIN = 70;

interface GraphProps {
  nodes: Node[];
  links: Link[];
  label: string;
  chosen?: string | undefined;
  onNode?: (id: string) => void;
  onLink?: (id: string) => void;
}

interface Drawn {
  placed: Placed[];
  links: Link[];
}

/** Nodes and what ties them, arrows pointing at what begins later. For the mouse; a table beside it says the same. */
export function Graph({ nodes, links, label, chosen, onNode, onLink }: GraphProps) {
  const [drawn, setDrawn] = useState<Drawn>();
  const key = useMemo(
    () => nodes.map((node) => node.id).join() + links.map((link) => link.id).join(),
    [nodes, links],
  );
  useEffect(() => arrange(nodes, links, (placed) => setDrawn({ placed, links })), [key]);
  if (!drawn) return <div class="graph graph-waiting" />;
  return <Picture drawn={drawn} label={label} chosen={chosen} onNode={onNode} onLink={onLink} />;
}

interface PictureProps {
  drawn: Drawn;
  label: string;
  chosen: string | undefined;
  onNode: ((id: string) => void) | undefined;
  onLink: ((id: string) => void) | undefined;
}

function Picture({ drawn, label, chosen, onNode, onLink }: PictureProps) {
  const { placed, links } = drawn;
  const places = new Map(placed.map((one) => [one.node.id, one]));
  const xs = placed.map((one) => one.x ?? 0);
  const ys = placed.map((one) => one.y ?? 0);
  const [left, top] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
  const [width, height] = [Math.max(...xs) - left + MARGIN, Math.max(...ys) - top + MARGIN];
  const wide = Math.min(window.innerWidth - 32, 1_600);
  const scale = Math.max(width / wide, height / 500, 0.4);
  const size = 11 * scale;
  const names = named(placed, size, [left, left + width]);
  return (
    <svg class="graph" viewBox={`${left} ${top} ${width} ${height}`} role="img" aria-label={label} data-testid="graph">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto" markerUnits="userSpaceOnUse">
          <path class="graph-head" d="M0 0 8 4 0 8z" />
        </marker>
      </defs>
      {links.map((link) => {
        const [from, to] = [places.get(link.source), places.get(link.target)];
        return from && to ? (
          <Tie key={link.id} link={link} from={from} to={to} chosen={link.id === chosen} onLink={onLink} />
        ) : null;
      })}
      {placed.map(({ node, x = 0, y = 0, radius }) => (
        <g key={node.id} class={node.id === chosen ? "graph-node chosen" : "graph-node"} onClick={() => onNode?.(node.id)}>
          <title>{node.title}</title>
          <circle cx={x} cy={y} r={radius} />
        </g>
      ))}
      {names.map(({ id, x, y, text }) => (
        <text key={id} x={x} y={y} font-size={size} text-anchor="middle">
          {text}
        </text>
      ))}
    </svg>
  );
}

interface Name {
  id: string;
  x: number;
  y: number;
  text: string;
}

/** Names of the heaviest nodes, as many as have room: none covers another, or a node. */
function named(placed: Placed[], size: number, [left, right]: [number, number]): Name[] {
  const names: (Name & { half: number })[] = [];
  const heaviest = [...placed].sort((a, b) => b.node.weight - a.node.weight).slice(0, TRIED);
  for (const { node, x = 0, y = 0, radius } of heaviest) {
    const text = node.name.length > NAME_LETTERS ? `${node.name.slice(0, NAME_LETTERS - 1)}…` : node.name;
    const half = text.length * LETTER * size;
    const inside = Math.max(left + half, Math.min(right - half, x));
    const clear = (name: Name): boolean =>
      names.every((other) => Math.abs(other.y - name.y) > 1.3 * size || Math.abs(other.x - name.x) > other.half + half);
    const free = (name: Name): boolean =>
      placed.every(
        (other) =>
          other.node.id === node.id ||
          Math.abs((other.y ?? 0) - name.y + MIDDLE * size) > other.radius + size / 2 ||
          Math.abs((other.x ?? 0) - name.x) > other.radius + half,
      );
    const places = [y - radius - size / 3, y + radius + 1.1 * size].map((at) => ({ id: node.id, x: inside, y: at, text }));
    const chosen = places.find((name) => clear(name) && free(name)) ?? (names.length < CERTAIN ? places.find(clear) : undefined);
    if (chosen) names.push({ ...chosen, half });
  }
  return names;
}

interface TieProps {
  link: Link;
  from: Placed;
  to: Placed;
  chosen: boolean;
  onLink: ((id: string) => void) | undefined;
}

function Tie({ link, from, to, chosen, onLink }: TieProps) {
  const [x1, y1] = [from.x ?? 0, from.y ?? 0];
  const [x2, y2] = [to.x ?? 0, to.y ?? 0];
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [x, y] = [x2 - ((x2 - x1) / length) * (to.radius + 1), y2 - ((y2 - y1) / length) * (to.radius + 1)];
  return (
    <g class={chosen ? "graph-tie chosen" : "graph-tie"} onClick={() => onLink?.(link.id)}>
      <title>{link.title}</title>
      <line class="graph-hand" x1={x1} y1={y1} x2={x} y2={y} />
      <line x1={x1} y1={y1} x2={x} y2={y} stroke-width={Math.min(4, 0.8 + link.weight / 4)} marker-end="url(#arrow)" />
    </g>
  );
}
