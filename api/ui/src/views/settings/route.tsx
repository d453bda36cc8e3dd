import { useState } from "preact/hooks";
import { change, part } from "../../api";
import { Ask } from "../../dialog";
import { CheckField, ChoiceField, listOf, pairsOf, TextField, textOf } from "../../fields";
import { useMe } from "../../hooks";
import { Preview } from "./preview";
import type { Hours, Route, RouteBody } from "./shapes";

const EMPTY: Route = {
  name: "",
  receivers: [],
  position: 100,
  team: null,
  metrics: [],
  tags: {},
  priority: null,
  severity: 0,
  score: 0,
  hours: [],
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
  continue: false,
  delay_s: 30,
  interval_s: 300,
  repeat_s: 14_400,
  digest: null,
  upstream: true,
  broader: [],
  backfill: false,
};
const PRIORITIES = [
  ["", "any priority"],
  ["P1", "P1 only"],
  ["P2", "P2 or more urgent"],
  ["P3", "P3 or more urgent"],
  ["P4", "P4 or more urgent"],
] as const;
const DIGESTS = [
  ["", "one by one"],
  ["day", "all of a day together"],
  ["week", "all of a week together"],
] as const;

/** "mon,tue 08:00-18:00", one a line, both ways; a line that cannot be read is left to the server to refuse. */
function hoursOf(text: string): Hours[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter(Boolean).map((line) => {
    const [days = "", span = "00:00-24:00"] = line.split(/\s+/);
    const [from = "00:00", until = "24:00"] = span.split(/[-–]/);
    return { days: listOf(days.toLowerCase()), from, until };
  });
}

function hoursText(hours: Hours[]): string {
  return hours.map((one) => `${one.days.join(",")} ${one.from}-${one.until}`).join("\n");
}

interface RouteProps {
  route?: Route;
  receivers: string[];
  onClose: () => void;
}

/** A route as a form, with what it would have sent. */
export function RouteDialog({ route, receivers, onClose }: RouteProps) {
  const team = useMe()?.team ?? null;
  const [draft, setDraft] = useState<Route>(route ?? { ...EMPTY, team });
  const [metrics, setMetrics] = useState(draft.metrics.join("\n"));
  const [tags, setTags] = useState(textOf(draft.tags));
  const [hours, setHours] = useState(hoursText(draft.hours));
  const [previewed, setPreviewed] = useState<{ name: string; route: RouteBody }>();
  const put = (changes: Partial<Route>): void => setDraft({ ...draft, ...changes });
  const { name, ...rest } = draft;
  const body: RouteBody = { ...rest, metrics: listOf(metrics), tags: pairsOf(tags), hours: hoursOf(hours) };
  const isDefault = name === "default";
  return (
    <Ask
      title={route ? `Route ${route.name}` : "Add a route"}
      does="Save"
      onClose={onClose}
      ready={name.trim() !== ""}
      work={() => change("PUT", `routes/${part(name)}`, body)}
      wide
    >
      <div class="pair">
        {!route && (
          <TextField name="Name" value={name} onValue={(text) => put({ name: text })} required hint="default: for what no other route takes" />
        )}
        <TextField
          name="Order"
          type="number"
          min={0}
          value={String(draft.position)}
          onValue={(text) => put({ position: Number(text) })}
          hint="the lower, the sooner it is asked"
        />
      </div>
      <fieldset class="pick">
        <legend>Tells</legend>
        {receivers.length === 0 && <p class="muted">There is no receiver yet: add one first.</p>}
        {receivers.map((one) => (
          <CheckField
            key={one}
            name={one}
            value={draft.receivers.includes(one)}
            onValue={(on) => put({ receivers: on ? [...draft.receivers, one] : draft.receivers.filter((x) => x !== one) })}
          />
        ))}
      </fieldset>
      {!isDefault && (
        <>
          <div class="pair">
            <ChoiceField name="Priority" value={draft.priority ?? ""} choices={PRIORITIES} onValue={(text) => put({ priority: text || null })} />
            {team === null && (
              <TextField name="Team" value={draft.team ?? ""} onValue={(text) => put({ team: text || null })} hint="empty: any" />
            )}
          </div>
          <div class="pair">
            <TextField name="Metrics" lines={2} value={metrics} onValue={setMetrics} hint="one a line; * stands for any characters" />
            <TextField name="Tags" lines={2} value={tags} onValue={setTags} hint="name=value, one a line; of one member all of them" />
          </div>
          <div class="pair">
            <TextField name="Hours" lines={2} value={hours} onValue={setHours} placeholder="mon,tue 08:00-18:00" hint="one a line; empty: always" />
            <TextField name="Time zone" value={draft.timezone} onValue={(text) => put({ timezone: text })} />
          </div>
        </>
      )}
      <div class="pair">
        <ChoiceField name="Told" value={draft.digest ?? ""} choices={DIGESTS} onValue={(text) => put({ digest: text || null })} />
        <TextField name="Wait, s" type="number" min={0} value={String(draft.delay_s)} onValue={(text) => put({ delay_s: Number(text) })} hint="for what belongs to it" />
        <TextField name="Repeat, s" type="number" min={0} value={String(draft.repeat_s)} onValue={(text) => put({ repeat_s: Number(text) })} hint="while open; 0: never" />
      </div>
      <CheckField name="The next routes are asked too" value={draft.continue} onValue={(on) => put({ continue: on })} />
      <CheckField
        name="Not while an incident of what feeds a member is open"
        value={draft.upstream}
        onValue={(on) => put({ upstream: on })}
      />
      <CheckField name="Also what happened more than a day ago" value={draft.backfill} onValue={(on) => put({ backfill: on })} />
      <p class="buttons">
        <button type="button" data-testid="preview-route" disabled={name.trim() === ""} onClick={() => setPreviewed({ name, route: body })}>
          Preview
        </button>
      </p>
      {previewed && <Preview name={previewed.name} route={previewed.route} />}
    </Ask>
  );
}
