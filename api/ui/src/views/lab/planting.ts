// Faults that are put into a series by hand: a new series each time, with the truth of what was done to it.
import type { Points } from "./shapes";

export const FAULTS = ["spike", "shift", "ramp"] as const;
export type Fault = (typeof FAULTS)[number];

/** The middle one of the steps from value to value: how far they jump by themselves. */
export function jump(value: number[]): number {
  const steps = value.slice(1).map((one, i) => Math.abs(one - (value[i] ?? one)));
  steps.sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? 0;
  return usual || Math.abs(value[0] ?? 0) / 100 || 1;
}

/** How much of its size a fault has reached at a place within its length. */
function share(fault: Fault, place: number, length: number): number {
  return fault === "ramp" ? (place + 1) / length : 1;
}

/** A fault of so many usual jumps, from a place on, for so many values. */
export function planted(points: Points, fault: Fault, from: number, length: number, jumps: number): Points {
  const size = jumps * jump(points.value);
  const long = fault === "spike" ? Math.min(length, 3) : length;
  const inside = (i: number): boolean => i >= from && i < from + long;
  return {
    ...points,
    value: points.value.map((one, i) => (inside(i) ? one + size * share(fault, i - from, long) : one)),
    truth: points.truth.map((one, i) => one || inside(i)),
  };
}

/** The first place at or after a time; the last one where there is none. */
export function placeOf(ts_ms: number[], ms: number): number {
  let [low, high] = [0, ts_ms.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ts_ms[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low);
}

/** The values that a line drawn by hand goes through, straight between its points. */
export function drawn(points: Points, stroke: [ms: number, value: number][]): Points {
  const line = [...stroke].sort((a, b) => a[0] - b[0]);
  const [first, last] = [line[0], line.at(-1)];
  if (!first || !last) return points;
  let next = 0;
  const value = points.value.map((one, i) => {
    const ms = points.ts_ms[i] ?? 0;
    if (ms < first[0] || ms > last[0]) return one;
    while (next < line.length - 1 && (line[next]?.[0] ?? 0) < ms) next += 1;
    const [right, left] = [line[next] ?? last, line[Math.max(0, next - 1)] ?? first];
    const width = right[0] - left[0];
    return width > 0 ? left[1] + ((right[1] - left[1]) * (ms - left[0])) / width : right[1];
  });
  const within = (ms: number): boolean => ms >= first[0] && ms <= last[0];
  return { ...points, value, truth: points.truth.map((one, i) => one || within(points.ts_ms[i] ?? 0)) };
}

/** Every value of a span is an anomaly; where they all were, none is any more. */
export function marked(points: Points, from_ms: number, to_ms: number): Points {
  const inside = points.ts_ms.map((ms) => ms >= from_ms && ms <= to_ms);
  const all = inside.every((one, i) => !one || points.truth[i]);
  return { ...points, truth: points.truth.map((one, i) => (inside[i] ? !all : one)) };
}

/** Spans of what is an anomaly, as first and last place. */
export function spansOf(truth: boolean[]): [number, number][] {
  const spans: [number, number][] = [];
  truth.forEach((one, i) => {
    const last = spans.at(-1);
    if (one && last && last[1] === i - 1) last[1] = i;
    else if (one) spans.push([i, i]);
  });
  return spans;
}
