import { get } from "../../api";
import { useLoad, useMay, useMe, useTick, useTitle } from "../../hooks";
import { count } from "../../numbers";
import { Fact, Moment, Notice, State, Trouble } from "../../parts";
import { link } from "../../place";
import { Opens } from "../settings/confirm";
import { Figures } from "./figures";
import { FreezeForm, RollBackForm, Thaw } from "./rollback";
import type { Meta, MetaIncident } from "./shapes";

/** Watchkeeper itself: how it does by its own series, what is wrong, and the way back. */
export function MetaView() {
  const tick = useTick();
  const { data, problem } = useLoad(`meta/${tick}`, (signal) => get<Meta>("meta", {}, signal));
  useTitle("Watchkeeper itself");
  return (
    <main data-testid="meta-view">
      <h1>Watchkeeper itself</h1>
      <Trouble problem={problem} />
      {data === undefined && !problem && <p class="muted">Loading…</p>}
      {data !== undefined && <Detail meta={data} />}
    </main>
  );
}

function Detail({ meta }: { meta: Meta }) {
  return (
    <>
      {!meta.enabled && (
        <Notice kind="plain">
          Its own series are switched off: the setting <code>meta.enabled</code>.
        </Notice>
      )}
      <Models meta={meta} />
      <h2>Open meta-incidents</h2>
      {meta.incidents.length === 0 ? (
        <p data-testid="no-meta-incidents">None: nothing of what it measures of itself is unusual.</p>
      ) : (
        <Open items={meta.incidents} />
      )}
      <Figures items={meta.figures} />
    </>
  );
}

function Models({ meta }: { meta: Meta }) {
  const may = useMay("config") && useMe()?.team == null;
  const since = Math.min(...meta.incidents.map((one) => one.incident.start_ms), Date.now()) - 86_400_000;
  const family = meta.incidents.find((one) => one.cause_kind === "family")?.cause ?? "";
  return (
    <>
      <dl class="facts" data-testid="meta-facts">
        <Fact name="Models">{meta.frozen ?? "learning passes may change them"}</Fact>
        <Fact name="Version">{meta.version}</Fact>
        {meta.heartbeat_ms !== null && (
          <Fact name="Last heartbeat">
            <Moment ms={meta.heartbeat_ms} />
          </Fact>
        )}
        {meta.heartbeat_trouble !== null && <Fact name="No heartbeat">{meta.heartbeat_trouble}</Fact>}
      </dl>
      {may && (
        <p class="buttons">
          {meta.frozen === null ? (
            <Opens name="Freeze models…" testId="freeze" dialog={(close) => <FreezeForm onClose={close} />} />
          ) : (
            <Thaw />
          )}
          <Opens
            name="Roll back…"
            testId="roll-back"
            dialog={(close) => <RollBackForm since={since} family={family} onClose={close} />}
          />
        </p>
      )}
    </>
  );
}

function Open({ items }: { items: MetaIncident[] }) {
  return (
    <table class="list" data-testid="meta-incidents">
      <thead>
        <tr>
          <th>What</th>
          <th>State</th>
          <th>Cause</th>
          <th>Metrics hit</th>
          <th>Changed in the day before</th>
          <th>Since</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.incident.id}>
            <td class="c-title">
              <a href={link("incident", one.incident.id)} data-row>
                <b>{one.headline}</b>
              </a>
            </td>
            <td>
              <State state={one.incident.state} />
            </td>
            <td data-label="cause">
              {one.cause_kind} {one.cause}
            </td>
            <td data-label="hit">{one.hit > 0 ? count(one.hit, "metric") : "–"}</td>
            <td data-label="changed">
              {one.changes.length === 0 ? "nothing told" : one.changes.map((change) => change.title).join("; ")}
            </td>
            <td data-label="since">
              <Moment ms={one.incident.start_ms} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
