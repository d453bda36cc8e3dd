// Incidents: anomalies, suspects, what people did and said, and who was told.

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
  last_ms: number;
  end_ms: number | null;
  score: number | null;
  value: number | null;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  buckets: number;
  cadence_ms: number;
  incident_id: string | null;
  without_incident: string;
  value_text: string;
  expected_text: string;
  percent: number | null;
  labels: string[];
  conflict: boolean;
  unusual: string;
  judged_by: string | null;
  judged_since_ms: number | null;
  judged_since_known: boolean;
  normal: string;
}

/** How likely people are to act on an incident, by what they said of others; reasons: the strongest first. */
export interface Likely {
  chance: number;
  reasons: string[];
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
  /** Null while the ranking has not proven itself. */
  likely: Likely | null;
  /** Labels of it that hold. */
  said: string[];
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
