// A trial of the lab as the address says it: detectors, and what was done to the series, in its order.
import { drawn, FAULTS, type Fault, marked, planted } from "./planting";
import { type Detector, FIRST, MODELS, MOST_DETECTORS, type Points, THRESHOLDS } from "./shapes";

export type Act =
  | { does: "plant"; fault: Fault; from: number; length: number; jumps: number }
  | { does: "mark"; from_ms: number; to_ms: number }
  | { does: "draw"; stroke: [ms: number, value: number][] };

/** What an address holds as it is written. */
const BETWEEN = "*";
export const MOST_ACTS = 40;
const MOST_CORNERS = 40;

/** The series after every act. */
export function after(first: Points, acts: readonly Act[]): Points {
  return acts.reduce((points, act) => {
    if (act.does === "plant") return planted(points, act.fault, act.from, act.length, act.jumps);
    if (act.does === "mark") return marked(points, act.from_ms, act.to_ms);
    return drawn(points, act.stroke);
  }, first);
}

/** A line drawn by hand, of few enough corners and digits for an address: a thousandth of its height is kept. */
export function simple(stroke: [ms: number, value: number][]): [ms: number, value: number][] {
  const line = [...stroke].sort((a, b) => a[0] - b[0]);
  const step = Math.max(1, (line.length - 1) / (MOST_CORNERS - 1));
  const kept = new Set(Array.from({ length: MOST_CORNERS }, (_, i) => Math.round(i * step)));
  const values = line.map(([, value]) => value);
  const height = Math.max(...values) - Math.min(...values) || 1;
  const unit = 10 ** Math.floor(Math.log10(height / 1_000));
  const rounded = (value: number): number => Number((Math.round(value / unit) * unit).toPrecision(12));
  return line.filter((_, i) => kept.has(i)).map(([ms, value]) => [Math.round(ms), rounded(value)]);
}

export function writtenActs(acts: readonly Act[]): string | undefined {
  const one = (act: Act): string => {
    if (act.does === "plant") return [act.fault, act.from, act.length, act.jumps].join("_");
    if (act.does === "mark") return ["mark", act.from_ms, act.to_ms].join("_");
    return ["draw", ...act.stroke.flat()].join("_");
  };
  return acts.length > 0 ? acts.slice(0, MOST_ACTS).map(one).join(BETWEEN) : undefined;
}

/** What cannot be read is left out. */
export function readActs(text: string | undefined): Act[] {
  return (text ?? "")
    .split(BETWEEN)
    .slice(0, MOST_ACTS)
    .flatMap((one): Act[] => {
      const [does = "", ...rest] = one.split("_");
      const numbers = rest.map(Number);
      const [a, b, c] = numbers;
      if (a === undefined || b === undefined || !numbers.every(Number.isFinite)) return [];
      if (does === "mark") return [{ does, from_ms: a, to_ms: b }];
      if (does === "draw") {
        const stroke = numbers.flatMap((ms, i): [number, number][] => (i % 2 === 0 ? [[ms, numbers[i + 1] ?? 0]] : []));
        return [{ does, stroke: stroke.slice(0, MOST_CORNERS) }];
      }
      const fault = FAULTS.find((known) => known === does);
      return fault && c !== undefined ? [{ does: "plant", fault, from: a, length: b, jumps: c }] : [];
    });
}

export function writtenDetectors(detectors: readonly Detector[]): string | undefined {
  if (detectors === FIRST) return undefined;
  return detectors.map(({ model, threshold }) => `${model ?? ""}.${threshold ?? ""}`).join(BETWEEN);
}

/** Those of the address; the usual ones where it names none. */
export function readDetectors(text: string | undefined): readonly Detector[] {
  if (text === undefined) return FIRST;
  const found = text.split(BETWEEN).map((one) => {
    const [model, threshold] = one.split(".");
    return { model: MODELS.find((known) => known === model), threshold: THRESHOLDS.find((known) => known === threshold) };
  });
  return found.slice(0, MOST_DETECTORS);
}
