import { useEffect, useState } from "preact/hooks";
import { ChoiceField, TextField } from "../fields";
import { useSettled } from "../hooks";
import { useAsked } from "../place";
import type { IncidentSummary } from "../shapes";

/** By these the server narrows the list; they stand in the address under the same names. */
export const FILTERS = ["q", "state", "priority", "kind", "team", "tag"] as const;

const STATES = [
  ["", "open and recent"],
  ["open", "not over"],
  ["pending", "pending"],
  ["acknowledged", "acknowledged"],
  ["recovering", "recovering"],
  ["closed", "closed"],
  ["expired", "expired"],
  ["retracted", "retracted"],
] as const;
const PRIORITIES = [
  ["", "any"],
  ["P1", "P1"],
  ["P2", "P2 or more urgent"],
  ["P3", "P3 or more urgent"],
] as const;
const ORDERS = [
  ["", "newest"],
  ["likely", "likely to matter"],
] as const;
const KINDS = [
  "spike",
  "dip",
  "level shift",
  "trend change",
  "variance change",
  "seasonal break",
  "flat line",
  "no data",
  "absorbed drift",
];

export function asksFor(wanted: Record<string, string | undefined>): boolean {
  return Object.values(wanted).some((value) => value !== undefined);
}

/** What is typed goes into the address once it stands still. */
function useTyped(name: string): [string, (text: string) => void] {
  const [asked, change] = useAsked();
  const there = asked(name) ?? "";
  const [text, setText] = useState(there);
  const settled = useSettled(text.trim());
  useEffect(() => {
    if (settled !== there && settled === text.trim()) change({ [name]: settled });
  }, [settled]);
  useEffect(() => {
    if (there !== text.trim()) setText(there);
  }, [there]);
  return [text, setText];
}

export function Filters({ items }: { items: IncidentSummary[] }) {
  const [asked, change] = useAsked();
  const [q, setQ] = useTyped("q");
  const [tag, setTag] = useTyped("tag");
  const [team, setTeam] = useTyped("team");
  const kinds = [...new Set([...KINDS, ...items.map((item) => item.kind)])];
  const tags = new Set(items.flatMap((item) => item.contributors.map((one) => `${one.tag}=${one.value}`)));
  const teams = new Set(items.map((item) => item.team).filter(Boolean));
  const any = asksFor(Object.fromEntries(FILTERS.map((name) => [name, asked(name)])));
  return (
    <form class="filters" role="search" data-testid="filters" onSubmit={(event) => event.preventDefault()}>
      <TextField name="Search" type="search" value={q} onValue={setQ} placeholder="title or series: press /" />
      <ChoiceField
        name="State"
        value={asked("state") ?? ""}
        choices={STATES}
        onValue={(state) => change({ state })}
        testId="filter-state"
      />
      <ChoiceField
        name="Priority"
        value={asked("priority") ?? ""}
        choices={PRIORITIES}
        onValue={(priority) => change({ priority })}
      />
      <ChoiceField
        name="Kind"
        value={asked("kind") ?? ""}
        choices={[["", "any"], ...kinds.map((kind) => [kind, kind] as const)]}
        onValue={(kind) => change({ kind })}
      />
      <TextField name="Tag" value={tag} onValue={setTag} placeholder="name=value" list="inbox-tags" />
      <datalist id="inbox-tags">
        {[...tags].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {(teams.size > 0 || team) && (
        <TextField name="Team" value={team} onValue={setTeam} list="inbox-teams" />
      )}
      <datalist id="inbox-teams">
        {[...teams].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {(asked("sort") !== undefined || items.some((item) => item.likely !== null)) && (
        <ChoiceField
          name="Order"
          value={asked("sort") ?? ""}
          choices={ORDERS}
          onValue={(sort) => change({ sort })}
          testId="order"
        />
      )}
      {any && (
        <button type="button" onClick={() => change(Object.fromEntries(FILTERS.map((name) => [name, undefined])))}>
          Clear
        </button>
      )}
    </form>
  );
}
