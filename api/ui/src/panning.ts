// Moving a chart along its time: by Shift and a drag, by a finger, by a wheel that goes sideways or Shift and a wheel.
// It is drawn once a frame, with the values that are there; others are asked for when it has come to rest.
import uPlot from "uplot";

const REST_MS = 250;
const KEY_PART = 0.1;

/** Does a press begin a move, and not what a drag does otherwise? */
export function moves(event: MouseEvent): boolean {
  return event.shiftKey || ("pointerType" in event && event.pointerType === "touch");
}

export interface Panning {
  /** One step along by the keyboard: -1 or 1. */
  step: (by: number) => void;
  stop: () => void;
}

/** Lets a chart, and those that share its cursor, be moved; ``held`` while it moves, ``told`` where it rests. */
export function panning(
  plot: uPlot,
  sync: string | undefined,
  held: (on: boolean) => void,
  told: (from: number, to: number) => void,
): Panning {
  const { over } = plot;
  let span: [number, number] | undefined;
  let began: { x: number; min: number; max: number } | undefined;
  let frame = 0;
  let rest: ReturnType<typeof setTimeout> | undefined;

  const now = (): [number, number] => {
    const { min, max } = plot.scales["x"] ?? {};
    return span ?? [min ?? 0, max ?? 1];
  };
  const draw = (): void => {
    frame = 0;
    if (!span) return;
    const [min, max] = span;
    for (const one of sync ? uPlot.sync(sync).plots : [plot]) one.setScale("x", { min, max });
  };
  const to = (min: number, max: number): void => {
    if (!span) held(true);
    span = [min, max];
    frame ||= requestAnimationFrame(draw);
  };
  const settle = (): void => {
    clearTimeout(rest);
    if (!span) return;
    if (frame) cancelAnimationFrame(frame);
    draw();
    const [min, max] = span;
    span = undefined;
    held(false);
    told(Math.round(min * 1000), Math.round(max * 1000));
  };
  const by = (share: number): void => {
    const [min, max] = now();
    to(min + share * (max - min), max + share * (max - min));
    clearTimeout(rest);
    rest = setTimeout(settle, REST_MS);
  };
  const down = (event: PointerEvent): void => {
    if (!moves(event) || event.button !== 0) return;
    const [min, max] = now();
    began = { x: event.clientX, min, max };
    over.setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  const move = (event: PointerEvent): void => {
    if (!began) return;
    const far = ((began.x - event.clientX) / (over.clientWidth || 1)) * (began.max - began.min);
    if (far !== 0) to(began.min + far, began.max + far);
  };
  const up = (): void => {
    if (began) settle();
    began = undefined;
  };
  const wheel = (event: WheelEvent): void => {
    const far = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (far === 0) return;
    event.preventDefault();
    by(far / (over.clientWidth || 1));
  };
  over.addEventListener("pointerdown", down);
  over.addEventListener("pointermove", move);
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
  over.addEventListener("wheel", wheel, { passive: false });
  return {
    step: (one) => by(one * KEY_PART),
    stop: () => {
      clearTimeout(rest);
      cancelAnimationFrame(frame);
      if (span) held(false);
      over.removeEventListener("pointerdown", down);
      over.removeEventListener("pointermove", move);
      over.removeEventListener("pointerup", up);
      over.removeEventListener("pointercancel", up);
      over.removeEventListener("wheel", wheel);
    },
  };
}
