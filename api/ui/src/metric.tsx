// What a metric is declared to be, in words that its series' page and the lab share.
import { Fact } from "./parts";
import type { Metric } from "./shapes";
import { duration } from "./time";

export type Key = Exclude<keyof Metric, "name" | "declared_by">;

export const NAMES: Record<Key, string> = {
  kind: "Kind",
  unit: "Unit",
  cadence_ms: "Cadence",
  aggregation: "Aggregation",
  timezone: "Time zone",
  polarity: "Direction",
  lateness_ms: "Lateness",
  min_change_absolute: "Minimum change",
  min_change_relative: "Minimum change, as a share",
  static_lower: "Fixed lower bound",
  static_upper: "Fixed upper bound",
  threshold: "Threshold",
  models: "Models",
  weight: "Weight",
};
export const POLARITIES = [
  ["", "left to be learned"],
  ["both", "both ways are trouble"],
  ["up", "only up is trouble"],
  ["down", "only down is trouble"],
] as const;

/** What decides whether a value is called, whatever a model expected. */
export const BOUNDS: readonly Key[] = [
  "polarity",
  "min_change_absolute",
  "min_change_relative",
  "static_lower",
  "static_upper",
];

/** Those of the keys of which something is said. */
export function saidOf(metric: Metric, keys = Object.keys(NAMES) as readonly Key[]): Key[] {
  return keys.filter((key) => metric[key] !== null);
}

function text(metric: Metric, key: Key): string {
  const value = metric[key];
  if (key === "cadence_ms" || key === "lateness_ms") return duration(Number(value));
  return key === "polarity" ? (POLARITIES.find(([one]) => one === value)?.[1] ?? String(value)) : String(value);
}

export function MetricFacts({ metric, keys }: { metric: Metric; keys: readonly Key[] }) {
  return (
    <dl class="facts">
      {keys.map((key) => (
        <Fact key={key} name={NAMES[key]}>
          {text(metric, key)}
        </Fact>
      ))}
      {metric.declared_by !== metric.name && <Fact name="By the pattern">{metric.declared_by}</Fact>}
    </dl>
  );
}
