import { useState } from "preact/hooks";
import { change } from "../../api";
import { Dialog, LinkOut } from "../../dialog";
import { ChoiceField } from "../../fields";
import { useLoad } from "../../hooks";
import { count } from "../../numbers";
import { Bar, headline, Moment, Span, Trouble } from "../../parts";
import { link } from "../../place";
import type { RouteBody, RoutePreview } from "./shapes";

const SHOWN = 100;
const DAY = 86_400_000;
const DAYS = [
  ["1", "1 day"],
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
] as const;

interface Asked {
  /** As if this route were so; without it, the routes as they are. */
  name?: string;
  route?: RouteBody;
}

/** What the last days would have sent, decided by the code that decides live. */
export function Preview({ name, route }: Asked) {
  const [days, setDays] = useState("7");
  const body = { days: Number(days), ...(name ? { name } : {}), ...(route ? { route } : {}) };
  const key = JSON.stringify(body);
  const { data, problem } = useLoad(key, (signal) => change<RoutePreview>("POST", "routes/preview", body, signal));
  const most = Math.max(1, ...Object.values(data?.by_receiver ?? {}));
  return (
    <div data-testid="preview" role="status">
      <ChoiceField name="In the last" value={days} choices={DAYS} onValue={setDays} />
      <Trouble problem={problem} />
      {!data && !problem && <p class="muted">…</p>}
      {data && (
        <>
          <p>
            <b>{count(data.count, "notice")}</b> would have been sent, and {count(data.withheld.length, "decision")} made not
            to tell.{" "}
            <span class="muted">
              <Span startMs={data.since_ms} endMs={data.until_ms} />
              {Date.now() - data.until_ms > DAY && ", the last days of the history there is"}
            </span>
          </p>
          <ul class="contributors">
            {Object.entries(data.by_receiver).map(([receiver, sent]) => (
              <li key={receiver}>
                <Bar share={sent / most} label={`${sent} to ${receiver}`} />
                <span>
                  {sent} to {receiver}
                </span>
              </li>
            ))}
          </ul>
          <Lines found={data} />
        </>
      )}
    </div>
  );
}

function Lines({ found }: { found: RoutePreview }) {
  if (found.notices.length + found.withheld.length === 0) return null;
  return (
    <details>
      <summary>Which</summary>
      <ul class="withheld">
        {found.notices.slice(-SHOWN).map((one, i) => (
          <li key={i}>
            <Moment ms={one.at_ms} /> {one.kind} to {one.receiver}:{" "}
            {one.incident_id ? <LinkOut href={link("incident", one.incident_id)}>{headline(one.title)}</LinkOut> : one.title}
          </li>
        ))}
        {found.withheld.slice(-SHOWN).map((one, i) => (
          <li key={`withheld ${i}`} class="muted">
            <Moment ms={one.at_ms} /> not told by {one.route}: {one.why}
          </li>
        ))}
      </ul>
    </details>
  );
}

export function PreviewDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="What would have been sent" onClose={onClose} wide>
      <Preview />
      <p class="buttons">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </p>
    </Dialog>
  );
}
