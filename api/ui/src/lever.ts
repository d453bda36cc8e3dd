import { useEffect, useState } from "preact/hooks";
import { useSettled } from "./hooks";
import { useAsked, whole } from "./place";

/** Where a lever stands; it goes into the address once it stands still. */
export function useLever(name: string, first: number, least: number, most: number): [number, (value: number) => void] {
  const [asked, change] = useAsked();
  const there = Math.min(most, Math.max(least, whole(asked(name)) ?? first));
  const [value, setValue] = useState(there);
  const settled = useSettled(value);
  useEffect(() => {
    if (settled !== there && settled === value) change({ [name]: settled === first ? undefined : settled });
  }, [settled]);
  return [value, setValue];
}

/** Keeps a value in the address once it stands still. */
export function useKept(name: string, value: string | number | undefined): void {
  const [, change] = useAsked();
  const settled = useSettled(value);
  useEffect(() => change({ [name]: settled }), [settled]);
}
