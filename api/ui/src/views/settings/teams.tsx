import { useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask } from "../../dialog";
import { pairsOf, TextField } from "../../fields";
import { useLoad, useTick } from "../../hooks";
import { Trouble } from "../../parts";
import type { Page } from "../../shapes";
import { Changes, Opens } from "./confirm";
import { Listed } from "./listed";
import type { Team } from "./shapes";

function line(tags: Record<string, string>): string {
  return Object.entries(tags).map(([name, value]) => `${name}=${value}`).join(", ");
}

export function Teams() {
  const tick = useTick();
  const { data, problem } = useLoad(`teams/${tick}`, (signal) => get<Page<Team>>("teams", {}, signal));
  return (
    <>
      <p class="muted">A series belongs to the team one of whose rules it fits.</p>
      <Trouble problem={problem} />
      <p class="buttons">
        <Opens name="Add a team" testId="add-team" dialog={(close) => <TeamDialog onClose={close} />} />
      </p>
      <Listed testId="teams" heads={["Team", "Its series have", ""]} items={data?.items} none="None.">
        {(team) => (
          <tr key={team.name}>
            <td>
              <b>{team.name}</b>
            </td>
            <td class="c-title">{team.rules.map((rule) => line(rule.tags)).join(" or ")}</td>
            <td class="c-buttons">
              <Changes
                testId="edit-team"
                dialog={(close) => <TeamDialog team={team} onClose={close} />}
                title={`Remove the team ${team.name}`}
                work={() => change("PUT", `teams/${part(team.name)}`, { rules: [] })}
              >
                Incidents stay with the team their series had when they began.
              </Changes>
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}

function TeamDialog({ team, onClose }: { team?: Team; onClose: () => void }) {
  const [name, setName] = useState(team?.name ?? "");
  const [text, setText] = useState(team?.rules.map((rule) => line(rule.tags)).join("\n") ?? "");
  const rules = text.split("\n").map((one) => ({ tags: pairsOf(one) })).filter(({ tags }) => Object.keys(tags).length > 0);
  return (
    <Ask
      title={team ? `Team ${team.name}` : "Add a team"}
      does="Save"
      onClose={onClose}
      ready={name.trim() !== "" && rules.length > 0}
      work={() => change("PUT", `teams/${part(name)}`, { rules })}
    >
      {!team && <TextField name="Name" value={name} onValue={setName} required />}
      <TextField
        name="Rules"
        lines={4}
        value={text}
        onValue={setText}
        placeholder="shop=north, kind=web"
        hint="one a line: tags that a series must have, all of them; * stands for any characters"
      />
    </Ask>
  );
}
