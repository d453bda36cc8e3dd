import { change } from "../../api";
import type { Called, Detector, Points } from "./shapes";

export interface Run {
  points: Points;
  detectors: readonly Detector[];
  called: Called[];
}

/** What each detector called, at the server. */
export async function tried(points: Points, detectors: readonly Detector[]): Promise<Run> {
  const { series, ts_ms, value, n } = points;
  const { detectors: called } = await change<{ detectors: Called[] }>("POST", "lab", { series, ts_ms, value, n, detectors });
  return { points, detectors, called };
}
