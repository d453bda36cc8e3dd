// The shapes of what is set.
import type { Selector } from "../../muting";
import type { Notice, Withheld } from "../../shapes";

export interface Hours {
  days: string[];
  from: string;
  until: string;
}

export interface RouteBody {
  receivers: string[];
  position: number;
  team: string | null;
  metrics: string[];
  tags: Record<string, string>;
  priority: string | null;
  severity: number;
  score: number;
  hours: Hours[];
  timezone: string;
  continue: boolean;
  delay_s: number;
  interval_s: number;
  repeat_s: number;
  digest: string | null;
  upstream: boolean;
  broader: string[];
  backfill: boolean;
}

export interface Route extends RouteBody {
  name: string;
}

export interface RoutePreview {
  since_ms: number;
  until_ms: number;
  count: number;
  by_receiver: Record<string, number>;
  notices: Notice[];
  withheld: Withheld[];
}

export interface Receiver {
  name: string;
  kind: string;
  settings: Record<string, unknown>;
  team: string | null;
  fallback: string;
  unreachable_since_ms: number | null;
  trouble: string;
}

export interface Mute {
  id: string;
  selector: Selector;
  text: string;
  state: string;
  start_ms: number;
  end_ms: number;
  weekly: { days: number[]; from_minute: number; minutes: number; zone: string } | null;
  notices: boolean;
  learning: boolean;
  incidents: boolean;
  author: string;
  reason: string;
}

export interface Calendar {
  id: string;
  name: string;
  source: string;
  mode: string;
  selector: Selector;
  before_minutes: number;
  after_minutes: number;
  author: string;
  spans: number;
  until_ms: number;
  next: { start_ms: number; end_ms: number; title: string }[];
}

export interface User {
  name: string;
  role: string;
  team: string | null;
  password: string | null;
  subject: string | null;
  created_ms: number;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[];
  team: string | null;
  prefix: string;
  created_ms: number;
  created_by: string;
  expires_ms: number | null;
  used_ms: number | null;
  revoked_ms: number | null;
}

export interface Team {
  name: string;
  rules: { tags: Record<string, string> }[];
}

export interface AuditEntry {
  sequence: number;
  at_ms: number;
  actor: string;
  action: string;
  object: string;
  before: unknown;
  after: unknown;
  address: string;
}

export interface Source {
  name: string;
  kind: string;
  state: "starting" | "up" | "down";
  every_ms: number;
  success_ms: number | null;
  error_ms: number | null;
  error: string;
  read_until_ms: number | null;
  newest_ms: number | null;
  samples: number;
  refused: number;
  parts: { name: string; error: string }[];
}

export interface Sources {
  items: Source[];
  trouble: string;
}

export interface DeclaredSource {
  name: string;
  kind: string;
  settings: Record<string, unknown>;
}

export interface SourcePreview {
  error: string;
  samples: number;
  series: number;
  refused: Record<string, number>;
  rows: { series: string; ts_ms: number; value: number; n: number | null }[];
}
