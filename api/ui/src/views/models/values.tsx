import { number } from "../../numbers";
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

/** What quality is estimated to be without labels, and whether that can be trusted. */
export function Guess({ estimate }: { estimate: Estimate | null }) {
  if (!estimate || estimate.value === null) return <span class="muted">{estimate?.why || "none"}</span>;
  return (
    <span>
      {number(estimate.value)}
      {estimate.lower !== null && estimate.upper !== null && (
        <span class="muted">
          {" "}
          ({number(estimate.lower)} … {number(estimate.upper)})
        </span>
      )}
      {!estimate.trusted && <span class="muted"> not to be trusted: {estimate.why}</span>}
    </span>
  );
}
