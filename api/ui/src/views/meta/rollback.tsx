import { useState } from "preact/hooks";
import { change } from "../../api";
import { Ask, LinkOut } from "../../dialog";
import { TextField } from "../../fields";
import { useDoing, useRefresh, useZone } from "../../hooks";
import { count } from "../../numbers";
import { Moment, Trouble } from "../../parts";
import { link } from "../../place";
import { fieldOf, momentOf } from "../../time";
import type { Changed, RolledBack } from "./shapes";

const SHOWN = 50;

export function FreezeForm({ onClose }: { onClose: () => void }) {
  const [reason, setReason] = useState("");
  return (
    <Ask title="Freeze models" does="Freeze" onClose={onClose} work={() => change("POST", "meta/freeze", { reason })}>
      <p>Learning passes change no models of metrics that have one, until somebody unfreezes. Watching goes on.</p>
      <TextField name="Why" value={reason} onValue={setReason} />
    </Ask>
  );
}

export function Thaw() {
  const { busy, problem, run } = useDoing();
  const refresh = useRefresh();
  const thaw = async (): Promise<void> => {
    if (await run(() => change("POST", "meta/unfreeze"))) refresh();
  };
  return (
    <>
      <button type="button" data-testid="unfreeze" disabled={busy} onClick={() => void thaw()}>
        Unfreeze models
      </button>
      <Trouble problem={problem} />
    </>
  );
}

interface RollBackProps {
  since: number;
  family: string;
  onClose: () => void;
}

/** What a roll-back would give back is shown before it can be done. */
export function RollBackForm(props: RollBackProps) {
  const zone = useZone();
  const [since, setSince] = useState(fieldOf(props.since, zone));
  const [family, setFamily] = useState(props.family);
  const [tried, setTried] = useState<Changed[]>();
  const [done, setDone] = useState(false);
  const since_ms = momentOf(since, zone);
  const work = async (): Promise<void> => {
    const body = { since_ms, family: family || null, dry_run: tried === undefined };
    const answer = await change<RolledBack>("POST", "meta/rollback", body);
    setTried(answer.items);
    setDone(!answer.dry_run);
  };
  const edit =
    (set: (text: string) => void) =>
    (text: string): void => {
      set(text);
      setTried(undefined);
    };
  if (done) {
    return (
      <Ask title="Rolled back" does="Close" onClose={props.onClose} work={() => Promise.resolve()}>
        <p data-testid="rolled-back">
          {count(tried?.length ?? 0, "metric")} live by what they had before. Passes keep that until their contests are
          opened again: <code>watchkeeper meta reopen</code>, or on each series.
        </p>
      </Ask>
    );
  }
  const many = tried?.length ?? 0;
  return (
    <Ask
      title="Roll back"
      does={tried === undefined ? "Show what it would change" : `Give ${count(many, "metric")} back`}
      ready={since_ms !== null && (tried === undefined || many > 0)}
      onClose={props.onClose}
      work={work}
      stays
      wide
    >
      <p>Metrics get back exactly what the newest change by a learning pass replaced, if that was made since then.</p>
      <TextField name="Since" type="datetime-local" value={since} onValue={edit(setSince)} required />
      <TextField name="To or from this family only" value={family} onValue={edit(setFamily)} />
      {tried !== undefined && <Tried items={tried} />}
    </Ask>
  );
}

function Tried({ items }: { items: Changed[] }) {
  if (items.length === 0) return <p data-testid="dry-run">No pass has changed the models of a metric since then.</p>;
  return (
    <div data-testid="dry-run">
      <table class="list">
        <thead>
          <tr>
            <th>Series</th>
            <th>Changed</th>
            <th>Lives by</th>
            <th>Would live by</th>
          </tr>
        </thead>
        <tbody>
          {items.slice(0, SHOWN).map((one) => (
            <tr key={one.id}>
              <td class="c-title">
                <LinkOut href={link("series", one.id)}>{one.series}</LinkOut>
              </td>
              <td>
                <Moment ms={one.at_ms} />
                {one.changes > 1 && <span class="muted"> the newest of {one.changes}</span>}
              </td>
              <td data-label="now">{one.after.champion}</td>
              <td data-label="then">{one.before.champion}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {items.length > SHOWN && <p class="muted">and {items.length - SHOWN} more</p>}
    </div>
  );
}
