import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colours, drawChanges, drawLabels, drawMarks, drawRevisions, drawSpans, type Said } from "./drawing";
import { useDark, useZone } from "./hooks";
import { linesOf, plotted, readout, TIMES } from "./lines";
import { number } from "./numbers";
import { moves, panning, type Panning } from "./panning";
import { onStroke, veilOf } from "./stroke";
import type { Anomaly, Change, Columns, Revisions } from "./shapes";

const HEIGHT = 176;
const MOVED_PX = 4;

export interface ChartProps {
  columns: Columns;
  revisions: Revisions;
  anomalies: Anomaly[];
  changes?: Change[];
  labels?: Said[];
  from: number;
  to: number;
  label: string;
  /** Charts of one name share cursor and zoom. */
  sync?: string;
  /** CSS pixels. */
  height?: number;
  /** A value was clicked, or chosen with the arrow keys and Enter. */
  onPick?: (ms: number) => void;
  /** A span was dragged; without it, dragging zooms. */
  onSpan?: (from: number, to: number) => void;
  /** The chart was zoomed into a span, or with null out to all; without it, it zooms by itself. */
  onZoom?: (span: [number, number] | null) => void;
  /** A line was drawn over it; while this is there, dragging does nothing else. */
  onDraw?: (stroke: [ms: number, value: number][]) => void;
  /** What the challenger expected, an entry a row of the columns. */
  rival?: (number | null)[] | undefined;
  /** What comes from this time on is covered. */
  until?: number;
}

interface Hands {
  tell: (at: number | null) => void;
  /** A hand is on the chart, or has left it. */
  hold: (on: boolean) => void;
  props: () => ChartProps;
}

function options(props: ChartProps, zone: string, width: number, hands: Hands): uPlot.Options {
  const look = colours();
  const axis: uPlot.Axis = {
    stroke: look.text,
    grid: { stroke: look.grid, width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const zooms = !props.onSpan && !props.onZoom && !props.onDraw;
  return {
    width,
    height: props.height ?? HEIGHT,
    pxAlign: 0,
    padding: [10, 24, 0, 0], // room for half of what stands at the last tick
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    legend: { show: false },
    cursor: {
      y: false,
      ...(props.sync ? { sync: { key: props.sync, setSeries: false } } : {}),
      drag: { x: !props.onDraw, y: false, setScale: zooms },
      bind: {
        mousedown: (_, __, press) => (event) => (moves(event) ? null : press(event)),
        ...(props.onZoom ? { dblclick: () => () => (hands.props().onZoom?.(null), null) } : {}),
      },
      points: { size: 6 },
    },
    scales: { x: { time: true, range: (_, min, max) => [min ?? props.from / 1000, max ?? props.to / 1000] } },
    axes: [
      { ...axis, size: 38, gap: 9, values: TIMES },
      { ...axis, size: 58, gap: 4, values: (_, ticks) => ticks.map((tick) => number(tick)) },
    ],
    series: linesOf(props.columns, !!props.rival, look),
    bands: [{ series: [1, 2], fill: look.band }],
    hooks: {
      drawAxes: [(plot) => drawSpans(plot, props.anomalies, props.columns, look)],
      draw: [
        (plot) => drawMarks(plot, props.columns, look),
        (plot) => drawRevisions(plot, props.revisions, look),
        (plot) => drawChanges(plot, props.changes ?? [], look),
        (plot) => drawLabels(plot, props.labels ?? [], props.to, look),
      ],
      setCursor: [(plot) => hands.tell(plot.cursor.idx ?? null)],
      setSelect: zooms ? [] : [(plot) => selected(plot, hands.props())],
    },
  };
}

/** What a dragged span leads to; it is taken off the chart again. */
function selected(plot: uPlot, props: ChartProps): void {
  const { left, width } = plot.select;
  if (width < MOVED_PX) return;
  const [from, to] = [left, left + width].map((x) => Math.round(plot.posToVal(x, "x") * 1000)) as [number, number];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (props.onSpan) props.onSpan(from, to);
  else props.onZoom?.([from, to]);
}

/** Moves the cursor by rows, within the span that is drawn. */
function stepTo(plot: uPlot, columns: Columns, at: number | null, by: number): void {
  const [first, last] = plot.series[0]?.idxs ?? [0, columns.ts_ms.length - 1];
  const i = Math.min(last, Math.max(first, at === null ? (by > 0 ? first : last) : at + by));
  const value = columns.value[i] ?? columns.expected[i] ?? 0;
  plot.setCursor({ left: plot.valToPos((columns.ts_ms[i] ?? 0) / 1000, "x"), top: plot.valToPos(value, "y") });
}

/** Value, expected line, band and anomalies of one series over one window of time. */
export function Chart(current: ChartProps) {
  // While a hand moves or marks it the chart stays as it was: news is drawn when the hand is gone.
  const [held, setHeld] = useState<ChartProps | null>(null);
  const props = held ?? current;
  const zone = useZone();
  const dark = useDark();
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const newest = useRef(props);
  newest.current = current;
  const [at, setAt] = useState<number | null>(null);
  const zoom = useRef<[number, number] | null>(null);
  const cover = useRef<((from: number | undefined) => void) | null>(null);
  const along = useRef<Panning | null>(null);
  const { columns } = props;
  // The lists are new ones at each load; only what changed in them is a reason to draw anew.
  const marks = [
    ...props.anomalies.map(({ id, peak_ms, end_ms }) => `${id} ${peak_ms} ${end_ms}`),
    ...(props.changes ?? []).map(({ id }) => id),
    ...(props.labels ?? []).map(({ id }) => id),
  ].join();

  useEffect(() => {
    const place = host.current;
    if (!place) return;
    const hold = (on: boolean): void => setHeld((before) => (on ? (before ?? newest.current) : null));
    const hands = { tell: setAt, hold, props: () => newest.current };
    const plot = new uPlot(options(props, zone, place.clientWidth || 600, hands), plotted(props.columns, props.rival), place);
    drawn.current = plot;
    const whole: [number, number] = [props.from / 1000, props.to / 1000];
    const [min, max] = zoom.current ?? whole;
    plot.setScale("x", { min, max });
    const watcher = new ResizeObserver(() => {
      if (place.clientWidth > 0 && place.clientWidth !== plot.width) {
        plot.setSize({ width: place.clientWidth, height: plot.height });
      }
    });
    watcher.observe(place);
    const forget = onClick(plot, (x) => {
      const i = plot.posToIdx(x);
      const ms = columns.ts_ms[i];
      if (ms !== undefined) newest.current.onPick?.(ms);
    });
    const pan = props.onDraw
      ? null
      : panning(plot, props.sync, hold, (begin, end) => newest.current.onZoom?.([begin, end]));
    along.current = pan;
    const letGo = onPress(plot, hold);
    const undraw = props.onDraw ? onStroke(plot, (stroke) => newest.current.onDraw?.(stroke)) : undefined;
    cover.current = veilOf(plot);
    cover.current(newest.current.until);
    return () => {
      undraw?.();
      letGo();
      pan?.stop();
      along.current = null;
      // kept over a drawing anew, so that news does not take a close look away
      const { min: left, max: right } = plot.scales["x"] ?? {};
      const near = 0.02 * (whole[1] - whole[0]);
      const moved = left != null && right != null && Math.abs(left - whole[0]) + Math.abs(right - whole[1]) > near;
      zoom.current = moved && !props.onZoom ? [left, right] : null;
      watcher.disconnect();
      forget();
      plot.destroy();
      drawn.current = null;
      setAt(null);
    };
  }, [columns, props.rival, marks, props.from, props.to, props.sync, zone, dark, !!props.onSpan, !!props.onDraw]);
  useEffect(() => cover.current?.(current.until), [current.until]);

  const pressed = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -24, PageDown: 24 }[event.key];
    const ms = at === null ? undefined : columns.ts_ms[at];
    if (event.shiftKey && (by === -1 || by === 1) && along.current) along.current.step(by);
    else if (by !== undefined && drawn.current) stepTo(drawn.current, columns, at, by);
    else if (event.key === "Enter" && ms !== undefined) props.onPick?.(ms);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div
        ref={host}
        class={props.height ? "chart chart-tall" : "chart"}
        data-testid="chart"
        role="img"
        tabIndex={0}
        aria-label={props.label}
        onKeyDown={pressed}
      />
      <p class="readout" aria-live="polite">
        {at === null ? "\u00a0" : readout(columns, props.rival, at, zone)}
      </p>
    </>
  );
}

/** Tells when the main button goes down on the chart, and when it is let go of anywhere. */
function onPress(plot: uPlot, told: (on: boolean) => void): () => void {
  let pressed = false;
  const release = (): void => {
    if (pressed) told(false);
    pressed = false;
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    pressed = true;
    told(true);
  };
  const up = (): void => void setTimeout(release); // what else listens to this release comes first
  plot.over.addEventListener("pointerdown", down);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, up);
  return () => {
    plot.over.removeEventListener("pointerdown", down);
    for (const end of ["pointerup", "pointercancel"]) removeEventListener(end, up);
    release();
  };
}

/** Calls back for a press that did not drag, with its place in CSS pixels from the left. */
function onClick(plot: uPlot, told: (x: number) => void): () => void {
  let began = 0;
  const down = (event: MouseEvent): void => void (began = event.clientX);
  const up = (event: MouseEvent): void => {
    if (event.button === 0 && !event.shiftKey && Math.abs(event.clientX - began) < MOVED_PX) {
      told(event.clientX - plot.over.getBoundingClientRect().left);
    }
  };
  plot.over.addEventListener("mousedown", down);
  plot.over.addEventListener("mouseup", up);
  return () => {
    plot.over.removeEventListener("mousedown", down);
    plot.over.removeEventListener("mouseup", up);
  };
}

export function ChartKey({ more, rival }: { more?: string; rival?: string | undefined }) {
  return (
    <ul class="key" aria-label="What the charts show">
      <li><i class="key-value" /> value</li>
      <li><i class="key-expected" /> expected</li>
      {rival && <li><i class="key-rival" /> expected by the challenger, {rival}</li>}
      <li><i class="key-band" /> band</li>
      <li><i class="key-span" /> anomaly, with ▲▼ on its values</li>
      <li>○ came too late to count</li>
      <li>◆ a change</li>
      <li class="hint">{more ?? "drag to zoom, Shift and drag to move, double-click to see all"}</li>
    </ul>
  );
}
