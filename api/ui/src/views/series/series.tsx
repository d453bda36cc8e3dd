import { useMemo, useState } from "preact/hooks";
import { get, part } from "../../api";
import { useLoad, useTick, useTitle } from "../../hooks";
import { count } from "../../numbers";
import { Fact, Moment, SeriesName, Trouble } from "../../parts";
import { back, useAsked } from "../../place";
import type { Anomaly, JournalEntry, Label, Observations, Page, Series } from "../../shapes";
import { duration } from "../../time";
import { Anomalies } from "./anomalies";
import { Calibration } from "./calibration";
import { Declared } from "./declared";
import { Why } from "./explain";
import { History } from "./history";
import { Journal } from "./journal";
import { Labels } from "./labels";
import { ErrorShape, SeasonShape } from "./shape";

const POINTS = 10_000;

export interface Loaded {
  observations: Observations;
  anomalies: Anomaly[];
  labels: Label[];
  journal: JournalEntry[];
}

async function load(id: string, from: number | undefined, to: number | undefined, signal: AbortSignal): Promise<Loaded> {
  const path = `series/${part(id)}`;
  const [observations, anomalies, labels, journal] = await Promise.all([
    get<Observations>(`${path}/observations`, { from_ms: from, to_ms: to, max_points: POINTS }, signal),
    get<Page<Anomaly>>("anomalies", { series: id, limit: 200 }, signal),
    get<Page<Label>>("labels", { series: id, limit: 200 }, signal),
    get<{ entries: JournalEntry[] }>(`${path}/journal`, {}, signal),
  ]);
  return { observations, anomalies: anomalies.items, labels: labels.items, journal: journal.entries };
}

/** A whole number of the address, or nothing. */
function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,14}$/.test(text) ? Number(text) : undefined;
}

export function SeriesView({ id }: { id: string }) {
  const tick = useTick();
  const [asked, change] = useAsked();
  const from = whole(asked("from"));
  const to = whole(asked("to"));
  const { data, problem } = useLoad(`${id}/${from}/${to}/${tick}`, (signal) => load(id, from, to, signal));
  const series = data?.observations.series;
  useTitle(series?.series);
  if (data === undefined || series === undefined || series.id !== id) {
    return (
      <main>
        <Up />
        {problem ? <Trouble problem={problem} /> : <p class="muted">Loading…</p>}
      </main>
    );
  }
  const at = whole(asked("at"));
  return (
    <main data-testid="series-view">
      <Up />
      <h1>
        <SeriesName metric={series.metric} tags={series.tags} />
      </h1>
      <Trouble problem={problem} />
      <Facts series={series} journal={data.journal} />
      <History loaded={data} from={from} to={to} onPick={(ms) => change({ at: ms })} />
      <Why series={series} at={at} onAt={(ms) => change({ at: ms })} />
      <Shapes loaded={data} />
      <Anomalies items={data.anomalies} />
      <Labels items={data.labels} />
      <Journal series={series} entries={data.journal} />
      <Declared metric={series.metric} />
    </main>
  );
}

function Up() {
  return (
    <p class="up">
      <a href={back("series")}>← Series</a>
    </p>
  );
}

/** The shapes are worked out when they are asked for: some milliseconds for ten thousand values. */
function Shapes({ loaded }: { loaded: Loaded }) {
  const [open, setOpen] = useState(false);
  const { columns, series } = loaded.observations;
  const [first = 0, last = 0] = [columns.ts_ms[0], columns.ts_ms.at(-1)];
  return (
    <details class="shapes" data-testid="shapes" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Shape of the errors and of the season, and other thresholds, over the span that is shown</summary>
      {open && (
        <div class="halves">
          <ErrorShape columns={columns} />
          <SeasonShape columns={columns} series={series} />
          {last > first && <Calibration columns={columns} anomalies={loaded.anomalies} from={first} to={last} />}
        </div>
      )}
    </details>
  );
}

/** The stage, and what it takes to the next one. */
function stage(series: Series): string {
  if (series.next_stage === null || series.next_stage_buckets === null) return series.stage;
  return `${series.stage}; ${series.next_stage} after ${count(series.next_stage_buckets, "more value")}`;
}

function Facts({ series, journal }: { series: Series; journal: JournalEntry[] }) {
  const reasons = useMemo(() => journal[0]?.reasons ?? [], [journal]);
  const facts: [string, string][] = [
    ["Stage", stage(series)],
    ["Class", series.class ?? "–"],
    ["Every", series.cadence_ms ? duration(series.cadence_ms) : "–"],
    ["Seasons", series.seasons_ms.map(duration).join(", ") || "–"],
    ["Champion", (series.champion ?? "–") + (series.pinned ? " (kept by hand)" : "")],
    ["Challenger", series.challenger ?? "–"],
    ["Threshold", series.threshold ?? "–"],
    ["Final values", series.final_buckets.toLocaleString("en")],
    ["Zone", series.timezone ?? "–"],
  ];
  return (
    <dl class="facts" data-testid="facts">
      {facts.map(([name, value]) => (
        <Fact key={name} name={name}>
          {value}
        </Fact>
      ))}
      {series.next_stage_ms !== null && (
        <Fact name={`${series.next_stage} about`}>
          <Moment ms={series.next_stage_ms} />
        </Fact>
      )}
      <Fact name="Last">
        <Moment ms={series.last_ms} />
      </Fact>
      {reasons.length > 0 && <Fact name="Why this class and model">{reasons.join("; ")}</Fact>}
    </dl>
  );
}
