// The lines of a chart: which there are, where they break, and how their numbers read.
import type uPlot from "uplot";
import type { Colours } from "./drawing";
import { number } from "./numbers";
import type { Columns } from "./shapes";
import { momentWithOffset } from "./time";

const BREAK = 4;

const DAY = 86_400;
// Year-month-day order and 24 hours everywhere, as in the rest of the page.
export const TIMES: uPlot.Axis.Values = [
  [365 * DAY, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * DAY, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [DAY, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [3_600, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

type Rival = (number | null)[] | undefined;

export function plotted(columns: Columns, rival: Rival): uPlot.AlignedData {
  const seconds = columns.ts_ms.map((ms) => ms / 1000);
  const lines = [columns.upper, columns.lower, columns.expected, columns.value, ...(rival ? [rival] : [])];
  return [seconds, ...lines] as uPlot.AlignedData;
}

export function readout(columns: Columns, rival: Rival, i: number, zone: string): string {
  const words = [
    momentWithOffset(columns.ts_ms[i] ?? 0, zone),
    `value ${number(columns.value[i])}`,
    `expected ${number(columns.expected[i])}`,
    rival && `challenger ${number(rival[i])}`,
    `band ${number(columns.lower[i])} … ${number(columns.upper[i])}`,
    `score ${number(columns.score[i])}`,
    columns.verdict[i] ?? "",
  ];
  if (columns.n[i] != null) words.splice(2, 0, `n ${number(columns.n[i])}`);
  return words.filter(Boolean).join(" · ");
}

/** Where nothing came for several usual steps a line breaks: rows from which on it does. */
function breaks(ts_ms: number[]): boolean[] {
  const steps = ts_ms.slice(1).map((ms, i) => ms - (ts_ms[i] ?? ms));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(0.75 * steps.length)] ?? 0;
  return steps.map((step) => step > BREAK * usual);
}

/** Band, expectation, value and, if there is one, the challenger's line. */
export function linesOf(columns: Columns, rival: boolean, look: Colours): uPlot.Series[] {
  const broken = breaks(columns.ts_ms);
  const gaps: uPlot.Series.GapsRefiner = (plot, _, first, last, nulls) => {
    const found = [...nulls];
    const place = (i: number): number => Math.round(plot.valToPos((columns.ts_ms[i] ?? 0) / 1000, "x", true));
    for (let i = Math.max(0, first - 1); i < last; i += 1) {
      if (broken[i] && place(i + 1) > place(i)) found.push([place(i), place(i + 1)]);
    }
    return merged(found);
  };
  const alone = columns.ts_ms.flatMap((_, i) => (cut(broken, i - 1, columns.value[i - 1]) && cut(broken, i, columns.value[i + 1]) ? [i] : []));
  const none = { points: { show: false }, gaps };
  const hidden = { ...none, stroke: "transparent", width: 0 };
  const dots = { show: true, size: 3, fill: look.value, filter: () => alone };
  return [
    {},
    { ...hidden, label: "upper" },
    { ...hidden, label: "lower" },
    { ...none, label: "expected", stroke: look.expected, width: 1, dash: [5, 4] },
    { ...none, label: "value", stroke: look.value, width: 1.5, points: dots },
    ...(rival ? [{ ...none, label: "challenger", stroke: look.rival, width: 1.5, dash: [2, 2] }] : []),
  ];
}

function merged(gaps: uPlot.Series.Gap[]): uPlot.Series.Gap[] {
  const found: uPlot.Series.Gap[] = [];
  for (const [from, to] of gaps.sort(([a], [b]) => a - b)) {
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

/** Does the line end between a row and its neighbour? */
function cut(broken: boolean[], step: number, neighbour: number | null | undefined): boolean {
  return broken[step] !== false || neighbour == null;
}
