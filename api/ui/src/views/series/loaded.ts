// A series with its values and what is said of it, loaded together and apart.
import { useMemo } from "preact/hooks";
import { get, part } from "../../api";
import { type Loaded as UseLoaded, useLoad, useSlowTick, useTick } from "../../hooks";
import type { Anomaly, JournalEntry, Label, Observations, Page, Series } from "../../shapes";

export const POINTS = 10_000;
const VALUES_MS = 15_000;

interface Said {
  series: Series;
  anomalies: Anomaly[];
  labels: Label[];
  journal: JournalEntry[];
}

export interface Loaded extends Said {
  observations: Observations;
}

async function said(id: string, signal: AbortSignal): Promise<Said> {
  const [series, anomalies, labels, journal] = await Promise.all([
    get<Series>(`series/${part(id)}`, {}, signal),
    get<Page<Anomaly>>("anomalies", { series: id, limit: 200 }, signal),
    get<Page<Label>>("labels", { series: id, limit: 200 }, signal),
    get<{ entries: JournalEntry[] }>(`series/${part(id)}/journal`, {}, signal),
  ]);
  return { series, anomalies: anomalies.items, labels: labels.items, journal: journal.entries };
}

/** Its values, which are many, are loaded anew at most every so often; what is said of it at once. */
export function useSeries(id: string, from: number | undefined, to: number | undefined): UseLoaded<Loaded> {
  const tick = useTick();
  const slow = useSlowTick(VALUES_MS);
  const span = { from_ms: from, to_ms: to, max_points: POINTS, whole: "true" };
  const values = useLoad(`${id}/${from}/${to}/${slow}`, (signal) =>
    get<Observations>(`series/${part(id)}/observations`, span, signal),
  );
  const beside = useLoad(`${id}/${tick}`, (signal) => said(id, signal));
  const data = useMemo(
    () => values.data && beside.data && { observations: values.data, ...beside.data },
    [values.data, beside.data],
  );
  return { data, problem: values.problem ?? beside.problem };
}

/** Are fewer values there than the span has? */
export function thinned({ buckets, columns }: Observations): boolean {
  return buckets !== null && buckets > columns.ts_ms.length;
}
