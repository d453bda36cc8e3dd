import type { Status } from "./shapes";
import { count } from "./numbers";
import { Notice } from "./parts";
import { Person } from "./person";
import { link } from "./place";
import { browserZone, offset, zones } from "./time";

const VIEWS: readonly (readonly [view: string, name: string, here: readonly string[]])[] = [
  ["incidents", "Incidents", ["incidents", "incident"]],
  ["series", "Series", ["series"]],
  ["topology", "Topology", ["topology"]],
  ["models", "Models", ["models"]],
  ["lab", "Lab", ["lab"]],
  ["meta", "Meta", ["meta"]],
  ["settings", "Settings", ["settings"]],
];

interface HeaderProps {
  status: Status | undefined;
  up: boolean;
  here: string;
  zone: string;
  onZone: (zone: string) => void;
}

export function Header({ status, up, here, zone, onZone }: HeaderProps) {
  return (
    <header>
      <div class="top">
        <a class="brand" href="#/">
          Watchkeeper
        </a>
        <nav aria-label="Main">
          {VIEWS.map(([view, name, more]) => (
            <a key={view} href={link(view)} aria-current={more.includes(here) ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <Figures status={status} up={up} />
        <label class="zone">
          <span class="unseen">Time zone</span>
          <select value={zone} data-testid="zone" onChange={(event) => onZone(event.currentTarget.value)}>
            {zones().map((name) => (
              <option key={name} value={name}>
                {name}
                {name === browserZone ? " (browser)" : ""}
              </option>
            ))}
          </select>
          <span class="muted">{offset(Date.now(), zone)} now</span>
        </label>
        {status?.auth === "on" && <Person />}
      </div>
      {!up && (
        <div data-testid="gone">
          <Notice kind="warn">The server does not answer. What is shown may be old; trying again.</Notice>
        </div>
      )}
      {status?.shards.some((shard) => !shard.log_ok) && (
        <Notice kind="warn">An intake log cannot be written: samples are refused. See the server's log.</Notice>
      )}
      {status?.limits.some((limit) => limit.hits > 0) && (
        <Notice kind="plain">
          Limits reached:{" "}
          {status.limits
            .filter((limit) => limit.hits > 0)
            .map((limit) => `${limit.name} (${count(limit.hits, "time")})`)
            .join(", ")}
        </Notice>
      )}
      {status?.auth === "off" && (
        <div data-testid="auth-off">
          <Notice kind="plain">
            Access control is off: whoever can reach this machine's loopback address can read and write.
          </Notice>
        </div>
      )}
    </header>
  );
}

function Figures({ status, up }: { status: Status | undefined; up: boolean }) {
  if (status === undefined) return <p class="figures muted">…</p>;
  const sum = (of: (shard: Status["shards"][number]) => number): number =>
    status.shards.reduce((total, shard) => total + of(shard), 0);
  return (
    <p class="figures" data-testid="status">
      <span class={up ? "link-up" : "link-down"}>{up ? "● live" : "○ no connection"}</span>
      {status.series !== null && (
        <>
          <span class="least">{count(status.series, "series", "series")}</span>
          <span class="less">{count(sum((shard) => shard.samples), "sample")}</span>
          <span class="least" title="samples that are taken in and not judged yet">
            lag {count(sum((shard) => shard.lag_samples), "sample")}
          </span>
        </>
      )}
      <span>{status.incidents_open} open</span>
    </p>
  );
}
