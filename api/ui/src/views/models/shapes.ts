// The shapes of served models.

/** A measure, the cases behind it, and its interval of 95 %. */
export interface Value {
  value: number;
  n: number;
  lower: number | null;
  upper: number | null;
}

/** Quality as estimated without labels: accuracy, or mean absolute error and beside it RMSE. */
export interface Estimate {
  measure: string;
  value: number | null;
  lower: number | null;
  upper: number | null;
  trusted: boolean;
  why: string;
  /** The estimate minus the truth, once there are labels. */
  error: number | null;
  rmse: (Value & { error: number | null }) | null;
}

/** A lasting change of a version's error. */
export interface ErrorDrift {
  at_ms: number;
  text: string;
}

export interface Drift {
  feature: string;
  segment: string | null;
  n: number;
  drifted: boolean;
  distances: Record<string, { value: number; chance: number; excess: number; p: number }>;
  text: string;
}

export interface Bucket {
  start_ms: number;
  phase: "filling" | "immature" | "mature";
  predictions: number;
  labelled: number;
  coverage: number;
  values: Record<string, Value>;
  estimate: Estimate | null;
  drift: Drift[];
}

export interface Version {
  version: string;
  first_ms: number;
  last_ms: number;
  predictions: number;
  labelled: number;
  reference: string;
  segments: string[];
  series: Record<string, string>;
}

export interface Model {
  name: string;
  task: string;
  version: string;
  versions: number;
  first_ms: number;
  last_ms: number;
  predictions: number;
  labelled: number;
  measure: string;
  quality: Value | null;
  quality_ms: number | null;
  estimate: Estimate | null;
  error_drift: ErrorDrift | null;
  drifted: string[];
}

export interface ModelDetail extends Model {
  settings: Record<string, unknown>;
  each: Version[];
  shown_version: string;
  shown_segment: string | null;
  buckets: Bucket[];
  delay_ms: Record<string, number>;
  counts: Record<string, number>;
}
