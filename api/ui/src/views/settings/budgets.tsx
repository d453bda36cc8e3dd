import { useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask } from "../../dialog";
import { ChoiceField, TextField } from "../../fields";
import { useLoad, useMay, useTick } from "../../hooks";
import { count } from "../../numbers";
import { headline, Moment, Trouble } from "../../parts";
import { link } from "../../place";
import type { Page } from "../../shapes";
import { Changes, Opens } from "./confirm";
import { Listed } from "./listed";
import type { Route } from "./shapes";

interface Held {
  incident_id: string;
  title: string;
  at_ms: number;
  route: string;
  why: string;
}

interface Budget {
  name: string;
  per_week: number;
  score: number;
  told_week: number;
  reached_ms: number | null;
  held: Held[];
}

/** Of how many incidents a week a team or a route wants to be told, and what is held back for that. */
export function Budgets() {
  const tick = useTick();
  const may = useMay("config");
  const { data, problem } = useLoad(`budgets/${tick}`, (signal) => get<Page<Budget>>("budgets", {}, signal));
  return (
    <>
      <p class="muted">
        A budget holds back notices of incidents whose score is too low for it. They are in the list of incidents all the
        same, and told if they come to reach the score while they go on.
      </p>
      <Trouble problem={problem} />
      {may && (
        <p class="buttons">
          <Opens name="Set a budget" testId="add-budget" dialog={(close) => <BudgetDialog onClose={close} />} />
        </p>
      )}
      <Listed
        testId="budgets"
        heads={["Of", "A week", "Told in the last week", "Told from score", "Held back now", ""]}
        items={data?.items}
        none="No budgets: nothing is held back for their sake."
      >
        {(one) => (
          <tr key={one.name}>
            <td>
              <b>{one.name.replace(":", " ")}</b>
            </td>
            <td data-label="a week">{one.per_week}</td>
            <td data-label="told">{one.told_week}</td>
            <td data-label="from score">{one.score.toFixed(1)}</td>
            <td class="c-title">
              <HeldList held={one.held} />
            </td>
            <td class="c-buttons">
              {may && (
                <Changes
                  testId="edit-budget"
                  dialog={(close) => <BudgetDialog budget={one} onClose={close} />}
                  title={`Remove the budget of ${one.name.replace(":", " ")}`}
                  work={() => change("DELETE", `budgets/${part(one.name)}`)}
                >
                  What it holds is told, if it still goes on.
                </Changes>
              )}
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}

function HeldList({ held }: { held: Held[] }) {
  if (held.length === 0) return <span class="muted">nothing</span>;
  return (
    <details>
      <summary data-testid="held">{count(held.length, "incident")}</summary>
      <ul class="lines">
        {held.map((one) => (
          <li key={`${one.incident_id} ${one.route}`}>
            <Moment ms={one.at_ms} /> <a href={link("incident", one.incident_id)}>{headline(one.title)}</a>{" "}
            <span class="muted">{one.why}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

const KINDS = [
  ["team", "a team"],
  ["route", "a route"],
] as const;

function BudgetDialog({ budget, onClose }: { budget?: Budget; onClose: () => void }) {
  const [first = "", ...rest] = (budget?.name ?? "team:").split(":");
  const [kind, setKind] = useState(first);
  const [name, setName] = useState(rest.join(":"));
  const [perWeek, setPerWeek] = useState(String(budget?.per_week ?? 5));
  const routes = useLoad("routes", (signal) => get<Page<Route>>("routes", {}, signal));
  const names = routes.data?.items.map((one) => [one.name, one.name] as const) ?? [];
  const rate = Number(perWeek);
  return (
    <Ask
      title={budget ? `Change the budget of ${budget.name.replace(":", " ")}` : "Set a budget"}
      does="Set"
      onClose={onClose}
      ready={name.trim() !== "" && rate >= 0.1 && rate <= 10_000}
      work={() => change("PUT", `budgets/${part(`${kind}:${name}`)}`, { per_week: rate })}
    >
      {!budget && (
        <div class="pair">
          <ChoiceField
            name="Of"
            value={kind}
            choices={KINDS}
            onValue={(chosen) => {
              setKind(chosen);
              setName("");
            }}
          />
          {kind === "route" ? (
            <ChoiceField name="Route" value={name} choices={[["", "choose"], ...names]} onValue={setName} />
          ) : (
            <TextField name="Team" value={name} onValue={setName} required />
          )}
        </div>
      )}
      <TextField name="Incidents told a week" value={perWeek} onValue={setPerWeek} required />
      <p class="muted">It begins anew at the score that the series there are would reach so often by chance alone.</p>
    </Ask>
  );
}
