// What the lab sends and gets: points of one series, detectors, and what each called.

export interface Points {
  name: string;
  /** Of a series that is watched: under what is declared of it. */
  series: string | undefined;
  metric: string | undefined;
  ts_ms: number[];
  value: number[];
  n: (number | null)[] | undefined;
  /** Whether each is an anomaly, as people said, a file says or the planted fault has it. */
  truth: boolean[];
}

export interface Detector {
  model: string | undefined;
  threshold: string | undefined;
}

export interface Called {
  ts_ms: number[];
  expected: (number | null)[];
  lower: (number | null)[];
  upper: (number | null)[];
  score: (number | null)[];
  told: boolean[];
  models: [from_ms: number, name: string][];
}

export interface CsvPoints {
  names: string[];
  name: string;
  ts_ms: number[];
  value: number[];
  label: number[] | null;
  left_out: number;
}

export const MODELS = [
  "ema",
  "moving_average",
  "holt_winters",
  "seasonal_profile",
  "kalman",
  "step_level",
  "counts",
  "sparse",
  "binomial",
  "arima",
  "neural",
] as const;

export const THRESHOLDS = ["extreme_value", "conformal", "noncentral_t", "scaled_minmax", "sigma"] as const;

export const MOST_DETECTORS = 6;

/** The system, and simpler ones beside it. */
export const FIRST: readonly Detector[] = [
  { model: undefined, threshold: undefined },
  { model: "ema", threshold: "sigma" },
  { model: "seasonal_profile", threshold: undefined },
  { model: undefined, threshold: "scaled_minmax" },
];

export function nameOf({ model, threshold }: Detector): string {
  if (!model && !threshold) return "the system";
  return [model ?? "any model", threshold].filter(Boolean).join(" · ");
}
