import { useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask } from "../../dialog";
import { ChoiceField, TextField } from "../../fields";
import { useDoing, useLoad, useMay, useMe, useTick } from "../../hooks";
import { Moment, Tag, Trouble } from "../../parts";
import type { Page } from "../../shapes";
import { Changes, Opens } from "./confirm";
import { Listed } from "./listed";
import type { Receiver } from "./shapes";

/** Kinds with the settings each begins with. */
const KINDS: Record<string, Record<string, unknown>> = {
  slack: { webhook_url: "env:WATCHKEEPER_SECRET_SLACK" },
  teams: { url: "env:WATCHKEEPER_SECRET_TEAMS" },
  pagerduty: { routing_key: "env:WATCHKEEPER_SECRET_PAGERDUTY" },
  mail: { host: "", sender: "", recipients: [] },
  webhook: { url: "env:WATCHKEEPER_SECRET_WEBHOOK" },
  alertmanager: { url: "" },
  apprise: { url: "env:WATCHKEEPER_SECRET_APPRISE" },
  log: { level: "warning" },
};

export function Receivers() {
  const tick = useTick();
  const bound = useMe()?.team != null;
  const may = useMay("config") && !bound;
  const { data, problem } = useLoad(`receivers/${tick}`, (signal) => get<Page<Receiver>>("receivers", {}, signal));
  return (
    <>
      <p class="muted">Whom routes tell, and over which way.</p>
      <Trouble problem={problem} />
      {may && (
        <p class="buttons">
          <Opens name="Add a receiver" testId="add-receiver" dialog={(close) => <ReceiverDialog onClose={close} />} />
        </p>
      )}
      <Listed testId="receivers" heads={["Receiver", "Kind", "Settings", "State", ""]} items={data?.items} none="No receiver yet.">
        {(one) => (
          <tr key={one.name}>
            <td>
              <b>{one.name}</b>
              {one.team && <Tag>{one.team}</Tag>}
            </td>
            <td>{one.kind}</td>
            <td class="c-title">
              {Object.keys(one.settings).length > 0 ? <code>{JSON.stringify(one.settings)}</code> : "–"}
              {one.fallback && <span class="muted"> else {one.fallback}</span>}
            </td>
            <td>
              {one.unreachable_since_ms === null ? (
                "takes notices"
              ) : (
                <>
                  ✕ takes none since <Moment ms={one.unreachable_since_ms} />: {one.trouble}
                </>
              )}
            </td>
            <td class="c-buttons">
              {may && (
                <>
                  <Test name={one.name} />{" "}
                  <Changes
                    testId="edit-receiver"
                    dialog={(close) => <ReceiverDialog receiver={one} onClose={close} />}
                    title={`Remove the receiver ${one.name}`}
                    work={() => change("DELETE", `receivers/${part(one.name)}`)}
                  >
                    With all that waits for it. Refused while a route names it.
                  </Changes>
                </>
              )}
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}

/** Sends something that opens and closes at once, and says what came of it. */
function Test({ name }: { name: string }) {
  const { busy, problem, run } = useDoing();
  const [answer, setAnswer] = useState("");
  const test = async (): Promise<void> => {
    await run(async () => {
      const trial = await change<{ delivered: boolean; answer: string }>("POST", `receivers/${part(name)}/test`);
      setAnswer(trial.delivered ? "✓ it was taken" : `✕ ${trial.answer}`);
    });
  };
  return (
    <>
      <button type="button" class="small" data-testid="test-receiver" disabled={busy} onClick={() => void test()}>
        {busy ? "…" : "Test"}
      </button>
      <span role="status" data-testid="trial">
        {answer && ` ${answer} `}
      </span>
      <Trouble problem={problem} />
    </>
  );
}

/** The settings as an object, or why they are none. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function ReceiverDialog({ receiver, onClose }: { receiver?: Receiver; onClose: () => void }) {
  const [name, setName] = useState(receiver?.name ?? "");
  const [kind, setKind] = useState(receiver?.kind ?? "slack");
  const [text, setText] = useState(JSON.stringify(receiver?.settings ?? KINDS["slack"], null, 2));
  const [team, setTeam] = useState(receiver?.team ?? "");
  const [fallback, setFallback] = useState(receiver?.fallback ?? "");
  const settings = parsed(text);
  const choose = (chosen: string): void => {
    setKind(chosen);
    if (!receiver) setText(JSON.stringify(KINDS[chosen] ?? {}, null, 2));
  };
  return (
    <Ask
      title={receiver ? `Receiver ${receiver.name}` : "Add a receiver"}
      does="Save"
      onClose={onClose}
      ready={name.trim() !== "" && settings !== undefined}
      work={() => change("PUT", `receivers/${part(name)}`, { kind, settings, team: team || null, fallback })}
    >
      {!receiver && <TextField name="Name" value={name} onValue={setName} required />}
      <ChoiceField
        name="Kind"
        value={kind}
        choices={[...new Set([...Object.keys(KINDS), kind])].map((one) => [one, one] as const)}
        onValue={choose}
      />
      <TextField
        name="Settings"
        lines={6}
        value={text}
        onValue={setText}
        hint="JSON. A secret is named, as env:WATCHKEEPER_SECRET_… or file:NAME, and never given."
      />
      {settings === undefined && <p class="muted">This is no JSON object.</p>}
      <div class="pair">
        <TextField name="Team" value={team} onValue={setTeam} hint="whose routes may name it; empty: those of none" />
        <TextField name="Fallback" value={fallback} onValue={setFallback} hint="told when this one takes no notices" />
      </div>
    </Ask>
  );
}
