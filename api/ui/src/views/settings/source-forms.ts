// What is asked for of each kind of source: the keys of the file of sources, as they are written there.

/** How a field's text becomes a value: as it is, parts between commas, name=value pairs, or JSON. */
export type Shape = "text" | "list" | "pairs" | "json";

export interface SourceField {
  key: string;
  name: string;
  shape: Shape;
  begins?: string;
  hint?: string;
  required?: boolean;
}

const EVERY: SourceField = { key: "every", name: "Asked every", shape: "text", hint: "15s, 1m, 1h" };
const TAGS: SourceField = { key: "tags", name: "Tags of every series", shape: "pairs", hint: "site=north" };
const TOKEN: SourceField = {
  key: "token",
  name: "Token",
  shape: "text",
  hint: "named, as env:WATCHKEEPER_SECRET_… or file:NAME, and never given",
};
const BUCKET: SourceField = { key: "bucket", name: "Bucket", shape: "text", begins: "1m", required: true };
const BACKFILL: SourceField = { key: "backfill", name: "Begin so far back", shape: "text", hint: "7d; empty: one bucket" };
const REREAD: SourceField = { key: "reread", name: "Read again so far back", shape: "text", hint: "10m; for what comes late" };

export const SOURCE_FORMS: Readonly<Record<string, readonly SourceField[]>> = {
  scrape: [
    { key: "targets", name: "Targets", shape: "list", hint: "host:port, by commas" },
    { key: "dns", name: "Names", shape: "list", hint: "name:port; each of its addresses is a target" },
    { key: "path", name: "Path", shape: "text", hint: "/metrics" },
    EVERY,
    TAGS,
    { key: "relabel", name: "Rules", shape: "json", hint: '[{"action": "drop", "tag": "__name__", "matches": "go_.*"}]' },
    TOKEN,
  ],
  promql: [
    { key: "url", name: "Server", shape: "text", begins: "http://", required: true },
    { key: "query", name: "Expressions", shape: "json", begins: '[{"metric": "", "expr": ""}]', required: true },
    BUCKET,
    BACKFILL,
    REREAD,
    TAGS,
    TOKEN,
  ],
  sql: [
    { key: "url", name: "Database", shape: "text", begins: "env:WATCHKEEPER_SECRET_", required: true, hint: "a secret is named, and never given" },
    { key: "query", name: "SELECT", shape: "text", required: true },
    { key: "time", name: "Column of the time", shape: "text", required: true },
    { key: "time_type", name: "Which is", shape: "text", hint: "timestamp, iso_text, epoch_s or epoch_ms" },
    { key: "tags", name: "Columns that are tags", shape: "list" },
    { key: "kpi", name: "Computed", shape: "json", begins: '[{"metric": "", "compute": "count"}]', required: true },
    BUCKET,
    BACKFILL,
    REREAD,
  ],
  table: [
    { key: "url", name: "Database", shape: "text", begins: "env:WATCHKEEPER_SECRET_", required: true, hint: "a secret is named, and never given" },
    { key: "table", name: "Table", shape: "text", required: true, hint: "orders, or schema.orders" },
    { key: "time", name: "Column of the time", shape: "text", required: true },
    { key: "time_type", name: "Which is", shape: "text", hint: "timestamp, iso_text, epoch_s or epoch_ms" },
    { key: "tags", name: "Columns that are tags", shape: "list" },
    { key: "ignore", name: "Columns that are not watched", shape: "list" },
    { key: "kinds", name: "What columns hold", shape: "pairs", hint: "plan=enum; empty: as it is found" },
    BUCKET,
    BACKFILL,
    REREAD,
  ],
  files: [
    { key: "path", name: "File, folder or pattern", shape: "text", begins: "/", required: true },
    { key: "tags", name: "Columns that are tags", shape: "list", hint: "empty: all columns of text" },
    { key: "zone", name: "Zone of times without one", shape: "text", hint: "UTC" },
    EVERY,
  ],
  kafka: [
    { key: "brokers", name: "Brokers", shape: "list", required: true, hint: "host:port, by commas" },
    { key: "topics", name: "Topics", shape: "list", required: true },
    { key: "group", name: "Consumer group", shape: "text", hint: "watchkeeper" },
    { key: "format", name: "Messages are", shape: "text", hint: "ndjson, json or influx" },
  ],
  mlflow: [
    { key: "uri", name: "Address", shape: "text", required: true, hint: "http://…, sqlite:///… or env:…" },
    { key: "experiments", name: "Experiments", shape: "list", hint: "none: all" },
    { key: "run_tags", name: "Tags of runs", shape: "list" },
    { key: "verdicts", name: "Verdicts are written back as tags", shape: "json", hint: "true or false" },
    EVERY,
  ],
  host: [EVERY, TAGS],
};

/** A value as it stands in its field. */
export function textOf(shape: Shape, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (shape === "list" && Array.isArray(value)) return value.join(", ");
  if (shape === "pairs" && typeof value === "object") {
    return Object.entries(value).map(([name, one]) => `${name}=${String(one)}`).join(", ");
  }
  return shape === "json" ? JSON.stringify(value, null, 1) : String(value);
}

/** A field's text as its value. Throws where it is none. */
export function valueOf(shape: Shape, text: string): unknown {
  const parts = text.split(",").map((one) => one.trim()).filter(Boolean);
  if (shape === "list") return parts;
  if (shape === "json") return JSON.parse(text) as unknown;
  if (shape === "text") return text.trim();
  return Object.fromEntries(
    parts.map((one) => {
      const [name = "", ...rest] = one.split("=");
      return [name.trim(), rest.join("=").trim()];
    }),
  );
}
