import type { ComponentType } from "preact";
import { useMay, useMe, useTitle } from "../../hooks";
import { Notice } from "../../parts";
import { link } from "../../place";
import type { Status } from "../../shapes";
import { Audit } from "./audit";
import { Budgets } from "./budgets";
import { Calendars } from "./calendars";
import { Health } from "./health";
import { Mutes } from "./mutes";
import { People } from "./people";
import { Receivers } from "./receivers";
import { Routes } from "./routes";
import { Sources } from "./sources";
import { Teams } from "./teams";
import { Thresholds } from "./thresholds";
import { Tokens } from "./tokens";

interface PartProps {
  status: Status | undefined;
}

type Part = readonly [id: string, name: string, view: ComponentType<PartProps>, admin: boolean];

const PARTS: readonly Part[] = [
  ["routes", "Routes", Routes, false],
  ["receivers", "Receivers", Receivers, false],
  ["budgets", "Budgets", Budgets, false],
  ["thresholds", "Thresholds", Thresholds, false],
  ["mutes", "Mutes", Mutes, false],
  ["calendars", "Calendars", Calendars, false],
  ["sources", "Sources", Sources, false],
  ["people", "People", People, true],
  ["teams", "Teams", Teams, true],
  ["tokens", "Tokens", Tokens, true],
  ["audit", "Audit log", Audit, true],
  ["health", "Health", Health, false],
];

/** What is set, by parts; those that concern every team are for admins. */
export function SettingsView({ part, status }: { part: string; status: Status | undefined }) {
  const bound = useMe()?.team != null;
  const admin = useMay("admin") && !bound;
  const shown = PARTS.filter((one) => admin || !one[3]);
  const [, name, View] = shown.find(([id]) => id === part) ?? ([part, "Settings", Nothing] as const);
  useTitle(name);
  return (
    <main data-testid={`settings-${part}`}>
      <nav class="parts" aria-label="Settings">
        {shown.map(([id, text]) => (
          <a key={id} href={link("settings", id)} aria-current={id === part ? "page" : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <h1>{name}</h1>
      <View status={status} />
    </main>
  );
}

function Nothing() {
  return <Notice kind="plain">There is no such part, or you may not see it.</Notice>;
}
