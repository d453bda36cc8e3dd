import { useState } from "preact/hooks";
import { get } from "../../api";
import { useLoad, useTick } from "../../hooks";
import { Moment, personName, Trouble } from "../../parts";
import type { Page } from "../../shapes";
import type { AuditEntry } from "./shapes";

const PAGE = 100;

/** What was done by whom, the newest first. */
export function Audit() {
  const tick = useTick();
  const [limit, setLimit] = useState(PAGE);
  const { data, problem } = useLoad(`audit/${limit}/${tick}`, (signal) => get<Page<AuditEntry>>("audit", { limit }, signal));
  return (
    <>
      <Trouble problem={problem} />
      {data?.items.length === 0 && <p>Nothing yet.</p>}
      {data && data.items.length > 0 && (
        <table class="list" data-testid="audit">
          <thead>
            <tr>
              <th>When</th>
              <th>Who</th>
              <th>What</th>
              <th>Of</th>
              <th>Before and after</th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((entry) => (
              <tr key={entry.sequence}>
                <td>
                  <Moment ms={entry.at_ms} />
                </td>
                <td>
                  {personName(entry.actor)} <span class="muted">{entry.address}</span>
                </td>
                <td>{entry.action}</td>
                <td class="c-title">{entry.object}</td>
                <td class="c-title">
                  <details>
                    <summary>show</summary>
                    <pre tabIndex={0}>{JSON.stringify({ before: entry.before, after: entry.after }, null, 1)}</pre>
                  </details>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data?.next && limit < 1_000 && (
        <button type="button" onClick={() => setLimit(limit + PAGE)}>
          Show more
        </button>
      )}
    </>
  );
}
