import { percent } from "../../numbers";
import { Bar } from "../../parts";
import type { Likely } from "../../shapes";

const WHAT = "How likely people are to act on it, by their labels of others";

/** The chance; its reasons by the pointer, or beside it where there is room. */
export function Chance({ likely, withReasons }: { likely: Likely | null; withReasons?: boolean }) {
  if (likely === null) return <span class="muted">–</span>;
  const chance = percent(likely.chance);
  return (
    <span class="score" title={[WHAT, ...likely.reasons].join("; ")} data-testid="likely">
      <Bar share={likely.chance} label={`likely to be acted on: ${chance}`} />
      <span class="num">{chance}</span>
      {withReasons && likely.reasons.length > 0 && <span class="muted"> {likely.reasons.join("; ")}</span>}
    </span>
  );
}
