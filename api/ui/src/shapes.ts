// The shapes of /api/v1 that the page reads. Times are epoch milliseconds, named *_ms.

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Contributor {
  tag: string;
  value: string;
  count: number;
  total: number;
  text: string;
}

export interface Suspect {
  series_id: string;
  series: string;
  metric: string;
  tags: Record<string, string>;
  onset_ms: number;
  score: number;
  why: string;
}

export interface Anomaly {
  id: string;
  series_id: string;
  series: string;
  metric: string;
  tags: Record<string, string>;
  kind: string;
  direction: number;
  onset_ms: number;
  peak_ms: number;
  end_ms: number | null;
  score: number | null;
  value: number | null;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  buckets: number;
  incident_id: string | null;
  percent: number | null;
  labels: string[];
  conflict: boolean;
  unusual: string;
  judged_by: string | null;
  judged_since_ms: number | null;
  judged_since_known: boolean;
  normal: string;
}

export interface IncidentSummary {
  id: string;
  state: "pending" | "open" | "acknowledged" | "recovering" | "closed" | "expired" | "retracted" | "merged";
  priority: "P1" | "P2" | "P3" | "P4";
  reasons: string[];
  title: string;
  start_ms: number;
  end_ms: number | null;
  score: number;
  severity: number;
  opened: boolean;
  unstable: boolean;
  team: string;
  acknowledged_by: string | null;
  acknowledged_ms: number | null;
  kind: string;
  direction: number;
  member_count: number;
  series_count: number;
  suspects: Suspect[];
  contributors: Contributor[];
}

export interface Incident extends IncidentSummary {
  members: Anomaly[];
  merged_into: string | null;
  evidence: Evidence[];
  changes: Change[];
  similar: Similar[];
  acts: Act[];
  labels: Label[];
  steps: Step[];
}

/** Why an anomaly is in its incident. */
export interface Evidence {
  anomaly_id: string;
  series: string;
  evidence: string | null;
  because_of: string | null;
  decades: number | null;
  lag_ms: number | null;
  text: string;
}

export interface Change {
  id: string;
  at_ms: number;
  kind: string;
  title: string;
  tags: Record<string, string>;
}

export interface Similar {
  id: string;
  title: string;
  start_ms: number;
  shared: number;
  likeness: number;
  labels: string[];
}

/** What somebody did to an incident. */
export interface Act {
  id: string;
  verb: "acknowledge" | "comment" | "merge" | "split" | "move";
  incident_id: string;
  others: string[];
  user: string;
  at_ms: number;
  comment: string;
  undone_by: string | null;
  undone_ms: number | null;
}

export const SAYINGS = ["true", "false alarm", "expected", "new normal", "wrong group", "wrong severity"] as const;
export type Saying = (typeof SAYINGS)[number];

export interface Label {
  id: string;
  label: Saying;
  kind: "anomaly" | "incident" | "span";
  target: string;
  series_id: string | null;
  from_ms: number;
  to_ms: number | null;
  user: string;
  note: string;
  at_ms: number;
  undone_by: string | null;
  undone_ms: number | null;
  rules: boolean;
  conflict: boolean;
}

export interface Step {
  kind: string;
  at_ms: number;
  member_count: number;
  score: number;
}

export interface Notice {
  at_ms: number;
  receiver: string;
  route: string;
  kind: string;
  incident_id: string | null;
  title: string;
  changed: string[];
}

export interface SentNotice extends Notice {
  sequence: number;
  state: string;
  attempts: number;
  due_ms: number;
  done_ms: number | null;
  answer: string;
}

export interface Withheld {
  at_ms: number;
  incident_id: string;
  route: string;
  why: string;
  by: string | null;
}

export interface Correspondence {
  notices: SentNotice[];
  withheld: Withheld[];
}

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
  columns: Columns;
  revisions: Revisions;
}

export interface ShardStatus {
  shard: number;
  appended: number;
  applied: number;
  checkpointed: number;
  lag_samples: number;
  lag_ms: number;
  series: number;
  samples: number;
  late: number;
  duplicate: number;
  conflict: number;
  log_bytes: number;
  state_bytes: number;
  clock_ms: number;
  log_ok: boolean;
  trouble: string[];
}

export interface Status {
  version: string;
  auth: string;
  engine: string;
  shards: ShardStatus[];
  limits: { name: string; value: number; used: number | null; hits: number }[];
  series: number | null;
  incidents_open: number;
  alerts: { notices_waiting: number; unreachable: { name: string; since_ms: number; trouble: string }[] } | null;
}

/** Whoever asks; `csrf` goes with every change. */
export interface Me {
  name: string;
  scopes: string[];
  team: string | null;
  csrf: string | null;
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

/** Two series that began to be anomalous together beyond chance. */
export interface Edge {
  source_id: string;
  source: string;
  target_id: string;
  target: string;
  evidence: string;
  decades: number;
  lag_ms: number;
  count: number;
  of: number;
  last_ms: number;
  text: string;
}

export interface Community {
  size: number;
  hubs: string[];
  members: string[];
}
