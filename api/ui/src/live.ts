// Server-sent events of /api/v1/events. EventSource reconnects by itself unless the server answered
// with an error; then this starts a new one.

export interface IncidentChange {
  id: string;
  state: string;
}

const AGAIN_MS = 3_000;

export function listen(onIncident: (change: IncidentChange) => void, onLink: (up: boolean) => void): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  const connect = (): void => {
    source = new EventSource("/api/v1/events");
    source.onopen = () => onLink(true);
    source.onerror = () => {
      onLink(false);
      if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(connect, AGAIN_MS);
    };
    source.addEventListener("incident", (event) => {
      try {
        onIncident(JSON.parse((event as MessageEvent<string>).data) as IncidentChange);
      } catch {
        // an event of another version: the next poll brings what it told
      }
    });
  };
  connect();
  return () => {
    window.clearTimeout(timer);
    source?.close();
  };
}
