import { useMemo, useState } from "preact/hooks";
import { get } from "../../api";
import { useLoad, useTitle } from "../../hooks";
import { count } from "../../numbers";
import { Moment, Trouble } from "../../parts";
import { link, useAsked } from "../../place";
import { Graph } from "../../graph";
import type { Community, Edge, Page } from "../../shapes";
import { Lineage } from "./lineage";
import { Communities, Edges, Evidence } from "./lists";
import { communityName, edgeId, NODES, overview, part } from "./network";

const PAGE = 1_000;
const EDGES = 20_000;
const HITS = 12;

interface Learned {
  edges: Edge[];
  whole: boolean;
  communities: Community[];
  version_ms: number | null;
}

interface EdgePage extends Page<Edge> {
  version_ms: number | null;
}

async function pages(focus: string | undefined, signal: AbortSignal): Promise<Omit<Learned, "communities">> {
  const edges: Edge[] = [];
  let cursor: string | undefined;
  let version: number | null = null;
  do {
    const page = await get<EdgePage>("topology", { focus, limit: PAGE, cursor }, signal);
    edges.push(...page.items);
    version = page.version_ms;
    cursor = page.next ?? undefined;
  } while (cursor && edges.length < EDGES);
  return { edges, whole: cursor === undefined, version_ms: version };
}

async function load(signal: AbortSignal): Promise<Learned> {
  const [learned, communities] = await Promise.all([
    pages(undefined, signal),
    get<Page<Community>>("topology/communities", { limit: PAGE }, signal),
  ]);
  return { ...learned, communities: communities.items };
}

export function TopologyView() {
  useTitle("Topology");
  const { data, problem } = useLoad("topology", load);
  return (
    <main data-testid="topology-view">
      <h1>Topology</h1>
      <p class="muted">
        Series that began to be anomalous together beyond chance in the last weeks
        {data?.version_ms != null && (
          <>
            , as of <Moment ms={data.version_ms} />
          </>
        )}
        . An arrow points at what begins later.
      </p>
      <Trouble problem={problem} />
      {data === undefined && !problem && <p class="muted">Loading…</p>}
      {data?.edges.length === 0 && (
        <p data-testid="no-edges">
          Nothing is learned yet: series must begin to be anomalous together a few times before an edge is. What feeds
          what can be declared below meanwhile.
        </p>
      )}
      {data !== undefined && data.edges.length > 0 && <Learned learned={data} />}
      <Lineage />
    </main>
  );
}

function Learned({ learned }: { learned: Learned }) {
  const [asked] = useAsked();
  const focus = asked("focus");
  const named = asked("community");
  const community = learned.communities.find((one) => communityName(one) === named);
  return (
    <>
      <Search edges={learned.edges} />
      {!learned.whole && <p class="muted">The graph is larger: the first {EDGES.toLocaleString("en")} edges are shown.</p>}
      {focus !== undefined ? (
        <Focus id={focus} />
      ) : community ? (
        <Within community={community} edges={learned.edges} />
      ) : (
        <Whole learned={learned} />
      )}
    </>
  );
}

/** Series of the graph by name; what is found leads to its own edges. */
function Search({ edges }: { edges: Edge[] }) {
  const [text, setText] = useState("");
  const names = useMemo(() => {
    const found = new Map<string, string>();
    for (const edge of edges) found.set(edge.source_id, edge.source).set(edge.target_id, edge.target);
    return [...found];
  }, [edges]);
  const wanted = text.trim().toLowerCase();
  const hits = wanted ? names.filter(([, name]) => name.toLowerCase().includes(wanted)) : [];
  return (
    <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
      <label for="topology-q">Series</label>
      <input
        id="topology-q"
        type="search"
        value={text}
        placeholder="press / to search"
        data-testid="search"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {wanted && (
        <ul class="found" data-testid="found">
          {hits.slice(0, HITS).map(([id, name]) => (
            <li key={id}>
              <a href={link("topology", undefined, { focus: id })} data-row>
                {name}
              </a>
            </li>
          ))}
          {hits.length > HITS && <li class="muted">and {hits.length - HITS} more</li>}
          {hits.length === 0 && <li class="muted">none</li>}
        </ul>
      )}
    </form>
  );
}

function Whole({ learned }: { learned: Learned }) {
  const [, change] = useAsked();
  const drawn = useMemo(() => overview(learned.communities, learned.edges), [learned]);
  return (
    <>
      <h2>{count(learned.communities.length, "community", "communities")}</h2>
      <Graph
        nodes={drawn.nodes}
        links={drawn.links}
        label={`${drawn.size} communities of series`}
        onNode={(name) => change({ community: name }, true)}
      />
      <Communities items={learned.communities} />
    </>
  );
}

function Up() {
  return (
    <p class="up">
      <a href={link("topology")}>← all communities</a>
    </p>
  );
}

function Within({ community, edges }: { community: Community; edges: Edge[] }) {
  const members = useMemo(() => new Set(community.members), [community]);
  const drawn = useMemo(() => part(edges, (name) => members.has(name)), [edges, members]);
  const inside = useMemo(
    () => edges.filter((edge) => members.has(edge.source) && members.has(edge.target)),
    [edges, members],
  );
  return (
    <>
      <Up />
      <h2>
        {count(community.size, "series", "series")} around {community.hubs.join(", ")}
      </h2>
      {drawn.size > NODES && <p class="muted">The strongest {NODES} are drawn; the table has all.</p>}
      <Drawn edges={inside} drawn={drawn} label={`${community.size} series around ${community.hubs.join(", ")}`} />
    </>
  );
}

function Focus({ id }: { id: string }) {
  const { data, problem } = useLoad(id, (signal) => pages(id, signal));
  const drawn = useMemo(() => part(data?.edges ?? [], () => true), [data]);
  if (!data) return problem ? <Trouble problem={problem} /> : <p class="muted">Loading…</p>;
  const own = data.edges[0];
  const name = own ? (own.source_id === id ? own.source : own.target) : id;
  return (
    <>
      <Up />
      <h2>
        {count(data.edges.length, "edge")} of <a href={link("series", id)}>{name}</a>
      </h2>
      <Drawn edges={data.edges} drawn={drawn} label={`edges of ${name}`} />
    </>
  );
}

interface DrawnProps {
  edges: Edge[];
  drawn: ReturnType<typeof part>;
  label: string;
}

/** A part of the graph, the evidence of the edge that is chosen, and all of it as a table. */
function Drawn({ edges, drawn, label }: DrawnProps) {
  const [asked, change] = useAsked();
  const chosen = asked("edge");
  const edge = edges.find((one) => edgeId(one) === chosen);
  return (
    <>
      <Graph
        nodes={drawn.nodes}
        links={drawn.links}
        label={label}
        chosen={chosen}
        onNode={(id) => change({ focus: id, community: undefined, edge: undefined }, true)}
        onLink={(id) => change({ edge: id })}
      />
      {edge ? <Evidence edge={edge} /> : <p class="muted">Click an edge for its evidence, a series for its edges.</p>}
      <Edges items={edges} onEdge={(one) => change({ edge: edgeId(one) })} />
    </>
  );
}
