// Where the nodes of a graph lie. Worked out in slices, so that the page answers in between; the same graph is always
// arranged in the same way.
import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from "d3-force";

const TICKS = 220;
const SLICE_MS = 10;

export interface Node {
  id: string;
  name: string;
  weight: number;
  title: string;
}

export interface Link {
  id: string;
  source: string;
  target: string;
  weight: number;
  title: string;
}

export interface Placed extends SimulationNodeDatum {
  node: Node;
  radius: number;
}

const WIDE = 2.4;
const STRETCH = 1.8;

/** Pulls them apart sideways, at most so far as a wide window has room for. */
function widen(placed: Placed[]): void {
  const across = (of: (one: Placed) => number): number => Math.max(...placed.map(of)) - Math.min(...placed.map(of));
  const ratio = across((one) => one.x ?? 0) / Math.max(1, across((one) => one.y ?? 0));
  const by = window.innerWidth < 800 ? 1 : Math.min(STRETCH, Math.max(1, WIDE / Math.max(ratio, 0.1)));
  for (const one of placed) one.x = (one.x ?? 0) * by;
}

/** Calls `done` with the places once they are worked out; the answer stops it. Some 0.3 s for 300 nodes. */
export function arrange(nodes: Node[], links: Link[], done: (placed: Placed[]) => void): () => void {
  const most = Math.max(1e-9, ...nodes.map((node) => node.weight));
  const placed: Placed[] = nodes.map((node) => ({ node, radius: 4 + 10 * Math.sqrt(node.weight / most) }));
  const places = new Map(placed.map((one) => [one.node.id, one]));
  const ties: SimulationLinkDatum<Placed>[] = links.flatMap(({ source, target }) => {
    const [from, to] = [places.get(source), places.get(target)];
    return from && to ? [{ source: from, target: to }] : [];
  });
  const simulation = forceSimulation(placed)
    .force("link", forceLink<Placed, SimulationLinkDatum<Placed>>(ties).distance(80))
    .force("apart", forceManyBody<Placed>().strength(-180).distanceMax(500))
    .force("x", forceX<Placed>().strength(0.03))
    .force("y", forceY<Placed>().strength(0.1))
    .force("collide", forceCollide<Placed>((one) => one.radius + 4))
    .stop();
  let ticks = 0;
  let frame = 0;
  const slice = (): void => {
    const until = performance.now() + SLICE_MS;
    while (ticks < TICKS && performance.now() < until) {
      simulation.tick();
      ticks += 1;
    }
    if (ticks < TICKS) frame = requestAnimationFrame(slice);
    else {
      widen(placed);
      done(placed);
    }
  };
  slice();
  return () => cancelAnimationFrame(frame);
}
