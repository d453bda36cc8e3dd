import { useMemo } from "preact/hooks";
import { useZone } from "../../hooks";
import { number, percent } from "../../numbers";
import type { Columns, Series } from "../../shapes";
import { clockOf, duration } from "../../time";

const BINS = 41;
const DAY = 86_400_000;
const WEEK = 7 * DAY;
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const WIDTH = 600;
const HEIGHT = 130;

interface Bin {
  name: string;
  from: number;
  height: number;
  /** How unusual the law of the tail found errors of this size, in the middle: a score. */
  score: number | undefined;
}

interface Errors {
  bins: Bin[];
  sorted: number[];
  /** The band's ends less what was expected, in the middle. */
  ends: [lower: number | undefined, upper: number | undefined];
}

function middle(values: number[]): number | undefined {
  return values.length > 0 ? quantile(values.sort((a, b) => a - b), 0.5) : undefined;
}

function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** All but the outermost thousandth on each side, and no farther beyond the band than it is wide. */
function shown(sorted: number[], [lower, upper]: Errors["ends"]): [low: number, high: number] {
  const [low, high] = [quantile(sorted, 0.001), quantile(sorted, 0.999)];
  if (lower === undefined || upper === undefined || upper <= lower) return [low, high];
  const wide = upper - lower;
  return [Math.max(low, lower - wide), Math.max(lower, Math.min(high, upper + wide))];
}

/** Errors (value minus expected) in equal bins; the outermost two hold also what lies beyond them. */
function errorsOf(columns: Columns): Errors {
  const lower: number[] = [];
  const upper: number[] = [];
  const scored = columns.value.flatMap((value, i) => {
    const [expected, low, high] = [columns.expected[i], columns.lower[i], columns.upper[i]];
    if (value === null || expected == null) return [];
    if (low != null) lower.push(low - expected);
    if (high != null) upper.push(high - expected);
    return [[value - expected, columns.score[i] ?? null] as const];
  });
  const sorted = scored.map(([error]) => error).sort((a, b) => a - b);
  const ends: Errors["ends"] = [middle(lower), middle(upper)];
  const [low, high] = shown(sorted, ends);
  const size = (high - low) / BINS || 1;
  const counts = new Array<number>(BINS).fill(0);
  const scores = counts.map((): number[] => []);
  for (const [error, score] of scored) {
    const place = Math.min(BINS - 1, Math.max(0, Math.floor((error - low) / size)));
    counts[place] = (counts[place] ?? 0) + 1;
    if (score !== null) scores[place]?.push(score);
  }
  const bins = counts.map((height, i) => ({
    name: number(low + (i + 0.5) * size),
    from: low + i * size,
    height,
    score: middle(scores[i] ?? []),
  }));
  return { bins, sorted, ends };
}

/** How the errors are spread, and how the law of the tail judged them; the two outermost bins hold also what
 * lies beyond them. */
export function ErrorShape({ columns, law }: { columns: Columns; law: string | null }) {
  const { bins, sorted, ends } = useMemo(() => errorsOf(columns), [columns]);
  if (sorted.length < 10) return <p class="muted">Too few values were predicted in this span for a shape of the errors.</p>;
  const marks = ([0.01, 0.5, 0.99] as const).map((share) => [percent(share), quantile(sorted, share)] as const);
  return (
    <figure>
      <figcaption>
        <b>Errors</b>
        <span class="muted">
          value − expected of {sorted.length.toLocaleString("en")} values;{" "}
          {marks.map(([name, value]) => `${name} lie below ${number(value)}`).join(", ")}. Line: how unusual
          {law ? ` ${law}` : " the law of the tail"} found errors of that size, as a score from 0 to 100. Dashed: the band, {number(ends[0])} to {number(ends[1])} mostly.
        </span>
      </figcaption>
      <Bars bins={bins} ends={ends} label={`histogram of ${sorted.length} errors, half of them below ${number(quantile(sorted, 0.5))}`} />
      <Table
        head={["error about", "values", "score"]}
        rows={bins.filter((bin) => bin.height > 0).map((bin) => [bin.name, String(bin.height), number(bin.score)])}
      />
    </figure>
  );
}

interface Phase {
  name: string;
  low: number;
  middle: number;
  high: number;
}

/** Quartiles of the values by the time within the season, on the clocks of the series' zone. */
function phasesOf(columns: Columns, season: number, cadence: number, zone: string): Phase[] {
  const size = Math.max(cadence, season / 168);
  const byPhase = new Map<number, number[]>();
  columns.ts_ms.forEach((ms, i) => {
    const value = columns.value[i];
    if (value == null) return;
    const clock = clockOf(ms, zone);
    const within = season % WEEK === 0 ? clock.day * DAY + clock.ms : season % DAY === 0 ? clock.ms : ms % season;
    const phase = Math.floor(within / size);
    byPhase.set(phase, [...(byPhase.get(phase) ?? []), value]);
  });
  return [...byPhase.entries()]
    .sort(([a], [b]) => a - b)
    .map(([phase, values]) => {
      values.sort((a, b) => a - b);
      const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(values, share)) as [number, number, number];
      return { name: phaseName(phase * size, season), low, middle, high };
    });
}

function phaseName(ms: number, season: number): string {
  if (season < DAY) return duration(ms);
  const clock = new Date(ms % DAY).toISOString().slice(11, 16);
  return season % WEEK === 0 ? `${DAYS[Math.floor(ms / DAY) % 7]} ${clock}` : clock;
}

/** The longest season that was found, as quartiles of the values at each time within it. */
export function SeasonShape({ columns, series }: { columns: Columns; series: Series }) {
  const zone = useZone();
  const season = Math.max(0, ...series.seasons_ms.filter((one) => one <= WEEK));
  const cadence = series.cadence_ms ?? 3_600_000;
  const phases = useMemo(
    () => (season > 0 ? phasesOf(columns, season, cadence, series.timezone ?? zone) : []),
    [columns, season, cadence, series.timezone, zone],
  );
  if (phases.length < 2) return <p class="muted">No season was found.</p>;
  const low = Math.min(...phases.map((phase) => phase.low));
  const high = Math.max(...phases.map((phase) => phase.high));
  const x = (i: number): number => (i / (phases.length - 1)) * WIDTH;
  const y = (value: number): number => HEIGHT - 4 - ((value - low) / (high - low || 1)) * (HEIGHT - 8);
  const line = (of: (phase: Phase) => number): string[] => phases.map((phase, i) => `${x(i).toFixed(1)},${y(of(phase)).toFixed(1)}`);
  return (
    <figure>
      <figcaption>
        <b>Season of {duration(season)}</b>
        <span class="muted">
          median and middle half of the values, from {number(low)} to {number(high)}
        </span>
      </figcaption>
      <svg class="shape" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`season of ${duration(season)}`}>
        <polygon class="shape-band" points={[...line((p) => p.high), ...line((p) => p.low).reverse()].join(" ")} />
        <polyline class="shape-line" points={line((p) => p.middle).join(" ")} />
      </svg>
      <p class="ends muted">
        <span>{phases[0]?.name}</span>
        <span>{phases.at(-1)?.name}</span>
      </p>
      <Table
        head={["time", "lower quarter", "median", "upper quarter"]}
        rows={phases.map((phase) => [phase.name, number(phase.low), number(phase.middle), number(phase.high)])}
      />
    </figure>
  );
}

function Bars({ bins, ends, label }: { bins: Bin[]; ends: Errors["ends"]; label: string }) {
  const most = Math.max(1, ...bins.map((bin) => bin.height));
  const width = WIDTH / bins.length;
  const [first, second] = bins;
  const size = (second?.from ?? 1) - (first?.from ?? 0);
  const place = (error: number): number => ((error - (first?.from ?? 0)) / size) * width;
  const judged = bins.flatMap(({ score }, i) => (score === undefined ? [] : [`${(i + 0.5) * width},${HEIGHT - (score / 100) * (HEIGHT - 4)}`]));
  return (
    <>
      <svg class="shape" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {bins.map((bin, i) => {
          const height = (bin.height / most) * (HEIGHT - 4);
          return <rect key={i} class="shape-bar" x={i * width + 1} y={HEIGHT - height} width={width - 2} height={height} />;
        })}
        {ends.map((end) => end !== undefined && <line key={end} class="shape-end" x1={place(end)} x2={place(end)} y1={0} y2={HEIGHT} />)}
        <polyline class="shape-law" points={judged.join(" ")} />
      </svg>
      <p class="ends muted">
        <span>{bins[0]?.name}</span>
        <span>{bins.at(-1)?.name}</span>
      </p>
    </>
  );
}

function Table({ head, rows }: { head: string[]; rows: string[][] }) {
  return (
    <details class="rows">
      <summary>Rows</summary>
      <div class="scroll tall" tabIndex={0} role="region" aria-label="Rows">
        <table>
          <thead>
            <tr>
              {head.map((name, i) => (
                <th key={name} class={i > 0 ? "num" : ""}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row[0]}>
                {row.map((cell, i) => (
                  <td key={i} class={i > 0 ? "num" : ""}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
