import { useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask, Dialog } from "../../dialog";
import { CheckField, TextField } from "../../fields";
import { useLoad, useTick } from "../../hooks";
import { Moment, personName, Trouble } from "../../parts";
import type { Page } from "../../shapes";
import { Opens, Remove } from "./confirm";
import { Listed } from "./listed";
import type { Token } from "./shapes";

const SCOPES: readonly (readonly [scope: string, means: string])[] = [
  ["ingest", "sends samples"],
  ["read", "looks"],
  ["feedback", "answers incidents and labels"],
  ["silence", "mutes"],
  ["config", "routes, metrics, calendars"],
  ["admin", "people, teams, tokens"],
];

export function Tokens() {
  const tick = useTick();
  const { data, problem } = useLoad(`tokens/${tick}`, (signal) => get<Page<Token>>("tokens", {}, signal));
  return (
    <>
      <Trouble problem={problem} />
      <p class="buttons">
        <Opens name="Make a token" testId="add-token" dialog={(close) => <TokenDialog onClose={close} />} />
      </p>
      <Listed testId="tokens" heads={["Token", "May", "Bound to", "Made", "Used last", "Holds until", ""]} items={data?.items} none="None.">
        {(token) => (
          <tr key={token.id} class={token.revoked_ms === null ? "" : "muted"}>
            <td class="c-title">
              <b>{token.name}</b>
            </td>
            <td>{token.scopes.join(", ")}</td>
            <td>{[token.team && `team ${token.team}`, token.prefix && `${token.prefix}*`].filter(Boolean).join(", ") || "–"}</td>
            <td>
              <Moment ms={token.created_ms} /> {personName(token.created_by)}
            </td>
            <td data-label="used">
              <Moment ms={token.used_ms} />
            </td>
            <td data-label="until">
              {token.revoked_ms !== null ? (
                "revoked"
              ) : token.expires_ms === null ? (
                "it is revoked"
              ) : (
                <Moment ms={token.expires_ms} />
              )}
            </td>
            <td class="c-buttons">
              {token.revoked_ms === null && (
                <Remove name="Revoke" title={`Revoke ${token.name}`} work={() => change("DELETE", `tokens/${part(token.id)}`)}>
                  From the next request on.
                </Remove>
              )}
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}

function TokenDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["ingest"]);
  const [team, setTeam] = useState("");
  const [prefix, setPrefix] = useState("");
  const [days, setDays] = useState("");
  const [made, setMade] = useState<string>();
  const expires = days ? Date.now() + Number(days) * 86_400_000 : null;
  if (made !== undefined) return <Made text={made} onClose={onClose} />;
  return (
    <Ask
      title="Make a token"
      does="Make"
      onClose={onClose}
      stays
      ready={name.trim() !== "" && scopes.length > 0}
      work={async () => {
        const body = { name, scopes, team: team || null, prefix, expires_ms: expires };
        setMade((await change<{ token: string }>("POST", "tokens", body)).token);
      }}
    >
      <TextField name="Name" value={name} onValue={setName} required hint="who uses it, and where" />
      <fieldset class="pick">
        <legend>May</legend>
        {SCOPES.map(([scope, means]) => (
          <CheckField
            key={scope}
            name={scope}
            hint={means}
            value={scopes.includes(scope)}
            onValue={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
          />
        ))}
      </fieldset>
      <div class="pair">
        <TextField name="Team" value={team} onValue={setTeam} hint="empty: bound to none" />
        <TextField name="Metrics begin with" value={prefix} onValue={setPrefix} hint="empty: any" />
        <TextField name="Days" type="number" min={1} value={days} onValue={setDays} hint="empty: until it is revoked" />
      </div>
    </Ask>
  );
}

function Made({ text, onClose }: { text: string; onClose: () => void }) {
  return (
    <Dialog title="The new token" onClose={onClose}>
      <p>It is shown this once; only its hash is kept.</p>
      <pre data-testid="token" tabIndex={0}>{text}</pre>
      <p class="buttons">
        <button type="button" class="main" onClick={onClose}>
          Done
        </button>
      </p>
    </Dialog>
  );
}
