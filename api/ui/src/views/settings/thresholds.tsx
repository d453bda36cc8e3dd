import { get } from "../../api";
import { ChoiceField, TextField } from "../../fields";
import { useLoad, useSettled } from "../../hooks";
import { useLever } from "../../lever";
import { count, number } from "../../numbers";
import { Bar, Moment, Trouble } from "../../parts";
import { link, useAsked } from "../../place";
import type { Page } from "../../shapes";
import type { Route } from "./shapes";

interface Threshold {
  score: number;
  runs: number;
  series: number;
  excess: number | null;
}

interface Run {
  series_id: string;
  series: string;
  from_ms: number;
  to_ms: number;
  score: number;
  excess: number;
}

interface Comfort {
  from_ms: number;
  to_ms: number;
  series: number;
  metrics: number;
  truncated: boolean;
  opens_at: number;
  thresholds: Threshold[];
  runs: Run[];
}

const DAYS = ["7", "14", "28", "60"] as const;
const FIRST = 55;
const SHOWN = 12;
const WIDTH = 600;
const LANE = 10;
const TALLEST = 160;

function excess(one: Threshold): string {
  return one.excess === null ? "" : `, ${number(one.excess)} outside the band`;
}

/** For a set of series, or those of a route: what other thresholds would have brought, and when. */
export function Thresholds() {
  const [asked, change] = useAsked();
  const metric = asked("metric") ?? "";
  const tag = asked("tag") ?? "";
  const route = asked("route") ?? "";
  const days = asked("days") ?? "14";
  const [score, setScore] = useLever("score", FIRST, 0, 100);
  const query = useSettled(JSON.stringify(route ? { route, days } : { metric, tag, days }));
  const { data, problem } = useLoad(`comfort/${query}`, (signal) =>
    get<Comfort>("comfort", JSON.parse(query) as Record<string, string>, signal),
  );
  const routes = useLoad("routes", (signal) => get<Page<Route>>("routes", {}, signal));
  const names = routes.data?.items.map((one) => one.name) ?? [];
  return (
    <>
      <p class="muted">
        What other thresholds would have brought over the last days. Minimum change, duration and labels, which also decide,
        are left out; nothing is changed by this.{data && ` Anomalies open at ${data.opens_at}.`}
      </p>
      <div class="pair apart">
        <TextField
          name="Metric"
          value={metric}
          onValue={(text) => change({ metric: text, route: undefined })}
          placeholder="*"
          hint="a name, or a pattern with *"
        />
        <TextField
          name="Tag"
          value={tag}
          onValue={(text) => change({ tag: text, route: undefined })}
          placeholder="key=value"
        />
      </div>
      <div class="pair apart">
        <ChoiceField
          name="Or the series of a route"
          value={route}
          choices={[["", "none"], ...names.map((name) => [name, name] as const)]}
          onValue={(name) => change({ route: name, metric: undefined, tag: undefined })}
        />
        <ChoiceField
          name="Over"
          value={days}
          choices={DAYS.map((one) => [one, `${one} days`] as const)}
          onValue={(text) => change({ days: text })}
        />
      </div>
      <Trouble problem={problem ?? routes.problem} />
      {data && data.series > 0 && <Reached found={data} score={score} onScore={setScore} />}
      {data && data.series === 0 && <p data-testid="no-series">No series fits.</p>}
    </>
  );
}

interface ReachedProps {
  found: Comfort;
  score: number;
  onScore: (score: number) => void;
}

function Reached({ found, score, onScore }: ReachedProps) {
  const { thresholds } = found;
  const chosen = thresholds.find((one) => one.score === score) ?? thresholds[0];
  if (!chosen) return null;
  const runs = found.runs.filter((one) => one.score >= chosen.score);
  const most = Math.max(1, ...thresholds.map((one) => one.runs));
  return (
    <figure data-testid="comfort">
      <p class="muted">
        {count(found.series, "series", "series")} of {count(found.metrics, "metric")}
        {found.truncated && "; more fit, and are not counted here"}, <Moment ms={found.from_ms} /> to{" "}
        <Moment ms={found.to_ms} />
      </p>
      <p class="search">
        <label for="comfort-score">Score</label>
        <input
          id="comfort-score"
          type="range"
          min={0}
          max={thresholds.length - 1}
          value={thresholds.indexOf(chosen)}
          aria-valuetext={`score ${chosen.score}`}
          onInput={(event) => onScore(thresholds[Number(event.currentTarget.value)]?.score ?? FIRST)}
        />
        <output for="comfort-score" data-testid="comfort-chosen">
          <b>{chosen.score}</b>: {count(chosen.runs, "run")} in {count(chosen.series, "series", "series")}
          {excess(chosen)}
        </output>
      </p>
      <Strip runs={runs} from={found.from_ms} to={found.to_ms} />
      <details class="rows">
        <summary>Every threshold</summary>
        <table>
          <thead>
            <tr>
              <th class="num">score</th>
              <th>runs</th>
              <th class="num">in series</th>
              <th class="num">outside the band</th>
            </tr>
          </thead>
          <tbody>
            {thresholds.map((one) => (
              <tr key={one.score}>
                <td class="num">{one.score}</td>
                <td>
                  <Bar share={one.runs / most} label={`${one.runs} runs`} /> {one.runs}
                </td>
                <td class="num">{one.series}</td>
                <td class="num">{one.excess === null ? "–" : number(one.excess)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      <h2>The largest of them</h2>
      <ul class="lines" data-testid="comfort-runs">
        {runs.slice(0, SHOWN).map((one) => (
          <li key={`${one.series_id} ${one.from_ms}`}>
            <Moment ms={one.from_ms} />{" "}
            <a href={link("series", one.series_id, { at: one.from_ms })}>{one.series}</a> score {one.score.toFixed(1)}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** Runs, those that overlap one above the other: the lane of each, and how many lanes there are. */
function laned(runs: readonly Run[]): [Map<Run, number>, number] {
  const ends: number[] = [];
  const lanes = new Map<Run, number>();
  for (const run of [...runs].sort((a, b) => a.from_ms - b.from_ms)) {
    const free = ends.findIndex((end) => end <= run.from_ms);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = run.to_ms;
    lanes.set(run, lane);
  }
  return [lanes, ends.length];
}

/** When the runs are: those with the highest scores, each as long as it lasted. */
function Strip({ runs, from, to }: { runs: Run[]; from: number; to: number }) {
  const x = (ms: number): number => ((Math.min(Math.max(ms, from), to) - from) / Math.max(to - from, 1)) * WIDTH;
  const [lanes, many] = laned(runs);
  const height = LANE * Math.max(many, 2);
  return (
    <svg
      class="shape"
      style={{ height: `${Math.min(height, TALLEST)}px` }}
      viewBox={`0 0 ${WIDTH} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${runs.length} of the runs over time`}
    >
      {runs.map((one) => (
        <rect
          key={`${one.series_id} ${one.from_ms}`}
          class="shape-bar"
          x={x(one.from_ms)}
          y={height - LANE * (1 + (lanes.get(one) ?? 0)) + 1}
          width={Math.max(1.5, x(one.to_ms) - x(one.from_ms))}
          height={LANE - 2}
        >
          <title>{`${one.series}, score ${one.score.toFixed(1)}`}</title>
        </rect>
      ))}
    </svg>
  );
}
