import { get, part } from "../../api";
import { useLoad, useTick } from "../../hooks";
import { Moment, Trouble } from "../../parts";
import { link } from "../../place";
import type { Correspondence, Incident } from "../../shapes";

/** What was told of the incident to whom, and what was not, with the reason. */
export function Told({ incident }: { incident: Incident }) {
  const tick = useTick();
  const { data, problem } = useLoad(`${incident.id}/${tick}`, (signal) =>
    get<Correspondence>(`incidents/${part(incident.id)}/notices`, {}, signal),
  );
  return (
    <section data-testid="told">
      <h2>Who was told</h2>
      <Trouble problem={problem} />
      {data && data.notices.length === 0 && <p class="muted">Nobody so far.</p>}
      {data && data.notices.length > 0 && <Notices told={data} />}
      {data && data.withheld.length > 0 && (
        <>
          <h3>Not told</h3>
          <ul class="withheld">
            {data.withheld.map((one, i) => (
              <li key={i}>
                <Moment ms={one.at_ms} />: {one.why} <span class="muted">route {one.route}</span>
                {one.by && (
                  <>
                    {" "}
                    <a href={link("incident", one.by)}>the other incident</a>
                  </>
                )}
                {one.incident_id !== incident.id && (
                  <>
                    {" "}
                    <a href={link("incident", one.incident_id)}>another incident, silenced by this one</a>
                  </>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Notices({ told }: { told: Correspondence }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Notices">
      <table>
        <thead>
          <tr>
            <th>decided</th>
            <th>receiver</th>
            <th>what</th>
            <th>state</th>
            <th>answer</th>
            <th>route</th>
          </tr>
        </thead>
        <tbody>
          {told.notices.map((one) => (
            <tr key={one.sequence}>
              <td>
                <Moment ms={one.at_ms} />
              </td>
              <td>{one.receiver}</td>
              <td>{[one.kind, ...one.changed].join(", ")}</td>
              <td>
                {one.state}
                {one.attempts > 1 && <span class="muted"> after {one.attempts} tries</span>}
              </td>
              <td>{one.answer || "–"}</td>
              <td>{one.route}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
