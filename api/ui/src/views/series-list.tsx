import { useEffect, useState } from "preact/hooks";
import { get, type Page, type Series } from "../api";
import { useLoad, useTitle } from "../hooks";
import { Moment, SeriesName, Trouble } from "../parts";
import { duration } from "../time";

const PAGE = 200;
const PAUSE_MS = 200;

async function load(q: string, limit: number, signal: AbortSignal): Promise<{ items: Series[]; more: boolean }> {
  const items: Series[] = [];
  let cursor: string | undefined;
  do {
    const page = await get<Page<Series>>("series", { q, limit: PAGE, cursor }, signal);
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && items.length < limit);
  return { items, more: cursor !== undefined };
}

export function SeriesList() {
  const [text, setText] = useState("");
  const [query, setQuery] = useState("");
  const [limit, setLimit] = useState(PAGE);
  useEffect(() => {
    const timer = window.setTimeout(() => setQuery(text.trim()), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  const { data, problem } = useLoad(`${query}/${limit}`, (signal) => load(query, limit, signal));
  useTitle("Series");
  return (
    <main>
      <h1>Series</h1>
      <label class="search">
        <span>Name or tag contains</span>
        <input
          type="search"
          value={text}
          data-testid="search"
          placeholder="press / to search"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Trouble problem={problem} />
      {data?.items.length === 0 && <p class="muted">No series{query ? " of that name" : " yet"}.</p>}
      {data !== undefined && data.items.length > 0 && <List items={data.items} />}
      {data?.more && (
        <button type="button" onClick={() => setLimit(limit + PAGE)}>
          Show more
        </button>
      )}
    </main>
  );
}

function List({ items }: { items: Series[] }) {
  return (
    <table class="list list-series" data-testid="series-list">
      <thead>
        <tr>
          <th>Series</th>
          <th>Stage</th>
          <th>Class</th>
          <th>Every</th>
          <th>Seasons</th>
          <th>Model</th>
          <th>Last</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id}>
            <td class="c-title">
              <a href={`#/series/${encodeURIComponent(item.id)}`} data-row data-testid="series-link">
                <SeriesName metric={item.metric} tags={item.tags} />
              </a>
            </td>
            <td>{item.stage}</td>
            <td>{item.class ?? "–"}</td>
            <td data-label="every">{item.cadence_ms ? duration(item.cadence_ms) : "–"}</td>
            <td data-label="seasons">{item.seasons_ms.map(duration).join(", ") || "–"}</td>
            <td>{item.champion ?? "–"}</td>
            <td data-label="last">
              <Moment ms={item.last_ms} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
