import { useState } from "preact/hooks";
import { get } from "../api";
import { useLoad, useTick, useTitle } from "../hooks";
import { count } from "../numbers";
import { Contributors, headline, length, personName, Pieces, Score, Span, State, Tag, Trouble } from "../parts";
import { link, useAsked } from "../place";
import type { IncidentSummary, Page, Status } from "../shapes";
import { FirstRun } from "./first-run";
import { Chance } from "./incident/likely";
import { asksFor, Filters, FILTERS } from "./inbox-filters";

const PAGE = 100;

const OVER: ReadonlySet<string> = new Set(["closed", "expired", "retracted", "merged"]);

type Wanted = Record<string, string | undefined>;

/** Open ones first, then by chance where that is asked for, then by start, newest above. */
function ordered(items: IncidentSummary[], likely: boolean): IncidentSummary[] {
  const unique = new Map(items.map((item) => [item.id, item]));
  const rank = (item: IncidentSummary): number => (OVER.has(item.state) ? 1 : 0);
  const chance = (item: IncidentSummary): number => (likely ? (item.likely?.chance ?? 0) : 0);
  return [...unique.values()].sort(
    (a, b) => rank(a) - rank(b) || chance(b) - chance(a) || b.start_ms - a.start_ms,
  );
}

async function load(wanted: Wanted, limit: number, signal: AbortSignal): Promise<{ items: IncidentSummary[]; more: boolean }> {
  const ask = (more: Wanted, cursor?: string): Promise<Page<IncidentSummary>> =>
    get<Page<IncidentSummary>>("incidents", { ...wanted, ...more, limit: PAGE, cursor }, signal);
  const open = wanted["state"] === undefined ? (await ask({ state: "open" })).items : [];
  const recent: IncidentSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask({}, cursor);
    recent.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && recent.length < limit);
  return { items: ordered([...open, ...recent], wanted["sort"] === "likely"), more: cursor !== undefined };
}

export function Incidents({ status }: { status: Status | undefined }) {
  const tick = useTick();
  const [asked] = useAsked();
  const [limit, setLimit] = useState(PAGE);
  const wanted: Wanted = Object.fromEntries(FILTERS.map((name) => [name, asked(name)]));
  const filtered = asksFor(wanted);
  const all = { ...wanted, sort: asked("sort") };
  const { data, problem } = useLoad(`${tick}/${limit}/${JSON.stringify(all)}`, (signal) => load(all, limit, signal));
  useTitle("Incidents");
  const empty = data?.items.length === 0;
  return (
    <main>
      <h1>Incidents</h1>
      {!(empty && !filtered) && <Filters items={data?.items ?? []} />}
      <Trouble problem={problem} />
      {data === undefined && !problem && <p class="muted">Loading…</p>}
      {empty && filtered && <p class="muted" data-testid="none">No incident is like that.</p>}
      {empty && !filtered && <FirstRun status={status} />}
      {data !== undefined && data.items.length > 0 && <List items={data.items} />}
      {data?.more && (
        <button type="button" onClick={() => setLimit(limit + PAGE)}>
          Show more
        </button>
      )}
    </main>
  );
}

function List({ items }: { items: IncidentSummary[] }) {
  const ranked = items.some((item) => item.likely !== null);
  return (
    <table class="list" data-testid="incidents">
      <thead>
        <tr>
          <th>Priority</th>
          <th>State</th>
          <th>Incident</th>
          <th>When</th>
          <th>Lasted</th>
          <th>Members</th>
          <th>Score</th>
          {ranked && <th>Likely</th>}
          <th>Most in common</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id} data-testid="incident">
            <td class={`c-priority priority-${item.priority}`} title={item.reasons.join("; ")}>
              {item.priority}
            </td>
            <td class="c-state">
              <State state={item.state} /> <Pieces items={item.said} />
              {item.acknowledged_by && <span class="muted"> {personName(item.acknowledged_by)}</span>}
            </td>
            <td class="c-title">
              <a href={link("incident", item.id)} data-row data-testid="incident-link">
                {headline(item.title)}
              </a>
              {item.team && <Tag>{item.team}</Tag>}
            </td>
            <td class="c-span">
              <Span startMs={item.start_ms} endMs={item.end_ms} />
            </td>
            <td class="c-length">{length(item)}</td>
            <td class="c-members" title={`in ${count(item.series_count, "series", "series")}`}>
              {count(item.member_count, "anomaly", "anomalies")}
            </td>
            <td class="c-score">
              <Score value={item.score} />
            </td>
            {ranked && (
              <td class="c-likely" data-label="likely">
                <Chance likely={item.likely} />
              </td>
            )}
            <td class="c-contributors">
              <Contributors items={item.contributors.slice(0, 3)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
