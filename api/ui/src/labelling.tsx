import { useState } from "preact/hooks";
import { change } from "./api";
import { Ask } from "./dialog";
import { TextField } from "./fields";
import { useLoad, useZone } from "./hooks";
import { Pieces } from "./parts";
import { type Outcome, rehearse, rehearses, RehearsalView } from "./rehearsal";
import type { Incident, Label, Saying } from "./shapes";
import { fieldOf, momentOf } from "./time";

/** What may be said, with what each means. */
const MEANING: Record<Saying, string> = {
  true: "it was real, and worth knowing",
  "false alarm": "nothing was wrong: the like should stay quiet",
  expected: "an event that was known: a holiday, a deployment, a test",
  "new normal": "it stays like this: learn the new level now",
  "wrong group": "these do not belong together",
  "wrong severity": "real, but not so urgent, or more so",
};
const OF_SPANS: readonly Saying[] = ["true", "false alarm", "expected"];

interface SayingsProps {
  of: readonly Saying[];
  said: Saying | undefined;
  onSaid: (said: Saying) => void;
}

function Sayings({ of, said, onSaid }: SayingsProps) {
  return (
    <fieldset class="pick" data-testid="sayings">
      <legend>What it was</legend>
      {of.map((one, i) => (
        <label class="check" key={one}>
          <input
            type="radio"
            name="saying"
            value={one}
            checked={said === one}
            autofocus={i === 0}
            onChange={() => onSaid(one)}
          />
          <span>
            <b>{one}</b> <span class="muted">{MEANING[one]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Setting a label in two steps where the server rehearses it: what it would change is seen first. */
function useSaying(body: Record<string, unknown>, said: Saying | undefined) {
  const { data: can } = useLoad("rehearses", rehearses);
  const [seen, setSeen] = useState<{ of: string; outcome: Outcome }>();
  const of = JSON.stringify([body, said]);
  const outcome = seen?.of === of ? seen.outcome : undefined;
  const first = can === true && outcome === undefined;
  const work = async (note: string): Promise<void> => {
    const label = { ...body, label: said, note };
    if (first) setSeen({ of, outcome: await rehearse(label) });
    else await change<Label>("POST", "labels", label);
  };
  const sets = said ? `Label it “${said}”` : "Label";
  return { outcome, work, stays: first, known: can !== undefined, does: first ? "See what it would change" : sets };
}

/** Says what an incident, or one of its anomalies, was. */
export function LabelDialog({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const [said, setSaid] = useState<Saying>();
  const [note, setNote] = useState("");
  const [anomaly, setAnomaly] = useState("");
  const target = anomaly ? { anomaly } : { incident: incident.id };
  const chosen = incident.members.find((one) => one.id === anomaly);
  const all = Object.keys(MEANING) as Saying[];
  const of = chosen ? { name: "anomaly", start_ms: chosen.onset_ms } : { name: "incident", start_ms: incident.start_ms };
  const { outcome, work, stays, known, does } = useSaying(target, said);
  return (
    <Ask
      title="Label"
      does={does}
      onClose={onClose}
      ready={said !== undefined && known}
      stays={stays}
      work={() => work(note)}
    >
      <Sayings of={all} said={said} onSaid={setSaid} />
      <div class="field">
        <label for="label-of">Of</label>
        <select id="label-of" value={anomaly} onChange={(event) => setAnomaly(event.currentTarget.value)}>
          <option value="">the whole incident</option>
          {incident.members.map((one) => (
            <option key={one.id} value={one.id}>
              {one.series}: {one.kind}
            </option>
          ))}
        </select>
        {chosen && chosen.labels.length > 0 && (
          <small class="muted">
            so far <Pieces items={chosen.labels} />
          </small>
        )}
      </div>
      <TextField name="Note" value={note} onValue={setNote} />
      {outcome && <RehearsalView outcome={outcome} of={of} />}
    </Ask>
  );
}

interface SpanProps {
  series: string;
  from: number;
  to: number;
  onClose: () => void;
}

/** Says what a span of a series was, whether anything was noticed in it or not. */
export function SpanDialog({ series, from, to, onClose }: SpanProps) {
  const zone = useZone();
  const [said, setSaid] = useState<Saying>();
  const [note, setNote] = useState("");
  const [first, setFirst] = useState(fieldOf(from, zone));
  const [last, setLast] = useState(fieldOf(to, zone));
  const span = { from_ms: momentOf(first, zone), to_ms: momentOf(last, zone) };
  const fits = span.from_ms !== null && span.to_ms !== null && span.to_ms > span.from_ms;
  const { outcome, work, stays, known, does } = useSaying({ series, ...span }, said);
  return (
    <Ask
      title="Label a span"
      does={does}
      onClose={onClose}
      ready={said !== undefined && fits && known}
      stays={stays}
      work={() => work(note)}
    >
      <p class="muted">Also one that nobody noticed: “true” tells that something was missed.</p>
      <div class="pair">
        <TextField name="From" type="datetime-local" value={first} onValue={setFirst} hint={zone} />
        <TextField name="Until" type="datetime-local" value={last} onValue={setLast} hint={zone} />
      </div>
      <Sayings of={OF_SPANS} said={said} onSaid={setSaid} />
      <TextField name="Note" value={note} onValue={setNote} />
      {outcome && <RehearsalView outcome={outcome} />}
    </Ask>
  );
}
