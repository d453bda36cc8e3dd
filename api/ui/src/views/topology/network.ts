// The learned graph as the views draw it: communities as one node each, or the strongest series of one part.
import type { Link, Node } from "../../arrange";
import type { Community, Edge } from "../../shapes";

const COMMUNITIES = 80;
export const NODES = 250;

export interface Part {
  nodes: Node[];
  links: Link[];
  /** Of the part, before the strongest were chosen. */
  size: number;
}

export function edgeId(edge: Edge): string {
  return `${edge.source_id}-${edge.target_id}`;
}

export function communityName(community: Community): string {
  return community.hubs[0] ?? community.members[0] ?? "";
}

/** The communities, tied where series of theirs are. */
export function overview(communities: Community[], edges: Edge[]): Part {
  const shown = communities.slice(0, COMMUNITIES);
  const home = new Map<string, string>();
  for (const one of shown) for (const member of one.members) home.set(member, communityName(one));
  const between = new Map<string, number>();
  for (const edge of edges) {
    const [from, to] = [home.get(edge.source), home.get(edge.target)];
    if (from === undefined || to === undefined || from === to) continue;
    const key = JSON.stringify([from, to]);
    between.set(key, (between.get(key) ?? 0) + 1);
  }
  const nodes = shown.map((one) => ({
    id: communityName(one),
    name: `${communityName(one)} +${one.size - 1}`,
    weight: one.size,
    title: `${one.size} series around ${one.hubs.join(", ")}`,
  }));
  const links = [...between].map(([key, count]) => {
    const [source, target] = JSON.parse(key) as [string, string];
    return { id: key, source, target, weight: count, title: `${count} edges` };
  });
  return { nodes, links, size: communities.length };
}

/** The strongest series among those that fit, and the edges between them. */
export function part(edges: Edge[], fits: (name: string) => boolean): Part {
  const strength = new Map<string, number>();
  const names = new Map<string, string>();
  const inside = edges.filter((edge) => fits(edge.source) && fits(edge.target));
  for (const edge of inside) {
    for (const [id, name] of [[edge.source_id, edge.source], [edge.target_id, edge.target]] as const) {
      names.set(id, name);
      strength.set(id, (strength.get(id) ?? 0) + edge.decades);
    }
  }
  const sorted = [...strength].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const nodes = sorted.slice(0, NODES).map(([id, weight]) => {
    const name = names.get(id) ?? id;
    return { id, name, weight, title: name };
  });
  const there = new Set(nodes.map((node) => node.id));
  const links = inside
    .filter((edge) => there.has(edge.source_id) && there.has(edge.target_id))
    .map((edge) => ({
      id: edgeId(edge),
      source: edge.source_id,
      target: edge.target_id,
      weight: edge.decades,
      title: edge.text,
    }));
  return { nodes, links, size: sorted.length };
}
