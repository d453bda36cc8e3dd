// Series: what each is, its values, why it shows what it shows, and by which models it lives.
import type { Anomaly } from "./incident";

export interface Series {
  id: string;
  series: string;
  metric: string;
  tags: Record<string, string>;
  class: string | null;
  cadence_ms: number | null;
  seasons_ms: number[];
  champion: string | null;
  challenger: string | null;
  threshold: string | null;
  final_buckets: number;
  last_ms: number | null;
  stage: string;
  next_stage: string | null;
  next_stage_buckets: number | null;
  next_stage_ms: number | null;
  timezone: string | null;
  pinned: boolean;
  wide_band?: WideBand | null;
}

/** Where values of a series without a model may be expected. */
export interface WideBand {
  lower: number;
  upper: number;
  own_values: number;
  siblings: number;
}

export interface Columns {
  ts_ms: number[];
  value: (number | null)[];
  n: (number | null)[];
  expected: (number | null)[];
  lower: (number | null)[];
  upper: (number | null)[];
  score: (number | null)[];
  verdict: string[];
  model: string[];
}

/** Samples that came after their bucket was final. */
export interface Revisions {
  ts_ms: number[];
  value: (number | null)[];
}

export interface Observations {
  series: Series;
  /** Of the span, where all of it was asked for. */
  buckets: number | null;
  columns: Columns;
  revisions: Revisions;
}

/** What the challenger of now would have expected; `model` is null where there is none. */
export interface Challenger {
  model: string | null;
  columns: Pick<Columns, "ts_ms" | "expected" | "lower" | "upper">;
}

/** What a series lives by. */
export interface Lives {
  champion: string;
  challenger: string;
  threshold: string;
  metric_class: string;
  periods: number[];
}

export interface JournalEntry {
  at_ms: number;
  buckets: number;
  cause: string;
  before: Lives | null;
  after: Lives;
  reasons: string[];
  losses: Record<string, number>;
  undoable: boolean;
}

/** The one reason for what a series shows at a time. */
export interface Explanation {
  at_ms: number;
  bucket_ms: number | null;
  reason: string;
  ground: string | null;
  text: string;
  value: number | null;
  n: number | null;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  score: number | null;
  unusual: string;
  judged_by: string | null;
  judged_since_ms: number | null;
  judged_since_known: boolean;
  normal: string;
  anomaly: Anomaly | null;
  late: { ts_ms: number; value: number | null; arrival_ms: number }[];
  wide_band: WideBand | null;
  holds: { route: string; why: string }[];
  notes: string[];
}

/** What a metric is declared to be; null is left to be learned. */
export interface Metric {
  name: string;
  declared_by: string | null;
  kind: string | null;
  unit: string | null;
  cadence_ms: number | null;
  aggregation: string | null;
  timezone: string | null;
  polarity: string | null;
  lateness_ms: number | null;
  min_change_absolute: number | null;
  min_change_relative: number | null;
  static_lower: number | null;
  static_upper: number | null;
  threshold: string | null;
  models: string[] | null;
  weight: number | null;
}
