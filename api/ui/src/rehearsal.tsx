// What a label would have changed, asked of the server before it is set: the last days scored twice in shadow.
import { change, described, Problem } from "./api";
import { count } from "./numbers";
import { Moment, Notice } from "./parts";

interface Rehearsed {
  id: string;
  series: string;
  kind: string;
  onset_ms: number;
  end_ms: number | null;
  score: number;
  confirmed: boolean;
}

export interface Rehearsal {
  from_ms: number;
  to_ms: number;
  series: number;
  vanish: Rehearsed[];
  appear: Rehearsed[];
}

const SHOWN = 20;
const CONFLICT = 409;

interface Described {
  paths: Record<string, { post?: { parameters?: { name: string }[] } }>;
}

let known: Promise<boolean> | undefined;

/** Whether the server rehearses labels. One that does not would set the label, so it must be known before. */
export function rehearses(): Promise<boolean> {
  known ??= described().then(
    (said) => (said as Described).paths["/api/v1/labels"]?.post?.parameters?.some(({ name }) => name === "dry_run") ?? false,
    () => false,
  );
  return known;
}

export interface Outcome {
  rehearsal: Rehearsal | undefined;
  /** Why it should not be set: something confirmed would vanish. */
  warning: string;
}

/** Rehearses a label. Raises Problem as any question does. */
export async function rehearse(body: unknown): Promise<Outcome> {
  try {
    return { rehearsal: await change<Rehearsal>("POST", "labels?dry_run=true&force=true", body), warning: "" };
  } catch (error) {
    if (error instanceof Problem && error.status === CONFLICT) return { rehearsal: undefined, warning: error.message };
    throw error;
  }
}

interface RehearsalProps {
  outcome: Outcome;
  /** What the label is of, and when it began. */
  of?: { name: string; start_ms: number };
}

export function RehearsalView({ outcome: { rehearsal, warning }, of }: RehearsalProps) {
  const confirmed = rehearsal?.vanish.filter((one) => one.confirmed).length ?? 0;
  const said = warning || (confirmed > 0 ? `${count(confirmed, "anomaly", "anomalies")} that people called true would vanish.` : "");
  return (
    <div class="answer" data-testid="rehearsal" role="status">
      {said && <Notice kind="warn">{said}</Notice>}
      {rehearsal && (
        <>
          <p>
            With this label, of {count(rehearsal.series, "series", "series")} since <Moment ms={rehearsal.from_ms} />:{" "}
            <b>{count(rehearsal.vanish.length, "anomaly", "anomalies")} would vanish</b> and{" "}
            <b>{count(rehearsal.appear.length, "anomaly", "anomalies")} would appear</b>.
            {of && of.start_ms < rehearsal.from_ms && ` The ${of.name} began before that, so it is not among them.`}
          </p>
          <Lines name="Would vanish" items={rehearsal.vanish} />
          <Lines name="Would appear" items={rehearsal.appear} />
        </>
      )}
    </div>
  );
}

function Lines({ name, items }: { name: string; items: Rehearsed[] }) {
  if (items.length === 0) return null;
  return (
    <details>
      <summary>{name}</summary>
      <ul class="withheld">
        {items.slice(0, SHOWN).map((one) => (
          <li key={one.id}>
            {one.series}: {one.kind} <Moment ms={one.onset_ms} />, score {one.score.toFixed(0)}
            {one.confirmed && <b> called true</b>}
          </li>
        ))}
        {items.length > SHOWN && <li class="muted">and {items.length - SHOWN} more</li>}
      </ul>
    </details>
  );
}
