import { useEffect, useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask } from "../../dialog";
import { ChoiceField, TextField } from "../../fields";
import { useDoing, useLoad } from "../../hooks";
import { Moment, Trouble } from "../../parts";
import type { DeclaredSource, SourcePreview } from "./shapes";
import { SOURCE_FORMS, textOf, valueOf } from "./source-forms";

type Texts = Readonly<Record<string, string>>;

function beginning(kind: string): Texts {
  return Object.fromEntries((SOURCE_FORMS[kind] ?? []).map((field) => [field.key, field.begins ?? ""]));
}

/** The settings that the fields say, over those that have no field here; undefined where a field says none. */
function settingsOf(kind: string, texts: Texts, others: Record<string, unknown>): Record<string, unknown> | undefined {
  const said = { ...others };
  for (const field of SOURCE_FORMS[kind] ?? []) {
    const text = texts[field.key]?.trim() ?? "";
    if (text === "" && field.required) return undefined;
    if (text === "") continue;
    try {
      said[field.key] = valueOf(field.shape, text);
    } catch {
      return undefined;
    }
  }
  return said;
}

/** A form of the kind's own; `known`: the source that is declared otherwise. */
export function SourceDialog({ known, onClose }: { known?: string; onClose: () => void }) {
  const [name, setName] = useState(known ?? "");
  const [kind, setKind] = useState("scrape");
  const [texts, setTexts] = useState<Texts>(beginning("scrape"));
  const [others, setOthers] = useState<Record<string, unknown>>({});
  const { data, problem } = useLoad(`source/${known ?? ""}`, (signal) =>
    known === undefined ? Promise.resolve(undefined) : get<DeclaredSource>(`sources/${part(known)}`, {}, signal),
  );
  useEffect(() => {
    if (!data) return;
    const fields = SOURCE_FORMS[data.kind] ?? [];
    const shown = new Set(fields.map((field) => field.key));
    setKind(data.kind);
    setTexts(Object.fromEntries(fields.map((field) => [field.key, textOf(field.shape, data.settings[field.key])])));
    setOthers(Object.fromEntries(Object.entries(data.settings).filter(([key]) => !shown.has(key))));
  }, [data]);
  const settings = settingsOf(kind, texts, others);
  const body = { kind, settings };
  const save = (): Promise<unknown> =>
    known === undefined ? change("POST", "sources", { name, ...body }) : change("PUT", `sources/${part(known)}`, body);
  return (
    <Ask
      title={known === undefined ? "Add a source" : `Source ${known}`}
      does="Save"
      wide
      onClose={onClose}
      ready={name.trim() !== "" && settings !== undefined}
      work={save}
    >
      <Trouble problem={problem} />
      {known === undefined && (
        <div class="pair">
          <TextField name="Name" value={name} onValue={setName} required hint="letters, digits, _ . and -" />
          <ChoiceField
            name="Kind"
            value={kind}
            testId="source-kind"
            choices={Object.keys(SOURCE_FORMS).map((one) => [one, one] as const)}
            onValue={(chosen) => {
              setKind(chosen);
              setTexts(beginning(chosen));
            }}
          />
        </div>
      )}
      {(SOURCE_FORMS[kind] ?? []).map((field) => (
        <TextField
          key={`${kind} ${field.key}`}
          name={field.name}
          value={texts[field.key] ?? ""}
          onValue={(text) => setTexts({ ...texts, [field.key]: text })}
          {...(field.hint ? { hint: field.hint } : {})}
          {...(field.required ? { required: true } : {})}
          {...(field.shape === "json" ? { lines: 3 } : {})}
        />
      ))}
      <Preview name={name.trim() || "new"} body={settings === undefined ? undefined : { kind, settings }} />
    </Ask>
  );
}

/** Asks the source once, and shows the first samples it would hand over. */
function Preview({ name, body }: { name: string; body: { kind: string; settings: Record<string, unknown> } | undefined }) {
  const { busy, problem, run } = useDoing();
  const [seen, setSeen] = useState<SourcePreview>();
  const look = (): Promise<unknown> =>
    run(async () => setSeen(await change<SourcePreview>("POST", "sources/preview", { name, ...body })));
  return (
    <>
      <p class="buttons">
        <button type="button" data-testid="try-source" disabled={busy || body === undefined} onClick={() => void look()}>
          {busy ? "…" : "Try it"}
        </button>
      </p>
      <Trouble problem={problem} />
      <div role="status" data-testid="source-preview">
        {seen && seen.error !== "" && <p>✕ {seen.error}</p>}
        {seen && seen.error === "" && (
          <p>
            ✓ {seen.samples.toLocaleString("en")} samples of {seen.series.toLocaleString("en")} series
            {Object.entries(seen.refused).map(([reason, many]) => `, ${many} refused: ${reason}`)}
          </p>
        )}
      </div>
      {seen && seen.rows.length > 0 && (
        <ul class="lines samples">
          {seen.rows.map((row) => (
            <li key={`${row.series} ${row.ts_ms}`}>
              <code>{row.series}</code> <b>{row.value}</b>{" "}
              <span class="muted">
                <Moment ms={row.ts_ms} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
