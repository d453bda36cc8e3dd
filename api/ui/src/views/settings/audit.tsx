import { useState } from "preact/hooks";
import { get } from "../../api";
import { useLoad, useTick } from "../../hooks";
import { Moment, personName, Trouble } from "../../parts";
import type { Page } from "../../shapes";
import { Listed } from "./listed";
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
      <Listed testId="audit" heads={["When", "Who", "What", "Of", "Before and after"]} items={data?.items} none="Nothing yet.">
        {(entry) => (
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
        )}
      </Listed>
      {data?.next && limit < 1_000 && (
        <button type="button" onClick={() => setLimit(limit + PAGE)}>
          Show more
        </button>
      )}
    </>
  );
}
