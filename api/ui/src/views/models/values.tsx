import { number, signed } from "../../numbers";
import type { Estimate, Value } from "./shapes";

/** A measure with its interval and the cases behind it. */
export function Measured({ value }: { value: Value | null | undefined }) {
  if (!value) return <span class="muted">not known yet</span>;
  return (
    <span>
      <b>{number(value.value)}</b>
      {value.lower !== null && value.upper !== null && (
        <span class="muted">
          {" "}
          ({number(value.lower)} … {number(value.upper)})
        </span>
      )}
      <span class="muted"> n {number(value.n)}</span>
    </span>
  );
}

/** What is estimated of a measure; nothing of the others. */
export function estimateOf(estimate: Estimate | null, measure: string): Omit<Estimate, "rmse" | "measure"> | null {
  if (measure !== "rmse" || !estimate) return measure === estimate?.measure ? estimate : null;
  const { trusted, why } = estimate;
  return estimate.rmse && { ...estimate.rmse, trusted, why };
}

/** What a measure is estimated to be without labels, whether that can be trusted, and how far off it was. */
export function Guess({ estimate, measure }: { estimate: Estimate | null; measure: string }) {
  const found = estimateOf(estimate, measure);
  if (!found || found.value === null) return <span class="muted">{found?.why || "none"}</span>;
  return (
    <span>
      {number(found.value)}
      <span class="muted">
        {found.lower !== null && found.upper !== null && ` (${number(found.lower)} … ${number(found.upper)})`}
        {found.error !== null && ` off by ${signed(found.error)}`}
        {!found.trusted && ` not to be trusted: ${found.why}`}
      </span>
    </span>
  );
}
