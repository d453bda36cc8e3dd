// What a detector called, held against the truth, point by point: so that every moment of a playback is a look-up.
import { spansOf } from "./planting";
import type { Called, Points } from "./shapes";

export interface Judged {
  /** Whether each point is called, at the chosen score or by the detector's own rule. */
  calls: boolean[];
  /** Of the points before each place, and of all at the last: called and right, called and wrong, missed. */
  hits: Int32Array;
  alarms: Int32Array;
  misses: Int32Array;
  /** For each anomaly its first and last place, and where it was called first. */
  noticed: { from: number; to: number; at: number | undefined }[];
  /** The family that judged most of the points. */
  model: string;
}

/** The bucket of every point, by place. */
export function bucketsOf(points: Points, called: Called): Int32Array {
  const buckets = new Int32Array(points.ts_ms.length);
  let bucket = 0;
  points.ts_ms.forEach((ms, i) => {
    while (bucket + 1 < called.ts_ms.length && (called.ts_ms[bucket + 1] ?? 0) <= ms) bucket += 1;
    buckets[i] = bucket;
  });
  return buckets;
}

/** `score` undefined: by the detector's own rule. */
export function judged(points: Points, called: Called, score: number | undefined): Judged {
  const buckets = bucketsOf(points, called);
  const calls = points.ts_ms.map((_, i) => {
    const bucket = buckets[i] ?? 0;
    return score === undefined ? (called.told[bucket] ?? false) : (called.score[bucket] ?? -1) >= score;
  });
  const counted = (which: (i: number) => boolean): Int32Array => {
    const sums = new Int32Array(calls.length + 1);
    calls.forEach((_, i) => (sums[i + 1] = (sums[i] ?? 0) + (which(i) ? 1 : 0)));
    return sums;
  };
  const { truth } = points;
  return {
    calls,
    hits: counted((i) => !!calls[i] && !!truth[i]),
    alarms: counted((i) => !!calls[i] && !truth[i]),
    misses: counted((i) => !calls[i] && !!truth[i]),
    noticed: spansOf(truth).map(([from, to]) => {
      const at = calls.findIndex((call, i) => call && i >= from && i <= to);
      return { from, to, at: at < 0 ? undefined : at };
    }),
    model: mostOf(called),
  };
}

function mostOf(called: Called): string {
  const long = new Map<string, number>();
  const end = called.ts_ms.at(-1) ?? 0;
  called.models.forEach(([from, name], i) => {
    const until = called.models[i + 1]?.[0] ?? end;
    long.set(name, (long.get(name) ?? 0) + until - from);
  });
  return [...long].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "none";
}

export interface Figures {
  hits: number;
  alarms: number;
  misses: number;
  precision: number | undefined;
  recall: number | undefined;
  accuracy: number | undefined;
}

/** Of the first so many points. */
export function figuresAt({ hits, alarms, misses }: Judged, at: number): Figures {
  const [hit, alarm, miss] = [hits[at] ?? 0, alarms[at] ?? 0, misses[at] ?? 0];
  const of = (part: number, whole: number): number | undefined => (whole > 0 ? part / whole : undefined);
  return {
    hits: hit,
    alarms: alarm,
    misses: miss,
    precision: of(hit, hit + alarm),
    recall: of(hit, hit + miss),
    accuracy: of(at - alarm - miss, at),
  };
}
