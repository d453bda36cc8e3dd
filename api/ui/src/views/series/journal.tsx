import { change, part } from "../../api";
import { useDoing, useMay, useRefresh } from "../../hooks";
import { number } from "../../numbers";
import { Moment, Trouble } from "../../parts";
import { useAsked } from "../../place";
import type { JournalEntry, Lives, Series } from "../../shapes";

const FIRST = 3;

/** What the series lived by, why that changed, and the way back. */
export function Journal({ series, entries }: { series: Series; entries: JournalEntry[] }) {
  const may = useMay("config");
  const refresh = useRefresh();
  const [asked, look] = useAsked();
  const all = asked("journal") !== undefined;
  const { busy, problem, run } = useDoing();
  const act = async (what: "undo" | "contest"): Promise<void> => {
    if (await run(() => change("POST", `series/${part(series.id)}/${what}`))) refresh();
  };
  return (
    <section data-testid="journal">
      <h2>Model journal</h2>
      {entries.length === 0 && <p class="muted">No model was chosen so far.</p>}
      {entries.length > 0 && (
        <p class="muted">
          Learning passes let models compete: the loss says how badly one predicted the values, in nats, and the least wins. A
          season counts where it explains cycles that were held out.
        </p>
      )}
      <Trouble problem={problem} />
      {may && (
        <p class="buttons">
          {entries.some((entry) => entry.undoable) && (
            <button type="button" disabled={busy} data-testid="undo-models" onClick={() => void act("undo")}>
              Undo the newest change
            </button>
          )}
          {series.pinned && (
            <button type="button" disabled={busy} data-testid="open-contest" onClick={() => void act("contest")}>
              Let passes choose again
            </button>
          )}
          {series.pinned && <span class="muted">Models are kept as the undo left them.</span>}
        </p>
      )}
      {entries.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th>From</th>
              <th>Cause</th>
              <th>What changed</th>
              <th>Why</th>
              <th>Loss, nats a value</th>
            </tr>
          </thead>
          <tbody>
            {entries.slice(0, all ? undefined : FIRST).map((entry) => (
              <tr key={`${entry.at_ms} ${entry.buckets}`}>
                <td>
                  <Moment ms={entry.at_ms} />
                </td>
                <td>{entry.cause}</td>
                <td>
                  <ul class="lines">
                    {changes(entry.before, entry.after).map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>
                </td>
                <td class="c-title">{entry.reasons.join("; ")}</td>
                <td>
                  <Losses losses={entry.losses} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {entries.length > FIRST && !all && (
        <button type="button" class="small" onClick={() => look({ journal: "all" })}>
          Show {entries.length - FIRST} older ones
        </button>
      )}
    </section>
  );
}

/** How well the best few candidates foretold; the best first. */
function Losses({ losses }: { losses: Record<string, number> }) {
  const sorted = Object.entries(losses).sort(([, a], [, b]) => a - b);
  const [best, ...others] = sorted;
  if (!best) return <>–</>;
  const line = ([name, loss]: [string, number]) => (
    <li key={name}>
      {name} <span class="num">{number(loss)}</span>
    </li>
  );
  return (
    <>
      <ul class="lines">{line(best)}</ul>
      {others.length > 0 && (
        <details>
          <summary>and {others.length} more</summary>
          <ul class="lines">{others.map(line)}</ul>
        </details>
      )}
    </>
  );
}

/** What differs, one line each. */
function changes(before: Lives | null, after: Lives): string[] {
  const names = { champion: "champion", challenger: "challenger", threshold: "threshold", metric_class: "class" } as const;
  const lines = Object.entries(names).flatMap(([key, name]) => {
    const [old, now] = [before?.[key as keyof typeof names], after[key as keyof typeof names]];
    return old === now ? [] : [old === undefined ? `${name} ${now}` : `${name} ${old} → ${now}`];
  });
  const periods = (lives: Lives | null): string => lives?.periods.join(", ") || "none";
  if (periods(before) !== periods(after)) lines.push(`seasons in values: ${periods(before)} → ${periods(after)}`);
  return lines.length > 0 ? lines : ["nothing"];
}
