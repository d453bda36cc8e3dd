// The server, whoever asks, pages of lists, and the learned graph.

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface ShardStatus {
  shard: number;
  appended: number;
  applied: number;
  checkpointed: number;
  lag_samples: number;
  lag_ms: number;
  series: number;
  samples: number;
  late: number;
  duplicate: number;
  conflict: number;
  log_bytes: number;
  state_bytes: number;
  clock_ms: number;
  log_ok: boolean;
  trouble: string[];
}

export interface Status {
  version: string;
  auth: string;
  engine: string;
  shards: ShardStatus[];
  limits: { name: string; value: number; used: number | null; hits: number }[];
  series: number | null;
  incidents_open: number;
  sources_trouble?: string;
  alerts: { notices_waiting: number; unreachable: { name: string; since_ms: number; trouble: string }[] } | null;
}

/** Whoever asks; `csrf` goes with every change. */
export interface Me {
  name: string;
  scopes: string[];
  team: string | null;
  csrf: string | null;
}

/** Two series that began to be anomalous together beyond chance. */
export interface Edge {
  source_id: string;
  source: string;
  target_id: string;
  target: string;
  evidence: string;
  decades: number;
  lag_ms: number;
  count: number;
  of: number;
  last_ms: number;
  text: string;
}

export interface Community {
  size: number;
  hubs: string[];
  members: string[];
}
