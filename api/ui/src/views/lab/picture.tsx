import { useMemo } from "preact/hooks";
import { Chart, ChartKey } from "../../chart";
import type { Said } from "../../drawing";
import { Rows } from "../../rows";
import type { Columns } from "../../shapes";
import { bucketsOf, type Judged } from "./judging";
import type { Hand } from "./planter";
import { spansOf } from "./planting";
import type { Called, Points } from "./shapes";

interface PictureProps {
  points: Points;
  /** What the detector that is looked at called; undefined before a run. */
  judged: Judged | undefined;
  called: Called | undefined;
  name: string;
  hand: Hand;
  until: number | undefined;
  onDraw: (stroke: [ms: number, value: number][]) => void;
  onMark: (from: number, to: number) => void;
}

/** The series with the band and the calls of one detector; what is an anomaly stands as a bar with a T below. */
export function Picture({ points, judged, called, name, hand, until, onDraw, onMark }: PictureProps) {
  const columns = useMemo(() => columnsOf(points, judged, called), [points.value, judged, called]);
  const truth = useMemo(() => saidOf(points), [points.truth]);
  const [first = 0, last = first] = [points.ts_ms[0], points.ts_ms.at(-1)];
  const said = called ? `with the band and the calls of ${name}` : "before detectors have seen it";
  return (
    <figure data-testid="lab-chart" class={`hand-${hand}`}>
      <ChartKey more="T: an anomaly, as people said, the file says or it was planted" />
      <Chart
        columns={columns}
        revisions={NONE}
        anomalies={NO_ANOMALIES}
        labels={truth}
        from={first}
        to={Math.max(last, first + 1_000)}
        height={280}
        label={`${points.name}, ${said}`}
        {...(until !== undefined ? { until } : {})}
        {...(hand === "draw" ? { onDraw } : {})}
        {...(hand === "mark" ? { onSpan: onMark } : {})}
      />
      <Rows columns={columns} />
    </figure>
  );
}

const NONE = { ts_ms: [], value: [] };
const NO_ANOMALIES: [] = [];

function columnsOf(points: Points, judged: Judged | undefined, called: Called | undefined): Columns {
  const { ts_ms, value, n } = points;
  const buckets = called && bucketsOf(points, called);
  const of = (column: (number | null)[] | undefined): (number | null)[] =>
    ts_ms.map((_, i) => column?.[buckets?.[i] ?? 0] ?? null);
  return {
    ts_ms,
    value,
    n: n ?? ts_ms.map(() => null),
    expected: of(called?.expected),
    lower: of(called?.lower),
    upper: of(called?.upper),
    score: of(called?.score),
    verdict: ts_ms.map((_, i) => (!called || !judged ? "" : judged.calls[i] ? "anomaly" : "in band")),
    model: ts_ms.map(() => (called && judged ? judged.model : "")),
  };
}

function saidOf({ ts_ms, truth }: Points): Said[] {
  return spansOf(truth).map(([from, to]) => ({
    id: `${from} ${to}`,
    label: "true",
    from_ms: ts_ms[from] ?? 0,
    to_ms: ts_ms[to + 1] ?? ts_ms[to] ?? 0,
  }));
}
