import { useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask } from "../../dialog";
import { ChoiceField, TextField } from "../../fields";
import { useLoad, useTick } from "../../hooks";
import { Moment, Trouble } from "../../parts";
import type { Page } from "../../shapes";
import { Changes, Opens } from "./confirm";
import { Listed } from "./listed";
import type { User } from "./shapes";

const ROLES = [
  ["viewer", "viewer: looks"],
  ["responder", "responder: answers incidents and mutes, too"],
  ["editor", "editor: routes, metrics, calendars, too"],
  ["admin", "admin: everything"],
] as const;

export function People() {
  const tick = useTick();
  const { data, problem } = useLoad(`users/${tick}`, (signal) => get<Page<User>>("users", {}, signal));
  return (
    <>
      <Trouble problem={problem} />
      <p class="buttons">
        <Opens name="Add somebody" testId="add-user" dialog={(close) => <UserDialog onClose={close} />} />
      </p>
      <Listed testId="users" heads={["Name", "Role", "Team", "Logs in by", "Since", ""]} items={data?.items} none="Nobody yet.">
        {(user) => (
          <tr key={user.name}>
            <td class="c-title">
              <b>{user.name}</b>
            </td>
            <td>{user.role}</td>
            <td data-label="team">{user.team ?? "–"}</td>
            <td>{[user.password && "password", user.subject && "sign-on"].filter(Boolean).join(", ") || "–"}</td>
            <td>
              <Moment ms={user.created_ms} />
            </td>
            <td class="c-buttons">
              <Changes
                testId="edit-user"
                dialog={(close) => <UserDialog user={user} onClose={close} />}
                title={`Remove ${user.name}`}
                work={() => change("DELETE", `users/${part(user.name)}`)}
              >
                With every session of theirs. What they did stays in the audit log.
              </Changes>
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}

function UserDialog({ user, onClose }: { user?: User; onClose: () => void }) {
  const [name, setName] = useState(user?.name ?? "");
  const [role, setRole] = useState(user?.role ?? "responder");
  const [team, setTeam] = useState(user?.team ?? "");
  const [password, setPassword] = useState("");
  const body = { role, team: team || null, ...(password ? { password } : {}) };
  return (
    <Ask
      title={user ? user.name : "Add somebody"}
      does="Save"
      onClose={onClose}
      ready={name.trim() !== ""}
      work={() => change("PUT", `users/${part(name)}`, body)}
    >
      {!user && <TextField name="Name" value={name} onValue={setName} required />}
      <ChoiceField name="Role" value={role} choices={ROLES} onValue={setRole} />
      <TextField name="Team" value={team} onValue={setTeam} hint="bound to it; empty: to none" />
      <TextField
        name="Password"
        type="password"
        value={password}
        onValue={setPassword}
        hint={user ? "empty: stays as it is; a new one ends every session of theirs" : "empty: they log in by sign-on"}
      />
    </Ask>
  );
}
