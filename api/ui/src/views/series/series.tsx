import { useMemo } from "preact/hooks";
import { get, part } from "../../api";
import { useLoad, useTitle } from "../../hooks";
import { count, number } from "../../numbers";
import { Fact, Moment, SeriesName, Trouble } from "../../parts";
import { back, useAsked, whole } from "../../place";
import type { JournalEntry, Observations, Series } from "../../shapes";
import { duration } from "../../time";
import { Anomalies } from "./anomalies";
import { Calibration } from "./calibration";
import { Declared } from "./declared";
import { Why } from "./explain";
import { History } from "./history";
import { Journal } from "./journal";
import { Labels } from "./labels";
import { type Loaded, POINTS, thinned, useSeries } from "./loaded";
import { Residuals } from "./residuals";
import { ErrorShape, SeasonShape } from "./shape";

export function SeriesView({ id }: { id: string }) {
  const [asked, change] = useAsked();
  const from = whole(asked("from"));
  const to = whole(asked("to"));
  const { data, problem } = useSeries(id, from, to);
  const series = data?.series;
  useTitle(series?.series);
  if (data === undefined || series?.id !== id || data.observations.series.id !== id) {
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
      <Shapes loaded={data} from={from} to={to} />
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

/** Open or not, as the address says; what is in it is worked out when it is opened. */
function Shapes({ loaded, from, to }: { loaded: Loaded; from: number | undefined; to: number | undefined }) {
  const [asked, change] = useAsked();
  const open = asked("shapes") !== undefined;
  return (
    <details
      class="shapes"
      data-testid="shapes"
      open={open}
      onToggle={(event) => change({ shapes: event.currentTarget.open ? "open" : undefined })}
    >
      <summary>Shape of the errors and of the season, and other thresholds, over the span that is shown</summary>
      {open && (thinned(loaded.observations) ? <Newest loaded={loaded} from={from} to={to} /> : <Pictures loaded={loaded} />)}
    </details>
  );
}

/** Of a span with more values than can be drawn the newest: extremes have no shape. */
function Newest({ loaded, from, to }: { loaded: Loaded; from: number | undefined; to: number | undefined }) {
  const { id } = loaded.series;
  const span = { from_ms: from, to_ms: to, max_points: POINTS };
  const { data, problem } = useLoad(`newest/${id}/${from}/${to}`, (signal) =>
    get<Observations>(`series/${part(id)}/observations`, span, signal),
  );
  if (problem) return <Trouble problem={problem} />;
  if (!data) return <p class="muted">…</p>;
  return (
    <>
      <p class="muted">Of the newest {data.columns.ts_ms.length.toLocaleString("en")} values of the span.</p>
      <Pictures loaded={{ ...loaded, observations: data }} />
    </>
  );
}

function Pictures({ loaded }: { loaded: Loaded }) {
  const { series, observations } = loaded;
  const { columns } = observations;
  const [first = 0, last = 0] = [columns.ts_ms[0], columns.ts_ms.at(-1)];
  return (
    <>
      {last > first && <Residuals loaded={loaded} from={first} to={last} />}
      <div class="halves">
        <ErrorShape columns={columns} law={series.threshold} />
        <SeasonShape columns={columns} series={series} />
        {last > first && <Calibration columns={columns} anomalies={loaded.anomalies} from={first} to={last} />}
      </div>
    </>
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
    ["Values so far", series.final_buckets.toLocaleString("en")],
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
      <Fact name="Last value's bucket">
        <Moment ms={series.last_ms} />
      </Fact>
      {series.wide_band && (
        <Fact name="Without a model yet, values may be expected in">
          {number(series.wide_band.lower)} … {number(series.wide_band.upper)}
        </Fact>
      )}
      {reasons.length > 0 && <Fact name="Why this class and model">{reasons.join("; ")}</Fact>}
    </dl>
  );
}
