import { useState } from "preact/hooks";
import { get, part, sent } from "../../api";
import { ChoiceField, Field, TextField } from "../../fields";
import { useDoing, useLoad, useSettled } from "../../hooks";
import { SeriesName, Trouble } from "../../parts";
import { link } from "../../place";
import type { Label, Observations, Page, Series } from "../../shapes";
import type { CsvPoints, Points } from "./shapes";

/** The newest values of a watched series, up to and with a time; what people called true is an anomaly. */
export async function pointsOf(id: string, most: number, until: number | undefined, signal: AbortSignal): Promise<Points> {
  const [found, labels] = await Promise.all([
    get<Observations>(`series/${part(id)}/observations`, { max_points: most, to_ms: until === undefined ? until : until + 1 }, signal),
    get<Page<Label>>("labels", { series: id }, signal),
  ]);
  const { columns } = found;
  const rows = columns.ts_ms.flatMap((_, i) => (columns.value[i] == null ? [] : [i]));
  const ts_ms = rows.map((i) => columns.ts_ms[i] ?? 0);
  const n = rows.map((i) => columns.n[i] ?? null);
  const real = labels.items.filter((one) => one.undone_by === null && one.label === "true");
  return {
    name: found.series.series,
    series: id,
    metric: found.series.metric,
    ts_ms,
    value: rows.map((i) => columns.value[i] ?? 0),
    n: n.some((one) => one !== null) ? n : undefined,
    truth: ts_ms.map((ms) => real.some((one) => ms >= one.from_ms && ms < (one.to_ms ?? Infinity))),
  };
}

function fromFile(read: CsvPoints): Points {
  const { name, ts_ms, value, label } = read;
  return { name, series: undefined, metric: undefined, ts_ms, value, n: undefined, truth: ts_ms.map((_, i) => label?.[i] === 1) };
}

/** A series that is watched, or one of a file. */
export function Source({ onPoints }: { onPoints: (points: Points) => void }) {
  const [text, setText] = useState("");
  const q = useSettled(text.trim());
  const { data, problem } = useLoad(q, (signal) => get<Page<Series>>("series", { q, limit: 8 }, signal));
  return (
    <div class="halves">
      <section>
        <h2>A series that is watched</h2>
        <TextField name="Name or tag contains" type="search" value={text} onValue={setText} />
        <Trouble problem={problem} />
        <ul class="lines" data-testid="lab-series">
          {data?.items.map((one) => (
            <li key={one.id}>
              <a href={link("lab", undefined, { series: one.id })} data-row>
                <SeriesName metric={one.metric} tags={one.tags} />
              </a>
            </li>
          ))}
          {data?.items.length === 0 && <li class="muted">None like that.</li>}
        </ul>
      </section>
      <section>
        <h2>A file</h2>
        <File onPoints={onPoints} />
      </section>
    </div>
  );
}

function File({ onPoints }: { onPoints: (points: Points) => void }) {
  const [file, setFile] = useState<Blob>();
  const [read, setRead] = useState<CsvPoints>();
  const { busy, problem, run } = useDoing();
  const take = (body: Blob, name?: string): void =>
    void run(async () => {
      const found = await sent<CsvPoints>("lab/csv", { name }, body, "text/csv");
      setRead(found);
      onPoints(fromFile(found));
    });
  return (
    <>
      <Field name="CSV" hint="a time column and a value; a column label with 1 marks anomalies. At most 2 MB; the newest 10,000 values. Nothing is kept.">
        {(id) => (
          <input
            id={id}
            type="file"
            accept=".csv,text/csv"
            data-testid="lab-file"
            disabled={busy}
            onChange={(event) => {
              const chosen = event.currentTarget.files?.[0];
              setFile(chosen);
              if (chosen) take(chosen);
            }}
          />
        )}
      </Field>
      {read && file && read.names.length > 1 && (
        <ChoiceField
          name="Series in it"
          value={read.name}
          choices={read.names.map((name) => [name, name] as const)}
          onValue={(name) => take(file, name)}
        />
      )}
      {read && read.left_out > 0 && <p class="muted">{read.left_out} cells or values of it were left out.</p>}
      <Trouble problem={problem} />
    </>
  );
}
