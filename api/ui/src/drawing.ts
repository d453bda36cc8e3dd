// What is painted over a chart's lines: spans, marks, late samples, changes and labels. Each has a form of its own, so
// that it is told apart without colours.
import type uPlot from "uplot";
import type { Anomaly, Change, Columns, Label, Revisions, Saying } from "./shapes";

const FLAGGED = new Set(["anomaly", "static bound"]);

/** What of a label a chart shows. */
export type Said = Pick<Label, "id" | "label" | "from_ms" | "to_ms">;

export interface Colours {
  text: string;
  grid: string;
  value: string;
  expected: string;
  rival: string;
  band: string;
  alarm: string;
  shade: string;
  ground: string;
}

export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("muted"),
    grid: of("line"),
    value: of("value"),
    expected: of("expected"),
    rival: of("rival"),
    band: of("band"),
    alarm: of("alarm"),
    shade: of("shade"),
    ground: of("raised"),
  };
}

/** The time window of an anomaly, open ones up to the last observation; of a drift only its report. */
function span(anomaly: Anomaly, columns: Columns): [number, number] {
  const last = columns.ts_ms.at(-1) ?? anomaly.peak_ms;
  const from = anomaly.kind === "absorbed drift" ? anomaly.peak_ms : anomaly.onset_ms;
  return [from, Math.max(anomaly.end_ms ?? last, anomaly.peak_ms)];
}

/** Shades the spans and rules their edges, so that they are seen without colour too. */
export function drawSpans(plot: uPlot, anomalies: Anomaly[], columns: Columns, look: Colours): void {
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
export function drawMarks(plot: uPlot, columns: Columns, look: Colours): void {
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
export function drawRevisions(plot: uPlot, revisions: Revisions, look: Colours): void {
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

/** A dotted rule with a diamond on top for each change that was told of. */
export function drawChanges(plot: uPlot, changes: Change[], look: Colours): void {
  const { ctx, bbox } = plot;
  const size = 4 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = look.text;
  ctx.fillStyle = look.text;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([devicePixelRatio, 3 * devicePixelRatio]);
  for (const { at_ms } of changes) {
    const x = plot.valToPos(at_ms / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - size);
    ctx.lineTo(x + size, bbox.top);
    ctx.lineTo(x, bbox.top + size);
    ctx.lineTo(x - size, bbox.top);
    ctx.fill();
  }
  ctx.restore();
}

/** Of a label the letter that stands on the axis. */
export const LETTERS: Record<Saying, string> = {
  true: "T",
  "false alarm": "F",
  expected: "E",
  "new normal": "N",
  "wrong group": "G",
  "wrong severity": "S",
};

/** A bar with its letter on the time axis for each label that holds. */
export function drawLabels(plot: uPlot, labels: Said[], until_ms: number, look: Colours): void {
  const { ctx, bbox } = plot;
  const height = 13 * devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left"; // the axes leave another one behind
  for (const { label, from_ms, to_ms } of labels) {
    const from = plot.valToPos(from_ms / 1000, "x", true);
    const width = Math.max(plot.valToPos((to_ms ?? until_ms) / 1000, "x", true) - from, height);
    ctx.fillStyle = look.ground;
    ctx.fillRect(from, bottom - height, width, height);
    ctx.strokeStyle = look.value;
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeRect(from, bottom - height, width, height - devicePixelRatio);
    ctx.fillStyle = look.value;
    ctx.fillText(LETTERS[label], from + 3 * devicePixelRatio, bottom - height / 2);
  }
  ctx.restore();
}
