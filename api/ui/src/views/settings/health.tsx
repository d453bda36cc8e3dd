import { Bar, Fact, Moment, Notice } from "../../parts";
import { bytes, count } from "../../numbers";
import type { ShardStatus, Status } from "../../shapes";
import { duration } from "../../time";

/** An amount in the unit that a limit's name tells. */
function amount(name: string, value: number): string {
  if (/_bytes(_max)?$/.test(name)) return bytes(value);
  if (/_ms(_max)?$/.test(name)) return duration(value);
  if (/_s(_max)?$/.test(name)) return duration(1_000 * value);
  return value.toLocaleString("en", { maximumFractionDigits: 1 });
}

/** Where every shard stands, how much of each limit is used, and which receivers take nothing. */
export function Health({ status }: { status: Status | undefined }) {
  if (!status) return <p class="muted">…</p>;
  return (
    <>
      <dl class="facts">
        <Fact name="Version">{status.version}</Fact>
        <Fact name="Engine">{status.engine}</Fact>
        <Fact name="Access control">{status.auth}</Fact>
        <Fact name="Open incidents">{status.incidents_open}</Fact>
        {status.alerts && <Fact name="Notices waiting">{status.alerts.notices_waiting}</Fact>}
      </dl>
      {status.alerts?.unreachable.map((one) => (
        <Notice kind="warn" key={one.name}>
          Receiver {one.name} takes no notices since <Moment ms={one.since_ms} />: {one.trouble}
        </Notice>
      ))}
      {status.sources_trouble && <Notice kind="warn">Sources: {status.sources_trouble}</Notice>}
      {status.shards.length === 0 && <p class="muted">Shards and limits are shown to those who are bound to no team.</p>}
      {status.shards.length > 0 && <Shards shards={status.shards} />}
      {status.limits.length > 0 && <Limits limits={status.limits} />}
    </>
  );
}

function Shards({ shards }: { shards: ShardStatus[] }) {
  return (
    <>
      <h2>Shards</h2>
      <table class="list" data-testid="shards">
        <thead>
          <tr>
            <th>Shard</th>
            <th>Series</th>
            <th>Samples</th>
            <th>Lag</th>
            <th>Late</th>
            <th>Repeated</th>
            <th>Log</th>
            <th>State</th>
            <th>Event time</th>
            <th>Health</th>
          </tr>
        </thead>
        <tbody>
          {shards.map((one) => (
            <tr key={one.shard}>
              <td data-label="shard">{one.shard}</td>
              <td data-label="series">{one.series.toLocaleString("en")}</td>
              <td data-label="samples">{one.samples.toLocaleString("en")}</td>
              <td data-label="lag">{count(one.lag_samples, "sample")}</td>
              <td data-label="late">{one.late.toLocaleString("en")}</td>
              <td data-label="repeated">{(one.duplicate + one.conflict).toLocaleString("en")}</td>
              <td data-label="log">{bytes(one.log_bytes)}</td>
              <td data-label="state">{bytes(one.state_bytes)}</td>
              <td>
                <Moment ms={one.clock_ms > 0 ? one.clock_ms : null} />
              </td>
              <td>{one.log_ok && one.trouble.length === 0 ? "✓ well" : `✕ ${["log cannot be written", ...one.trouble].slice(one.log_ok ? 1 : 0).join("; ")}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Limits({ limits }: { limits: Status["limits"] }) {
  return (
    <>
      <h2>Limits</h2>
      <table class="list" data-testid="limits">
        <thead>
          <tr>
            <th>Limit</th>
            <th>Value</th>
            <th>Used</th>
            <th>Reached</th>
          </tr>
        </thead>
        <tbody>
          {limits.map((one) => (
            <tr key={one.name}>
              <td class="c-title">
                <code>{one.name}</code>
              </td>
              <td data-label="at most">{amount(one.name, one.value)}</td>
              <td data-label="used">
                {one.used === null ? (
                  "–"
                ) : (
                  <>
                    <Bar share={one.value > 0 ? one.used / one.value : 0} label={`${one.used} of ${one.value}`} />{" "}
                    {amount(one.name, one.used)}
                  </>
                )}
              </td>
              <td data-label="reached">{one.hits > 0 ? <b>{count(one.hits, "time")}</b> : "never"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
