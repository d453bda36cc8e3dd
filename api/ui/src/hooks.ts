import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";
import type { Me } from "./shapes";

/** The chosen zone; a number that grows when something changed on the server, and a way to make it grow. */
export const Zone = createContext("UTC");
export const Tick = createContext(0);
export const Refresh = createContext<() => void>(() => undefined);
export const Who = createContext<Me | undefined>(undefined);
export const useZone = (): string => useContext(Zone);
export const useTick = (): number => useContext(Tick);
export const useRefresh = (): (() => void) => useContext(Refresh);
export const useMe = (): Me | undefined => useContext(Who);

/** Whether whoever reads may do what needs this scope. */
export function useMay(scope: "feedback" | "silence" | "config" | "admin"): boolean {
  return useMe()?.scopes.includes(scope) ?? false;
}

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
}

export function problemOf(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(String(error), -1);
}

/** Loads when `key` changes; the last answer stays while the next is on its way. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ data: undefined, problem: undefined });
  useEffect(() => {
    const control = new AbortController();
    load(control.signal).then(
      (data) => control.signal.aborted || setLoaded({ data, problem: undefined }),
      (error: unknown) => {
        if (control.signal.aborted) return;
        setLoaded((before) => ({ data: before.data, problem: problemOf(error) }));
      },
    );
    return () => control.abort();
  }, [key]);
  return loaded;
}

export interface Doing {
  busy: boolean;
  problem: Problem | undefined;
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** One change at a time: whether it is on its way, and what went wrong. `run` says whether it went well. */
export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const there = useRef(true);
  useEffect(() => () => void (there.current = false), []);
  const run = useCallback(async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      if (there.current) setProblem(problemOf(error));
      return false;
    } finally {
      if (there.current) setBusy(false);
    }
  }, []);
  return { busy, problem, run };
}

/** A value as it was once it stood still for so long. */
export function useSettled<T>(value: T, pauseMs = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), pauseMs);
    return () => window.clearTimeout(timer);
  }, [value, pauseMs]);
  return settled;
}

/** The tick, but no more often than every so many milliseconds: for what is large to load. */
export function useSlowTick(everyMs: number): number {
  const tick = useTick();
  const [slow, setSlow] = useState(tick);
  const since = useRef(0);
  useEffect(() => {
    if (tick === slow) return;
    const wait = Math.max(0, since.current + everyMs - Date.now());
    const timer = window.setTimeout(() => {
      since.current = Date.now();
      setSlow(tick);
    }, wait);
    return () => window.clearTimeout(timer);
  }, [tick, slow, everyMs]);
  return slow;
}

/** True while the system prefers dark; charts are drawn anew when it changes. */
export function useDark(): boolean {
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const changed = (): void => setDark(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return dark;
}

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Watchkeeper` : "Watchkeeper";
  }, [title]);
}
