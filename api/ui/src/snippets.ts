// How samples come to this server, as lines to paste. `origin` is its address; `guarded` where it asks for a token.

export interface Snippet {
  name: string;
  about: string;
  text: string;
}

export function snippets(origin: string, guarded: boolean, nowMs: number): Snippet[] {
  const bearer = guarded ? ` -H 'Authorization: Bearer TOKEN'` : "";
  return [
    {
      name: "Demo",
      about: "A year of real flights through the whole system, on a server of its own:",
      text: "watchkeeper demo",
    },
    {
      name: "curl",
      about: "A first sample to this server:",
      text:
        `curl -X POST ${origin}/api/v1/samples -H 'Content-Type: application/json'${bearer} \\\n` +
        `  -d '{"samples": [{"metric": "orders", "tags": {"shop": "north"}, ` +
        `"timestamp": ${nowMs}, "value": 42}]}'`,
    },
    {
      name: "File",
      about: "A whole CSV or Parquet file:",
      text: `watchkeeper ingest FILE --url ${origin}${guarded ? " --token TOKEN" : ""}`,
    },
    {
      name: "Prometheus",
      about: "In prometheus.yml, by remote-write:",
      text:
        `remote_write:\n  - url: ${origin}/api/v1/write` +
        (guarded ? `\n    authorization:\n      credentials: TOKEN` : ""),
    },
    {
      name: "OpenTelemetry",
      about: "In the Collector's configuration, by OTLP over HTTP:",
      text:
        `exporters:\n  otlphttp:\n    metrics_endpoint: ${origin}/v1/metrics` +
        (guarded ? `\n    headers:\n      Authorization: Bearer TOKEN` : ""),
    },
  ];
}
