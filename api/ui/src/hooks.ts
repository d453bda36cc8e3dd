import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { Problem } from "./api";

/** The chosen zone, and a number that grows when something changed on the server. */
export const Zone = createContext("UTC");
export const Tick = createContext(0);
export const useZone = (): string => useContext(Zone);
export const useTick = (): number => useContext(Tick);

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
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
        const problem = error instanceof Problem ? error : new Problem(String(error), -1);
        setLoaded((before) => ({ data: before.data, problem }));
      },
    );
    return () => control.abort();
  }, [key]);
  return loaded;
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
