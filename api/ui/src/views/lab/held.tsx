import { get, part } from "../../api";
import { useLoad } from "../../hooks";
import { BOUNDS, MetricFacts, saidOf } from "../../metric";
import type { Metric } from "../../shapes";

/** What is declared of a watched series' metric: detectors are held to it in the lab, too. */
export function Held({ metric }: { metric: string }) {
  const { data } = useLoad(metric, (signal) => get<Metric>(`metrics/${part(metric)}`, {}, signal));
  const keys = data ? saidOf(data, BOUNDS) : [];
  if (!data || keys.length === 0) return null;
  return (
    <div data-testid="held">
      <p class="muted">Detectors are held to what is declared of {metric}; what it leaves out is not told here, either.</p>
      <MetricFacts metric={data} keys={keys} />
    </div>
  );
}
