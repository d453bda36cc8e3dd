import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Anomaly, Columns, Revisions } from "./api";
import { useDark, useZone } from "./hooks";
import { number } from "./numbers";
import { momentWithOffset } from "./time";

const HEIGHT = 168;
const FLAGGED = new Set(["anomaly", "static bound"]);

interface Colours {
  text: string;
  grid: string;
  value: string;
  expected: string;
  band: string;
  alarm: string;
  shade: string;
}

function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("muted"),
    grid: of("line"),
    value: of("value"),
    expected: of("expected"),
    band: of("band"),
    alarm: of("alarm"),
    shade: of("shade"),
  };
}

/** The time window of an anomaly, open ones up to the last observation; of a drift only its report. */
function span(anomaly: Anomaly, columns: Columns): [number, number] {
  const last = columns.ts_ms.at(-1) ?? anomaly.peak_ms;
  const from = anomaly.kind === "absorbed drift" ? anomaly.peak_ms : anomaly.onset_ms;
  return [from, Math.max(anomaly.end_ms ?? last, anomaly.peak_ms)];
}

/** Shades the spans and rules their edges, so that they are seen without colour too. */
function drawSpans(plot: uPlot, anomalies: Anomaly[], columns: Columns, look: Colours): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const anomaly of anomalies) {
    const [from, to] = span(anomaly, columns).map((ms) => plot.valToPos(ms / 1000, "x", true)) as [number, number];
    const width = Math.max(to - from, 2 * devicePixelRatio);
    ctx.fillStyle = look.shade;
    ctx.fillRect(from, bbox.top, width, bbox.height);
    ctx.strokeStyle = look.alarm;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    for (const x of [from, from + width]) {
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
    }
    ctx.stroke();
  }
  ctx.restore();
}

/** A triangle on each flagged observation, pointing the way it went. */
function drawMarks(plot: uPlot, columns: Columns, look: Colours): void {
  const { ctx } = plot;
  const size = 4.5 * devicePixelRatio;
  const { min, max } = plot.scales["x"] ?? {};
  ctx.save();
  ctx.fillStyle = look.alarm;
  columns.verdict.forEach((verdict, i) => {
    const value = columns.value[i];
    const seconds = (columns.ts_ms[i] ?? 0) / 1000;
    if (!FLAGGED.has(verdict) || value === null || value === undefined) return;
    if (min == null || max == null || seconds < min || seconds > max) return;
    const x = plot.valToPos(seconds, "x", true);
    const y = plot.valToPos(value, "y", true);
    const up = value >= (columns.expected[i] ?? value) ? 1 : -1;
    ctx.beginPath();
    ctx.moveTo(x, y - up * size);
    ctx.lineTo(x - size, y + up * size);
    ctx.lineTo(x + size, y + up * size);
    ctx.fill();
  });
  ctx.restore();
}

/** A ring on each sample that came too late to count. */
function drawRevisions(plot: uPlot, revisions: Revisions, look: Colours): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = look.text;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  revisions.ts_ms.forEach((ms, i) => {
    const value = revisions.value[i];
    if (value == null) return;
    ctx.beginPath();
    ctx.arc(plot.valToPos(ms / 1000, "x", true), plot.valToPos(value, "y", true), 3.5 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.stroke();
  });
  ctx.restore();
}

export interface ChartProps {
  columns: Columns;
  revisions: Revisions;
  anomalies: Anomaly[];
  from: number;
  to: number;
  label: string;
  /** Charts of one name share cursor and zoom. */
  sync?: string;
  /** CSS pixels. */
  height?: number;
}

function options(props: ChartProps, zone: string, width: number, tell: (at: number | null) => void): uPlot.Options {
  const look = colours();
  const axis: uPlot.Axis = {
    stroke: look.text,
    grid: { stroke: look.grid, width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const hidden = { points: { show: false }, stroke: "transparent", width: 0 };
  return {
    width,
    height: props.height ?? HEIGHT,
    pxAlign: 0,
    padding: [8, 8, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    legend: { show: false },
    cursor: {
      y: false,
      ...(props.sync ? { sync: { key: props.sync, setSeries: false } } : {}),
      drag: { x: true, y: false, setScale: true },
      points: { size: 6 },
    },
    scales: { x: { time: true, range: (_, min, max) => [min ?? props.from / 1000, max ?? props.to / 1000] } },
    axes: [
      { ...axis, size: 30, gap: 3, values: TIMES },
      { ...axis, size: 58, gap: 4, values: (_, ticks) => ticks.map((tick) => number(tick)) },
    ],
    series: [
      {},
      { ...hidden, label: "upper" },
      { ...hidden, label: "lower" },
      { label: "expected", stroke: look.expected, width: 1, dash: [5, 4], points: { show: false } },
      { label: "value", stroke: look.value, width: 1.5, points: { show: false } },
    ],
    bands: [{ series: [1, 2], fill: look.band }],
    hooks: {
      drawAxes: [(plot) => drawSpans(plot, props.anomalies, props.columns, look)],
      draw: [
        (plot) => drawMarks(plot, props.columns, look),
        (plot) => drawRevisions(plot, props.revisions, look),
      ],
      setCursor: [(plot) => tell(plot.cursor.idx ?? null)],
    },
  };
}

const DAY = 86_400;
// Year-month-day order and 24 hours everywhere, as in the rest of the page.
const TIMES: uPlot.Axis.Values = [
  [365 * DAY, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * DAY, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [DAY, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [3_600, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

function plotted(columns: Columns): uPlot.AlignedData {
  const seconds = columns.ts_ms.map((ms) => ms / 1000);
  return [seconds, columns.upper, columns.lower, columns.expected, columns.value] as uPlot.AlignedData;
}

function readout(columns: Columns, i: number, zone: string): string {
  const words = [
    momentWithOffset(columns.ts_ms[i] ?? 0, zone),
    `value ${number(columns.value[i])}`,
    `expected ${number(columns.expected[i])}`,
    `band ${number(columns.lower[i])} … ${number(columns.upper[i])}`,
    `score ${number(columns.score[i])}`,
    columns.verdict[i] ?? "",
  ];
  if (columns.n[i] != null) words.splice(2, 0, `n ${number(columns.n[i])}`);
  return words.filter(Boolean).join(" · ");
}

/** Value, expected line, band and anomalies of one series over one window of time. */
export function Chart(props: ChartProps) {
  const zone = useZone();
  const dark = useDark();
  const host = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const zoom = useRef<[number, number] | null>(null);
  const { columns } = props;
  // The list is a new one at each load; only a changed anomaly is a reason to draw anew.
  const marks = props.anomalies.map(({ id, peak_ms, end_ms }) => `${id} ${peak_ms} ${end_ms}`).join();

  useEffect(() => {
    const place = host.current;
    if (!place) return;
    const plot = new uPlot(options(props, zone, place.clientWidth || 600, setAt), plotted(columns), place);
    const whole: [number, number] = [props.from / 1000, props.to / 1000];
    const [min, max] = zoom.current ?? whole;
    plot.setScale("x", { min, max });
    const watcher = new ResizeObserver(() => {
      if (place.clientWidth > 0 && place.clientWidth !== plot.width) {
        plot.setSize({ width: place.clientWidth, height: plot.height });
      }
    });
    watcher.observe(place);
    return () => {
      // kept over a drawing anew, so that news does not take a close look away
      const { min: left, max: right } = plot.scales["x"] ?? {};
      const zoomed = left != null && right != null && right - left < 0.98 * (whole[1] - whole[0]);
      zoom.current = zoomed ? [left, right] : null;
      watcher.disconnect();
      plot.destroy();
    };
  }, [columns, marks, props.from, props.to, props.sync, zone, dark]);

  return (
    <>
      <div ref={host} class={props.height ? "chart chart-tall" : "chart"} data-testid="chart" role="img" aria-label={props.label} />
      <p class="readout" aria-hidden="true">
        {at === null ? "\u00a0" : readout(columns, at, zone)}
      </p>
    </>
  );
}

export function ChartKey() {
  return (
    <ul class="key" aria-label="What the charts show">
      <li><i class="key-value" /> value</li>
      <li><i class="key-expected" /> expected</li>
      <li><i class="key-band" /> band</li>
      <li><i class="key-span" /> anomaly, with ▲▼ on its values</li>
      <li>○ came too late to count</li>
      <li class="hint">drag to zoom, double-click to see all</li>
    </ul>
  );
}
