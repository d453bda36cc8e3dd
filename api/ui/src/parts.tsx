// Small pieces that more than one view shows. All text goes in as text nodes.
import type { ComponentChildren } from "preact";
import type { Problem } from "./api";
import type { Contributor, IncidentSummary } from "./shapes";
import { useZone } from "./hooks";
import { duration, inZone, momentWithOffset, offset, moment, until } from "./time";

export function Bar({ share, label }: { share: number; label: string }) {
  const percent = Math.max(0, Math.min(100, share * 100));
  return (
    <span class="bar" role="img" aria-label={label}>
      <span class="fill" style={{ width: `${percent}%` }} />
    </span>
  );
}

export function Score({ value }: { value: number | null }) {
  if (value === null) return <>–</>;
  return (
    <span class="score" title="score, 0 to 100">
      <Bar share={value / 100} label={`score ${value.toFixed(0)} of 100`} />
      <span class="num">{value.toFixed(0)}</span>
    </span>
  );
}

export function State({ state }: { state: string }) {
  return <span class={`state state-${/^[a-z]+$/.test(state) ? state : "other"}`}>{state}</span>;
}

export function Span({ startMs, endMs }: { startMs: number; endMs: number | null }) {
  const zone = useZone();
  const [first, last] = [startMs, endMs ?? startMs].map((ms) => offset(ms, zone));
  return (
    <span class="span">
      <time dateTime={new Date(startMs).toISOString()}>{moment(startMs, zone)}</time>
      {first !== last && <span class="muted"> {first}</span>}
      {" – "}
      {endMs === null ? "now" : <time dateTime={new Date(endMs).toISOString()}>{until(startMs, endMs, zone)}</time>}{" "}
      <span class="muted">{last}</span>
    </span>
  );
}

/** A word in a frame of its own, after a space: it begins a line where it does not fit on the one before. */
export function Tag({ children }: { children: ComponentChildren }) {
  return (
    <>
      {" "}
      <span class="tag">{children}</span>
    </>
  );
}

/** Words side by side, each in a frame of its own. */
export function Pieces({ items }: { items: string[] }) {
  return (
    <span class="pieces">
      {items.map((item) => (
        <Tag key={item}>{item}</Tag>
      ))}
    </span>
  );
}

/** Whoever did something, as people call them. */
export function personName(user: string): string {
  return user.replace(/^user:/, "");
}

export function Moment({ ms }: { ms: number | null }) {
  const zone = useZone();
  return ms === null ? <>–</> : <time dateTime={new Date(ms).toISOString()}>{momentWithOffset(ms, zone)}</time>;
}

/** A sentence of the server's: its times in the reader's zone, and no per cent sign alone on a line. */
export function Sentence({ text }: { text: string }) {
  const zone = useZone();
  return <>{inZone(text, zone).replace(/(\d) %/g, "$1\u00a0%")}</>;
}

/** What happened where: an incident's title without its times in UTC, where the reader's own stand beside it. */
export function headline(title: string): string {
  return title.replace(/ (?:since|from) \d{1,2} [A-Z][a-z]{2} \d\d:\d\d(?: to \d{1,2} [A-Z][a-z]{2} \d\d:\d\d)? UTC(?=;|$)/, "");
}

/** How long it lasted; an open one has no length yet (its data may be of another year). */
export function length(incident: IncidentSummary): string {
  return incident.end_ms === null ? "goes on" : duration(incident.end_ms - incident.start_ms);
}

export function Contributors({ items }: { items: Contributor[] }) {
  return (
    <ul class="contributors" data-testid="contributors">
      {items.map((item) => (
        <li key={`${item.tag}=${item.value}`}>
          <Bar share={item.total > 0 ? item.count / item.total : 0} label={`${item.count} of ${item.total}`} />
          <span>{item.text}</span>
        </li>
      ))}
    </ul>
  );
}

export function SeriesName({ metric, tags }: { metric: string; tags: Record<string, string> }) {
  return (
    <span class="series-name">
      <b>{metric}</b>
      {Object.entries(tags).map(([key, value]) => (
        <Tag key={key}>
          {key}={value}
        </Tag>
      ))}
    </span>
  );
}

/** One pair of a list of facts (`dl.facts`). */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Notice({ kind, children }: { kind: "warn" | "plain"; children: ComponentChildren }) {
  return (
    <p class={`notice notice-${kind}`} role="status">
      {children}
    </p>
  );
}

export function Trouble({ problem }: { problem: Problem | undefined }) {
  return problem ? (
    <div data-testid="problem">
      <Notice kind="warn">{problem.message}</Notice>
    </div>
  ) : null;
}
