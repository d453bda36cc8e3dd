// The shapes of /api/v1 that the page reads. Times are epoch milliseconds, named *_ms.

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Contributor {
  tag: string;
  value: string;
  count: number;
  total: number;
  text: string;
}

export interface Suspect {
  series_id: string;
  series: string;
  metric: string;
  tags: Record<string, string>;
  onset_ms: number;
  score: number;
  why: string;
}

export interface Anomaly {
  id: string;
  series_id: string;
  series: string;
  metric: string;
  tags: Record<string, string>;
  kind: string;
  direction: number;
  onset_ms: number;
  peak_ms: number;
  end_ms: number | null;
  score: number | null;
  value: number | null;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  buckets: number;
  incident_id: string | null;
  percent: number | null;
  unusual: string;
  judged_by: string | null;
  judged_since_ms: number | null;
  judged_since_known: boolean;
  normal: string;
}

export interface IncidentSummary {
  id: string;
  state: "pending" | "open" | "acknowledged" | "recovering" | "closed" | "expired" | "retracted" | "merged";
  priority: "P1" | "P2" | "P3" | "P4";
  reasons: string[];
  title: string;
  start_ms: number;
  end_ms: number | null;
  score: number;
  severity: number;
  kind: string;
  direction: number;
  member_count: number;
  series_count: number;
  suspects: Suspect[];
  contributors: Contributor[];
}

export interface Incident extends IncidentSummary {
  members: Anomaly[];
  merged_into?: string | null;
}

export interface Series {
  id: string;
  series: string;
  metric: string;
  tags: Record<string, string>;
  class: string | null;
  cadence_ms: number | null;
  seasons_ms: number[];
  champion: string | null;
  challenger: string | null;
  threshold: string | null;
  final_buckets: number;
  last_ms: number | null;
  stage: string;
  timezone: string | null;
}

export interface Columns {
  ts_ms: number[];
  value: (number | null)[];
  n: (number | null)[];
  expected: (number | null)[];
  lower: (number | null)[];
  upper: (number | null)[];
  score: (number | null)[];
  verdict: string[];
  model: string[];
}

/** Samples that came after their bucket was final. */
export interface Revisions {
  ts_ms: number[];
  value: (number | null)[];
}

export interface Observations {
  series: Series;
  columns: Columns;
  revisions: Revisions;
}

export interface ShardStatus {
  shard: number;
  lag_samples: number;
  samples: number;
  log_ok: boolean;
}

export interface Status {
  version: string;
  auth: string;
  engine: string;
  shards: ShardStatus[];
  limits: { name: string; value: number; used: number; hits: number }[];
  series: number | null;
  incidents_open: number;
}

/** Whoever asks; `csrf` goes with every change. */
export interface Me {
  name: string;
  team: string | null;
  csrf: string | null;
}

/** What went wrong, in the server's own words where it gave some. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | undefined>;

/** GETs one path below /api/v1; throws Problem on anything but a 2xx, status 0 where no answer came. Whoever is
    not known, or no longer, is led to the login page. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(wanted.map(([key, value]) => [key, String(value)])).toString();
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}${text ? `?${text}` : ""}`, signal ? { signal } : {});
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("The server does not answer.", 0);
  }
  if (answer.ok) return (await answer.json()) as T;
  if (answer.status === 401) location.assign("/login");
  throw new Problem(await wordsOf(answer), answer.status);
}

/** POSTs without a body, as a change of this session. */
export async function post(path: string, csrf: string | null): Promise<void> {
  const answer = await fetch(path, { method: "POST", headers: { "X-CSRF-Token": csrf ?? "" } });
  if (!answer.ok) throw new Problem(await wordsOf(answer), answer.status);
}

async function wordsOf(answer: Response): Promise<string> {
  const fallback = `The server answered ${answer.status}.`;
  try {
    const problem: unknown = await answer.json();
    const { title, detail } = problem as { title?: string; detail?: unknown };
    return [title, typeof detail === "string" ? detail : ""].filter(Boolean).join(": ") || fallback;
  } catch {
    return fallback;
  }
}
