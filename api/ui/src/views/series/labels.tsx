import { change, part } from "../../api";
import { useDoing, useMay, useRefresh } from "../../hooks";
import { LETTERS } from "../../drawing";
import { Moment, personName, Span, Trouble } from "../../parts";
import type { Label } from "../../shapes";

/** What people said of the series, which stands on the chart's axis by its letter. */
export function Labels({ items }: { items: Label[] }) {
  if (items.length === 0) return null;
  return (
    <section>
      <h2>Labels</h2>
      <table class="list" data-testid="labels">
        <thead>
          <tr>
            <th>Label</th>
            <th>Span</th>
            <th>Said by</th>
            <th>Note</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {items.map((label) => (
            <Line key={label.id} label={label} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Line({ label }: { label: Label }) {
  const may = useMay("feedback");
  const refresh = useRefresh();
  const { busy, problem, run } = useDoing();
  const undo = async (): Promise<void> => {
    if (await run(() => change("POST", `labels/${part(label.id)}/undo`))) refresh();
  };
  const over = label.undone_by !== null;
  return (
    <tr class={over ? "muted" : ""}>
      <td>
        {LETTERS[label.label]} · {label.label}
        {label.conflict && " (people differ)"}
      </td>
      <td>
        <Span startMs={label.from_ms} endMs={label.to_ms} />
      </td>
      <td>
        {personName(label.user)} <Moment ms={label.at_ms} />
      </td>
      <td class="c-title">{label.note}</td>
      <td>
        {over ? (
          <>taken back by {personName(label.undone_by ?? "")}</>
        ) : (
          may && (
            <button type="button" class="small" disabled={busy} onClick={() => void undo()}>
              take back
            </button>
          )
        )}
        <Trouble problem={problem} />
      </td>
    </tr>
  );
}
