// How samples come to this server, as lines to paste. `origin` is its address.

export interface Snippet {
  name: string;
  about: string;
  text: string;
}

export function snippets(origin: string, nowMs: number): Snippet[] {
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
        `curl -X POST ${origin}/api/v1/samples -H 'Content-Type: application/json' \\\n` +
        `  -d '{"samples": [{"metric": "orders", "tags": {"shop": "north"}, ` +
        `"timestamp": ${nowMs}, "value": 42}]}'`,
    },
    { name: "File", about: "A whole CSV or Parquet file:", text: `watchkeeper ingest FILE --url ${origin}` },
  ];
}
