// The shapes of Watchkeeper itself.
import type { Change, IncidentSummary } from "../../shapes";

export interface OwnSeries {
  id: string;
  tags: Record<string, string>;
}

/** One of the own metrics; `watched`: it may become an anomaly. */
export interface Figure {
  metric: string;
  group: string;
  words: string;
  share: boolean;
  watched: boolean;
  series: OwnSeries[];
}

export interface MetaIncident {
  incident: IncidentSummary;
  headline: string;
  cause_kind: string;
  cause: string;
  hit: number;
  changes: Change[];
}

export interface Meta {
  enabled: boolean;
  version: string;
  frozen: string | null;
  frozen_by: string | null;
  incidents: MetaIncident[];
  figures: Figure[];
  heartbeat_ms: number | null;
  heartbeat_trouble: string | null;
}

interface Lives {
  champion: string;
  challenger: string;
}

/** A series whose models were, or would be, given back. */
export interface Changed {
  id: string;
  series: string;
  at_ms: number;
  before: Lives;
  after: Lives;
  changes: number;
}

export interface RolledBack {
  dry_run: boolean;
  items: Changed[];
}
