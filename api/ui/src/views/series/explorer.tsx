import { useEffect, useState } from "preact/hooks";
import { get } from "../../api";
import { problemOf, useSettled, useTitle } from "../../hooks";
import { Moment, SeriesName, Trouble } from "../../parts";
import { link, useAsked } from "../../place";
import type { Page, Series } from "../../shapes";
import { duration } from "../../time";
import type { Problem } from "../../api";

const PAGE = 100;

interface Found {
  items: Series[];
  next: string | null;
}

/** Pages of the series that fit, each asked of the server when it is wanted. */
function usePages(q: string, tag: string): { found: Found | undefined; problem: Problem | undefined; more: () => void } {
  const [found, setFound] = useState<Found>();
  const [problem, setProblem] = useState<Problem>();
  const [cursor, setCursor] = useState<string>();
  const query = `${q}\n${tag}`;
  const [of, setOf] = useState(query);
  if (of !== query) {
    setOf(query);
    setCursor(undefined);
  }
  useEffect(() => {
    const control = new AbortController();
    const wanted = { q, tag: tag.includes("=") ? tag : undefined, limit: PAGE, cursor };
    get<Page<Series>>("series", wanted, control.signal).then(
      (page) => {
        setProblem(undefined);
        setFound((before) => ({ items: [...(cursor ? (before?.items ?? []) : []), ...page.items], next: page.next }));
      },
      (error: unknown) => control.signal.aborted || setProblem(problemOf(error)),
    );
    return () => control.abort();
  }, [query, cursor]);
  return { found, problem, more: () => setCursor(found?.next ?? undefined) };
}

export function Explorer() {
  const [asked, change] = useAsked();
  const [text, setText] = useState(asked("q") ?? "");
  const [tag, setTag] = useState(asked("tag") ?? "");
  const settled = useSettled(`${text.trim()}\n${tag.trim()}`);
  useEffect(() => {
    const [q, one] = settled.split("\n");
    change({ q, tag: one });
  }, [settled]);
  const { found, problem, more } = usePages(asked("q") ?? "", asked("tag") ?? "");
  useTitle("Series");
  return (
    <main>
      <h1>Series</h1>
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
        <label for="series-q">Name or tag contains</label>
        <input
          id="series-q"
          type="search"
          value={text}
          data-testid="search"
          placeholder="press / to search"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <label for="series-tag">Tag</label>
        <input
          id="series-tag"
          value={tag}
          placeholder="name=value"
          onInput={(event) => setTag(event.currentTarget.value)}
        />
      </form>
      <Trouble problem={problem} />
      {found?.items.length === 0 && <p class="muted">No series{asked("q") || asked("tag") ? " like that" : " yet"}.</p>}
      {found !== undefined && found.items.length > 0 && <List items={found.items} />}
      {found?.next && (
        <button type="button" data-testid="more-series" onClick={more}>
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
          <th title="The start of the newest bucket with a value">Last value at</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id}>
            <td class="c-title">
              <a href={link("series", item.id)} data-row data-testid="series-link">
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
