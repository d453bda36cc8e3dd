import type { ComponentChildren } from "preact";
import { change, part } from "../../api";
import { useDoing, useMay, useRefresh } from "../../hooks";
import { count } from "../../numbers";
import { Moment, personName, Trouble } from "../../parts";
import type { Act, Incident, Label, Step } from "../../shapes";

interface Entry {
  key: string;
  at_ms: number;
  who: string;
  what: ComponentChildren;
  note: string;
  undo: string | null;
  undone: string | null;
}

const DID: Record<Act["verb"], string> = {
  acknowledge: "took it",
  comment: "said",
  merge: "merged another incident with it",
  split: "split members off",
  move: "moved anomalies into it",
};

function ofAct(act: Act): Entry {
  const { id, at_ms, user, verb, others, comment, undone_by } = act;
  const many = verb === "split" || verb === "move" ? ` (${others.length})` : "";
  const what = `${DID[verb]}${many}`;
  return { key: id, at_ms, who: personName(user), what, note: comment, undo: `acts/${part(id)}/undo`, undone: undone_by };
}

function ofLabel(label: Label): Entry {
  const { id, at_ms, user, note, undone_by } = label;
  const of = label.kind === "incident" ? "it" : label.kind === "anomaly" ? "an anomaly" : "a span of a series";
  const what = (
    <>
      labelled {of} <b>{label.label}</b>
      {label.conflict && <span class="muted"> (people differ)</span>}
    </>
  );
  return { key: id, at_ms, who: personName(user), what, note, undo: `labels/${part(id)}/undo`, undone: undone_by };
}

function ofStep(step: Step, i: number): Entry {
  const what = `${step.kind} with ${count(step.member_count, "anomaly", "anomalies")}, score ${step.score.toFixed(0)}`;
  return { key: `step ${i}`, at_ms: step.at_ms, who: "", what, note: "", undo: null, undone: null };
}

const DAY = 86_400_000;

/** Was the step taken long after all was over? */
function late(step: Step, { end_ms }: Incident): boolean {
  return step.kind === "opened" && end_ms !== null && step.at_ms > end_ms + DAY;
}

/** What became of the incident, near it, and what people did to it and said of it, by time. */
export function Story({ incident }: { incident: Incident }) {
  const taken = incident.acts.some((act) => act.verb === "acknowledge"); // which tells of that step, and by whom
  const entries: Entry[] = [
    ...incident.steps.filter((step) => step.kind !== "acknowledged" || !taken).map(ofStep),
    ...incident.changes.map((one) => ({
      ...{ key: one.id, at_ms: one.at_ms, who: "", what: `◆ ${one.kind}: ${one.title}` },
      ...{ note: "", undo: null, undone: null },
    })),
    ...incident.acts.map(ofAct),
    ...incident.labels.map(ofLabel),
  ];
  entries.sort((a, b) => a.at_ms - b.at_ms);
  return (
    <section>
      <h2>Timeline</h2>
      <ol class="story" data-testid="story">
        {entries.map((entry) => (
          <Line key={entry.key} entry={entry} />
        ))}
      </ol>
      {incident.steps.some((one) => late(one, incident)) && (
        <p class="muted">
          It was noticed in history that was read in: its steps stand at the time to which samples had come by then.
        </p>
      )}
      {entries.length === 0 && <p class="muted">Nothing yet.</p>}
    </section>
  );
}

function Line({ entry }: { entry: Entry }) {
  const may = useMay("feedback");
  const refresh = useRefresh();
  const { busy, problem, run } = useDoing();
  const undo = async (): Promise<void> => {
    if (entry.undo && (await run(() => change("POST", entry.undo ?? "")))) refresh();
  };
  return (
    <li class={entry.undone === null ? "" : "undone"}>
      <Moment ms={entry.at_ms} /> {entry.who && <b>{entry.who} </b>}
      {entry.what}
      {entry.note && <q class="note">{entry.note}</q>}
      {entry.undone !== null && <span class="muted"> taken back by {personName(entry.undone)}</span>}
      {entry.undo && entry.undone === null && may && (
        <>
          {" "}
          <button type="button" class="small" disabled={busy} onClick={() => void undo()}>
            take back
          </button>
        </>
      )}
      <Trouble problem={problem} />
    </li>
  );
}
