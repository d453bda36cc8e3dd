import { useMemo } from "preact/hooks";
import { useLever } from "../../lever";
import { count, number } from "../../numbers";
import { Bar } from "../../parts";
import type { Anomaly, Columns } from "../../shapes";

const SCORES = [40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95];
const FIRST = 60;
const WIDTH = 600;

interface Told {
  score: number;
  spans: [number, number][];
  excess: number;
}

/** Runs of values whose score reaches the given one, and by how much in all they lie outside the band. */
function toldAt(score: number, columns: Columns): Told {
  const spans: [number, number][] = [];
  let excess = 0;
  let open = false;
  columns.score.forEach((one, i) => {
    const above = one !== null && one >= score;
    const at = columns.ts_ms[i] ?? 0;
    const last = spans.at(-1);
    if (above && open && last) last[1] = at;
    else if (above) spans.push([at, at]);
    open = above;
    if (above) excess += beyond(columns, i);
  });
  return { score, spans, excess };
}

/** How far a value lies outside its band; 0 within. */
function beyond(columns: Columns, i: number): number {
  const [value, lower, upper] = [columns.value[i], columns.lower[i], columns.upper[i]];
  if (value == null) return 0;
  return Math.max(0, upper != null ? value - upper : 0, lower != null ? lower - value : 0);
}

interface CalibrationProps {
  columns: Columns;
  anomalies: Anomaly[];
  from: number;
  to: number;
}

/** How often other scores would have been reached over the span that is shown, and what is in it for the owner. */
export function Calibration({ columns, anomalies, from, to }: CalibrationProps) {
  const [score, setScore] = useLever("score", FIRST, 30, 99);
  const all = useMemo(() => SCORES.map((one) => toldAt(one, columns)), [columns]);
  const chosen = useMemo(() => toldAt(score, columns), [score, columns]);
  const shown = anomalies.filter((one) => one.onset_ms < to && (one.end_ms ?? to) > from);
  const most = Math.max(1, ...all.map((one) => one.spans.length));
  return (
    <figure data-testid="calibration">
      <figcaption>
        <b>Other thresholds</b>
        <span class="muted">
          runs of values whose score reaches it, and their summed distance outside the band. Minimum change, duration and
          labels, which also decide, are left out; nothing is changed by this.
        </span>
      </figcaption>
      <p class="search">
        <label for="calibration-score">Score</label>
        <input
          id="calibration-score"
          type="range"
          min={30}
          max={99}
          value={score}
          onInput={(event) => setScore(Number(event.currentTarget.value))}
        />
        <output for="calibration-score" data-testid="calibrated">
          <b>{score}</b>: {count(chosen.spans.length, "run")}, {number(chosen.excess)} outside the band
        </output>
      </p>
      <Strip spans={chosen.spans} anomalies={shown} from={from} to={to} />
      <details class="rows">
        <summary>Rows</summary>
        <table>
          <thead>
            <tr>
              <th class="num">score</th>
              <th>runs</th>
              <th class="num">outside the band</th>
            </tr>
          </thead>
          <tbody>
            {all.map((one) => (
              <tr key={one.score}>
                <td class="num">{one.score}</td>
                <td>
                  <Bar share={one.spans.length / most} label={`${one.spans.length} runs`} /> {one.spans.length}
                </td>
                <td class="num">{number(one.excess)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

interface StripProps {
  spans: [number, number][];
  anomalies: Anomaly[];
  from: number;
  to: number;
}

/** Two rows over one time axis: what was told, and what would have been. */
function Strip({ spans, anomalies, from, to }: StripProps) {
  const x = (ms: number): number => ((Math.min(Math.max(ms, from), to) - from) / (to - from)) * WIDTH;
  const bar = (begin: number, end: number, y: number, name: string) => (
    <rect key={`${y} ${begin}`} class={name} x={x(begin)} y={y} width={Math.max(1.5, x(end) - x(begin))} height={14} />
  );
  const label = `${anomalies.length} anomalies above, ${spans.length} runs below`;
  return (
    <>
      <svg class="shape strip" viewBox={`0 0 ${WIDTH} 40`} preserveAspectRatio="none" role="img" aria-label={label}>
        {anomalies.map((one) => bar(one.onset_ms, one.end_ms ?? to, 3, "shape-told"))}
        {spans.map(([begin, end]) => bar(begin, end, 22, "shape-bar"))}
      </svg>
      <p class="ends muted">
        <span>above: {count(anomalies.length, "anomaly", "anomalies")} of this span; below: runs at the chosen score</span>
      </p>
    </>
  );
}
