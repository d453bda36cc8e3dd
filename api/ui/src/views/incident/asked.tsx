// What an act on an incident asks before it is done.
import { useState } from "preact/hooks";
import { change, get } from "../../api";
import { Ask } from "../../dialog";
import { TextField } from "../../fields";
import { useLoad, useSettled } from "../../hooks";
import { count } from "../../numbers";
import { headline, Moment, SeriesName, Span, State, Trouble } from "../../parts";
import type { Anomaly, Incident, IncidentSummary, Page } from "../../shapes";

const DAY = 86_400_000;
const APART_MS = 4 * DAY;

interface Asked {
  incident: Incident;
  path: string;
  onClose: () => void;
}

export function CommentDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const [text, setText] = useState("");
  return (
    <Ask
      title="Comment"
      does="Comment"
      onClose={onClose}
      ready={text.trim() !== ""}
      work={() => change("POST", `${path}/comment`, { comment: text })}
    >
      <TextField name="What is to be said" value={text} onValue={setText} lines={4} required />
    </Ask>
  );
}

/** Incidents that may be one with this one: of the same team, at most four days apart. */
async function near(incident: Incident, q: string, signal: AbortSignal): Promise<IncidentSummary[]> {
  const query = { since_ms: incident.start_ms - APART_MS, q, limit: 200 };
  const page = await get<Page<IncidentSummary>>("incidents", query, signal);
  return page.items.filter(
    (one) =>
      one.id !== incident.id && one.team === incident.team && Math.abs(one.start_ms - incident.start_ms) < APART_MS,
  );
}

export function MergeDialog({ incident, path, onClose }: Asked) {
  const [text, setText] = useState("");
  const [other, setOther] = useState("");
  const [comment, setComment] = useState("");
  const q = useSettled(text.trim());
  const { data, problem } = useLoad(`${incident.id}/${q}`, (signal) => near(incident, q, signal));
  return (
    <Ask
      title="Merge with another incident"
      does="Merge"
      onClose={onClose}
      ready={other !== ""}
      work={() => change("POST", `${path}/merge`, { other, comment })}
      wide
    >
      <p class="muted">
        The older one keeps its name, and the series of both belong together from now on. They may begin four days apart
        at most.
      </p>
      <TextField name="Title or series contains" value={text} onValue={setText} type="search" />
      <Trouble problem={problem} />
      <fieldset class="pick" data-testid="others">
        <legend>The other one</legend>
        {data?.length === 0 && <p class="muted">None that would fit.</p>}
        {data?.map((one) => (
          <label class="check" key={one.id}>
            <input type="radio" name="other" checked={other === one.id} onChange={() => setOther(one.id)} />
            <span>
              {headline(one.title)} <State state={one.state} /> <Span startMs={one.start_ms} endMs={one.end_ms} />
            </span>
          </label>
        ))}
      </fieldset>
      <TextField name="Why" value={comment} onValue={setComment} />
    </Ask>
  );
}

export function SplitDialog({ incident, path, onClose }: Asked) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [comment, setComment] = useState("");
  const founder = incident.id.replace(/^inc-/, "");
  const turn = (anomaly: Anomaly): void => {
    const after = new Set(chosen);
    if (!after.delete(anomaly.id)) after.add(anomaly.id);
    setChosen(after);
  };
  return (
    <Ask
      title="Split members off"
      does={`Split off ${count(chosen.size, "anomaly", "anomalies")}`}
      onClose={onClose}
      ready={chosen.size > 0}
      work={() => change("POST", `${path}/split`, { anomalies: [...chosen], comment })}
      wide
    >
      <p class="muted">
        What is chosen becomes an incident of its own. The incident has its name from its first member, which therefore
        stays.
      </p>
      <fieldset class="pick" data-testid="members">
        <legend>Members</legend>
        {incident.members.map((one) => (
          <label class="check" key={one.id}>
            <input
              type="checkbox"
              checked={chosen.has(one.id)}
              disabled={one.id === founder}
              onChange={() => turn(one)}
            />
            <span>
              <SeriesName metric={one.metric} tags={one.tags} />{" "}
              <span class="muted">
                {one.kind} from <Moment ms={one.onset_ms} />
              </span>
            </span>
          </label>
        ))}
      </fieldset>
      <TextField name="Why" value={comment} onValue={setComment} />
    </Ask>
  );
}
