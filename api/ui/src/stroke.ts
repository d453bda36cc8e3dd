import type uPlot from "uplot";

/** Calls back with the line that a press and a pull drew, in time and value; it is seen while it is drawn. */
export function onStroke(plot: uPlot, told: (stroke: [ms: number, value: number][]) => void): () => void {
  let stroke: [number, number][] | undefined;
  const { over, ctx, bbox } = plot;
  const at = (event: PointerEvent): [number, number] => {
    const frame = over.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  const down = (event: PointerEvent): void => {
    stroke = [at(event)];
    over.setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  const move = (event: PointerEvent): void => {
    const before = stroke?.at(-1);
    if (!stroke || !before) return;
    const now = at(event);
    stroke.push(now);
    ctx.save();
    ctx.strokeStyle = getComputedStyle(over).color;
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left + before[0] * devicePixelRatio, bbox.top + before[1] * devicePixelRatio);
    ctx.lineTo(bbox.left + now[0] * devicePixelRatio, bbox.top + now[1] * devicePixelRatio);
    ctx.stroke();
    ctx.restore();
  };
  const up = (): void => {
    const line = stroke ?? [];
    stroke = undefined;
    if (line.length > 1) told(line.map(([x, y]) => [1_000 * plot.posToVal(x, "x"), plot.posToVal(y, "y")]));
  };
  over.addEventListener("pointerdown", down);
  over.addEventListener("pointermove", move);
  over.addEventListener("pointerup", up);
  return () => {
    over.removeEventListener("pointerdown", down);
    over.removeEventListener("pointermove", move);
    over.removeEventListener("pointerup", up);
  };
}

/** What covers a chart from a time on. */
export function veilOf(plot: uPlot): (fromMs: number | undefined) => void {
  const veil = document.createElement("div");
  veil.className = "veil";
  plot.over.append(veil);
  return (fromMs) => {
    veil.hidden = fromMs === undefined;
    if (fromMs !== undefined) veil.style.left = `${Math.max(0, plot.valToPos(fromMs / 1_000, "x"))}px`;
  };
}
