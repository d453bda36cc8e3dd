import { useState } from "preact/hooks";
import { get, type IncidentSummary, type Page, type Status } from "../api";
import { useLoad, useTick, useTitle } from "../hooks";
import { count } from "../numbers";
import { Contributors, length, Score, Span, State, Trouble } from "../parts";

const PAGE = 100;

const OVER: ReadonlySet<string> = new Set(["closed", "expired", "retracted", "merged"]);

/** Open ones first, then by start, newest above. */
function ordered(items: IncidentSummary[]): IncidentSummary[] {
  const unique = new Map(items.map((item) => [item.id, item]));
  const rank = (item: IncidentSummary): number => (OVER.has(item.state) ? 1 : 0);
  return [...unique.values()].sort((a, b) => rank(a) - rank(b) || b.start_ms - a.start_ms);
}

async function load(limit: number, signal: AbortSignal): Promise<{ items: IncidentSummary[]; more: boolean }> {
  const open = await get<Page<IncidentSummary>>("incidents", { state: "open", limit: PAGE }, signal);
  const recent: IncidentSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await get<Page<IncidentSummary>>("incidents", { limit: PAGE, cursor }, signal);
    recent.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && recent.length < limit);
  return { items: ordered([...open.items, ...recent]), more: cursor !== undefined };
}

export function Incidents({ status }: { status: Status | undefined }) {
  const tick = useTick();
  const [limit, setLimit] = useState(PAGE);
  const { data, problem } = useLoad(`${tick}/${limit}`, (signal) => load(limit, signal));
  useTitle("Incidents");
  return (
    <main>
      <h1>Incidents</h1>
      <Trouble problem={problem} />
      {data === undefined && !problem && <p class="muted">Loading…</p>}
      {data?.items.length === 0 && <Nothing status={status} />}
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
  return (
    <table class="list" data-testid="incidents">
      <thead>
        <tr>
          <th>State</th>
          <th>Incident</th>
          <th>When</th>
          <th>Lasted</th>
          <th>Members</th>
          <th>Score</th>
          <th>Most in common</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id} data-testid="incident">
            <td class="c-state">
              <State state={item.state} />
            </td>
            <td class="c-title">
              <a href={`#/incident/${encodeURIComponent(item.id)}`} data-row data-testid="incident-link">
                {item.title}
              </a>
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
            <td class="c-contributors">
              <Contributors items={item.contributors.slice(0, 3)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Nothing({ status }: { status: Status | undefined }) {
  if (status !== undefined && (status.series === null || status.series > 0)) {
    return (
      <section class="empty" data-testid="quiet">
        <p>
          No incidents.{" "}
          {status.series !== null && <>{count(status.series, "series is", "series are")} watched; </>}
          <a href="#/series">see the series</a>.
        </p>
      </section>
    );
  }
  const line =
    `curl -X POST ${location.origin}/api/v1/samples -H 'Content-Type: application/json' \\\n` +
    `  -d '{"samples": [{"metric": "orders", "tags": {"shop": "north"}, ` +
    `"timestamp": ${Date.now()}, "value": 42}]}'`;
  return (
    <section class="empty" data-testid="empty">
      <p>Nothing has been measured yet. To see a year of real flights with its incidents, run</p>
      <pre>watchkeeper demo</pre>
      <p>or send a first sample to this server:</p>
      <pre>{line}</pre>
      <p>
        or a whole file: <code>watchkeeper ingest FILE --url {location.origin}</code>
      </p>
    </section>
  );
}
