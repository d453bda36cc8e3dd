import { useMemo, useState } from "preact/hooks";
import { type Anomaly, get, type Observations, type Page, type Series } from "../api";
import { Chart, ChartKey } from "../chart";
import { useLoad, useTick, useTitle } from "../hooks";
import { arrow, number } from "../numbers";
import { Fact, Moment, Score, SeriesName, Span, Trouble } from "../parts";
import { Rows } from "../rows";
import { duration } from "../time";

const POINTS = 4_000;
const DAY = 86_400_000;
const RANGES: [string, number | undefined][] = [
  ["all", undefined],
  ["90 days", 90 * DAY],
  ["30 days", 30 * DAY],
  ["7 days", 7 * DAY],
  ["1 day", DAY],
];

interface Loaded {
  observations: Observations;
  anomalies: Anomaly[];
}

async function load(id: string, range: number | undefined, signal: AbortSignal): Promise<Loaded> {
  const path = `series/${encodeURIComponent(id)}`;
  const last = range === undefined ? null : (await get<Series>(path, {}, signal)).last_ms;
  const from = range !== undefined && last !== null ? last - range : undefined;
  const [observations, anomalies] = await Promise.all([
    get<Observations>(`${path}/observations`, { from_ms: from, max_points: POINTS }, signal),
    get<Page<Anomaly>>("anomalies", { series: id, limit: 200 }, signal),
  ]);
  return { observations, anomalies: anomalies.items };
}

export function SeriesView({ id }: { id: string }) {
  const tick = useTick();
  const [range, setRange] = useState<number | undefined>(undefined);
  const { data, problem } = useLoad(`${id}/${range}/${tick}`, (signal) => load(id, range, signal));
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
  return (
    <main data-testid="series-view">
      <Up />
      <h1>
        <SeriesName metric={series.metric} tags={series.tags} />
      </h1>
      <Trouble problem={problem} />
      <Facts series={series} />
      <div class="choices" role="group" aria-label="How far back">
        {RANGES.map(([name, length]) => (
          <button type="button" key={name} aria-pressed={length === range} onClick={() => setRange(length)}>
            {name}
          </button>
        ))}
      </div>
      <History key={range} loaded={data} />
      <Anomalies items={data.anomalies} />
    </main>
  );
}

function Up() {
  return (
    <p class="up">
      <a href="#/series">← Series</a>
    </p>
  );
}

function Facts({ series }: { series: Series }) {
  const facts: [string, string][] = [
    ["Stage", series.stage],
    ["Class", series.class ?? "–"],
    ["Every", series.cadence_ms ? duration(series.cadence_ms) : "–"],
    ["Seasons", series.seasons_ms.map(duration).join(", ") || "–"],
    ["Champion", series.champion ?? "–"],
    ["Challenger", series.challenger ?? "–"],
    ["Threshold", series.threshold ?? "–"],
    ["Final buckets", number(series.final_buckets)],
    ["Zone", series.timezone ?? "–"],
  ];
  return (
    <dl class="facts" data-testid="facts">
      {facts.map(([name, value]) => (
        <Fact key={name} name={name}>
          {value}
        </Fact>
      ))}
      <Fact name="Last">
        <Moment ms={series.last_ms} />
      </Fact>
    </dl>
  );
}

function History({ loaded }: { loaded: Loaded }) {
  const { columns, revisions, series } = loaded.observations;
  const [from, to] = useMemo(() => {
    const first = columns.ts_ms[0] ?? 0;
    return [first, Math.max(columns.ts_ms.at(-1) ?? 0, first + 1_000)];
  }, [columns]);
  if (columns.ts_ms.length === 0) return <p class="muted">No observations in this range.</p>;
  return (
    <figure>
      <ChartKey />
      <Chart
        columns={columns}
        revisions={revisions}
        anomalies={loaded.anomalies}
        from={from}
        to={to}
        height={280}
        label={`history of ${series.series}`}
      />
      <Rows columns={columns} />
    </figure>
  );
}

function Anomalies({ items }: { items: Anomaly[] }) {
  return (
    <section>
      <h2>Anomalies</h2>
      {items.length === 0 ? (
        <p class="muted">None so far.</p>
      ) : (
        <table class="list list-anomalies" data-testid="anomalies">
          <thead>
            <tr>
              <th>Kind</th>
              <th>When</th>
              <th>Value</th>
              <th>Expected</th>
              <th>Score</th>
              <th>Incident</th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={item.id}>
                <td>{[item.kind, arrow(item.direction)].filter(Boolean).join(" ")}</td>
                <td>
                  <Span startMs={item.onset_ms} endMs={item.end_ms} />
                </td>
                <td data-label="value">{number(item.value)}</td>
                <td data-label="expected">{number(item.expected)}</td>
                <td>
                  <Score value={item.score} />
                </td>
                <td>
                  {item.incident_id === null ? (
                    "–"
                  ) : (
                    <a href={`#/incident/${encodeURIComponent(item.incident_id)}`} data-row>
                      see it
                    </a>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
