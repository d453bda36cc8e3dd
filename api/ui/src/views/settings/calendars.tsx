import { useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask } from "../../dialog";
import { CheckField, ChoiceField, Field, TextField } from "../../fields";
import { useLoad, useMay, useTick, useZone } from "../../hooks";
import { Hits, type Selector, SelectorFields } from "../../muting";
import { count } from "../../numbers";
import { personName, Span, Trouble } from "../../parts";
import type { Page } from "../../shapes";
import { moment, zones } from "../../time";
import { Opens, Remove } from "./confirm";
import { Listed } from "./listed";
import type { Calendar } from "./shapes";

const MODES = [
  ["suppress-alert", "nobody is told of incidents"],
  ["suppress-learning", "models learn nothing"],
] as const;
const EVERYTHING: Selector = { metric: "*", tags: {}, team: null, incident: "" };

export function Calendars() {
  const tick = useTick();
  const may = useMay("config");
  const { data, problem } = useLoad(`calendars/${tick}`, (signal) => get<Page<Calendar>>("calendars", {}, signal));
  return (
    <>
      <p class="muted">In the entries of a calendar nobody is told of incidents of its series, or their models learn nothing.</p>
      <Trouble problem={problem} />
      {may && (
        <p class="buttons">
          <Opens name="Add a calendar" testId="add-calendar" dialog={(close) => <CalendarDialog onClose={close} />} />
        </p>
      )}
      <Listed testId="calendars" heads={["Calendar", "Source", "Series", "Next", "By", ""]} items={data?.items} none="None.">
        {(one) => (
          <tr key={one.id}>
            <td>
              <b>{one.name}</b>
            </td>
            <td>
              {one.source}, {count(one.spans, "entry", "entries")}
              <br />
              <span class="muted">{MODES.find(([mode]) => mode === one.mode)?.[1]}</span>
            </td>
            <td class="c-title">
              {one.selector.metric}{" "}
              {Object.entries(one.selector.tags).map(([name, value]) => `${name}=${value}`).join(", ")}
            </td>
            <td>
              <ul class="lines">
                {one.next.slice(0, 3).map((span) => (
                  <li key={`${span.start_ms} ${span.title}`}>
                    <When span={span} /> {span.title}
                  </li>
                ))}
              </ul>
            </td>
            <td data-label="by">{personName(one.author)}</td>
            <td class="c-buttons">
              {may && (
                <Remove
                  name="Remove"
                  title={`Remove the calendar ${one.name}`}
                  work={() => change("DELETE", `calendars/${part(one.id)}`)}
                >
                  From now on.
                </Remove>
              )}
            </td>
          </tr>
        )}
      </Listed>
    </>
  );
}

/** Whole days by their dates; other times by the clock. */
function When({ span: { start_ms, end_ms } }: { span: Calendar["next"][number] }) {
  const zone = useZone();
  const [first = "", last = ""] = [start_ms, end_ms].map((ms) => moment(ms, zone));
  if (!first.endsWith(" 00:00") || !last.endsWith(" 00:00")) return <Span startMs={start_ms} endMs={end_ms} />;
  const day = (ms: number): string => moment(ms, zone).slice(0, 10);
  const end = day(end_ms - 1);
  return (
    <time dateTime={day(start_ms)}>
      {day(start_ms)}
      {end !== day(start_ms) && ` to ${end}`}
    </time>
  );
}

function CalendarDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [country, setCountry] = useState("");
  const [region, setRegion] = useState("");
  const [ics, setIcs] = useState("");
  const [selector, setSelector] = useState(EVERYTHING);
  const [zone, setZone] = useState(useZone());
  const [mode, setMode] = useState<string>(MODES[0][0]);
  const [force, setForce] = useState(false);
  const everything = selector.metric === "*" && Object.keys(selector.tags).length === 0;
  const source = ics ? { ics } : { country, ...(region ? { region } : {}) };
  const read = (file: File | undefined): void => void file?.text().then(setIcs);
  return (
    <Ask
      title="Add a calendar"
      does="Add"
      onClose={onClose}
      ready={name.trim() !== "" && (ics !== "" || country !== "") && (!everything || force)}
      work={() => change("POST", "calendars", { name, selector, force, zone, mode, ...source })}
    >
      <TextField name="Name" value={name} onValue={setName} required />
      <div class="pair">
        <TextField name="Holidays of" value={country} onValue={setCountry} placeholder="DE" hint="a country" />
        <TextField name="Region" value={region} onValue={setRegion} placeholder="BY" />
      </div>
      <Field name="Or a calendar file" hint={ics ? `${ics.length.toLocaleString("en")} characters` : ".ics"}>
        {(id) => (
          <input id={id} type="file" accept=".ics,text/calendar" onChange={(event) => read(event.currentTarget.files?.[0])} />
        )}
      </Field>
      <ChoiceField name="Time zone of its days" value={zone} choices={zones().map((one) => [one, one] as const)} onValue={setZone} />
      <ChoiceField name="During its entries" value={mode} choices={MODES} onValue={setMode} />
      <SelectorFields value={selector} onValue={setSelector} />
      <Hits selector={selector} />
      {everything && <CheckField name="Yes, for everything" value={force} onValue={setForce} />}
    </Ask>
  );
}
