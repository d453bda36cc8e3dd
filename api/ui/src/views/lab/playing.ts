import { useEffect, useRef, useState } from "preact/hooks";

const WHOLE_MS = 20_000;

export interface Playing {
  /** Points that have been played. */
  at: number;
  running: boolean;
  to: (at: number) => void;
  toggle: () => void;
  begin: () => void;
}

/** Plays so many points in twenty seconds. Whoever wants no motion sees the end at once. */
export function usePlaying(size: number): Playing {
  const [at, setAt] = useState(size);
  const [running, setRunning] = useState(false);
  const place = useRef(at);
  const to = (next: number): void => {
    place.current = Math.min(size, Math.max(0, next));
    setAt(Math.floor(place.current));
  };
  useEffect(() => {
    if (!running) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      to(place.current + ((now - before) * size) / WHOLE_MS);
      before = now;
      if (place.current >= size) setRunning(false);
      else frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [running, size]);
  const begin = (): void => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    to(still ? size : 0);
    setRunning(!still);
  };
  const toggle = (): void => {
    if (!running && place.current >= size) to(0);
    setRunning(!running);
  };
  return { at, running, to, toggle, begin };
}
