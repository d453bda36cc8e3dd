import { useState } from "preact/hooks";
import { change } from "./api";
import { Ask, LinkOut } from "./dialog";
import { CheckField, ChoiceField, pairsOf, TextField, textOf } from "./fields";
import { useLoad, useSettled } from "./hooks";
import { count } from "./numbers";
import { headline, Trouble } from "./parts";
import { link } from "./place";
import type { Incident } from "./shapes";

export interface Selector {
  metric: string;
  tags: Record<string, string>;
  team: string | null;
  incident: string;
}

interface Preview {
  series: number;
  whole: boolean;
  names: string[];
  incidents: { id: string; title: string; score: number; start_ms: number }[];
}

const EVERYTHING: Selector = { metric: "*", tags: {}, team: null, incident: "" };
const MOST_MEMBERS = 30;
const LENGTHS = [
  ["60", "1 hour"],
  ["240", "4 hours"],
  ["480", "8 hours"],
  ["1440", "1 day"],
  ["10080", "7 days"],
  ["43200", "30 days"],
] as const;

/** What a selector hits now, asked while it is made. */
export function Hits({ selector }: { selector: Selector }) {
  const settled = useSettled(JSON.stringify(selector), 300);
  const { data, problem } = useLoad(settled, (signal) =>
    change<Preview>("POST", "mutes/preview", { selector: JSON.parse(settled) as Selector }, signal),
  );
  if (problem) return <Trouble problem={problem} />;
  if (!data) return <p class="muted">…</p>;
  return (
    <div class="hits" data-testid="hits" role="status">
      <p>
        Hits {count(data.series, "series", "series")}
        {!data.whole && " of the first 100,000"}, and {count(data.incidents.length, "open incident")} of which nobody would
        be told any more.
      </p>
      {(data.names.length > 0 || data.incidents.length > 0) && (
        <details>
          <summary>Which</summary>
          <ul>
            {data.incidents.map((one) => (
              <li key={one.id}>
                <LinkOut href={link("incident", one.id)}>{headline(one.title)}</LinkOut>
              </li>
            ))}
            {data.names.slice(0, 20).map((name) => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

interface SelectorProps {
  value: Selector;
  onValue: (value: Selector) => void;
}

/** Series of a metric or pattern that have all of these tags. */
export function SelectorFields({ value, onValue }: SelectorProps) {
  const [tags, setTags] = useState(textOf(value.tags));
  const [metric, setMetric] = useState(value.metric);
  return (
    <>
      <TextField
        name="Metric"
        value={metric}
        onValue={(text) => {
          setMetric(text);
          onValue({ ...value, metric: text || "*" });
        }}
        hint="* stands for any characters"
      />
      <TextField
        name="Tags"
        value={tags}
        lines={2}
        onValue={(text) => {
          setTags(text);
          onValue({ ...value, tags: pairsOf(text) });
        }}
        hint="name=value, one a line; all of them"
      />
    </>
  );
}

/** What an incident's series have most in common, as the proposal for what to mute. */
function proposal(incident: Incident): Selector {
  const metrics = new Set(incident.members.map((one) => one.metric));
  const [most] = incident.contributors;
  const tags = most && metrics.size > 1 ? { [most.tag]: most.value } : (incident.suspects[0]?.tags ?? {});
  return { ...EVERYTHING, metric: metrics.size === 1 ? ([...metrics][0] ?? "*") : "*", tags };
}

interface LikeProps {
  incident: Incident;
  onLike: (series: string, selector: Selector) => void;
  like: string;
}

/** What fills in a selector: what the series of an incident have in common, or one of them. */
function Like({ incident, onLike, like }: LikeProps) {
  const members = [...new Map(incident.members.map((one) => [one.series, one])).values()].slice(0, MOST_MEMBERS);
  const choose = (series: string): void => {
    const one = members.find((member) => member.series === series);
    onLike(series, one ? { ...EVERYTHING, metric: one.metric, tags: one.tags } : proposal(incident));
  };
  return (
    <ChoiceField
      name="Like"
      value={like}
      choices={[["", "what they have in common"], ...members.map(({ series }) => [series, series] as const)]}
      onValue={choose}
      hint="fills in metric and tags"
    />
  );
}

/** Mutes an incident or series for a time. */
export function MuteDialog({ incident, onClose }: { incident?: Incident; onClose: () => void }) {
  const [what, setWhat] = useState(incident ? "incident" : "series");
  const [series, setSeries] = useState(incident ? proposal(incident) : EVERYTHING);
  const [like, setLike] = useState("");
  const fill = (name: string, selector: Selector): void => {
    setLike(name);
    setSeries(selector);
  };
  const [minutes, setMinutes] = useState("240");
  const [reason, setReason] = useState("");
  const [force, setForce] = useState(false);
  const [notices, setNotices] = useState(true);
  const [learning, setLearning] = useState(false);
  const [incidents, setIncidents] = useState(false);
  const selector = what === "incident" && incident ? { ...EVERYTHING, incident: incident.id } : series;
  const stops = learning && what === "series";
  const keepsOut = incidents && what === "series";
  const everything = selector.metric === "*" && Object.keys(selector.tags).length === 0 && !selector.incident;
  return (
    <Ask
      title="Mute"
      does="Mute"
      onClose={onClose}
      ready={reason.trim() !== "" && (!everything || force) && (notices || stops || keepsOut)}
      work={() =>
        change("POST", "mutes", {
          selector,
          minutes: Number(minutes),
          reason,
          force,
          notices,
          learning: stops,
          incidents: keepsOut,
        })
      }
    >
      {incident && (
        <fieldset class="pick">
          <legend>What</legend>
          <label class="check">
            <input type="radio" name="what" checked={what === "incident"} onChange={() => setWhat("incident")} />
            <span>this incident</span>
          </label>
          <label class="check">
            <input type="radio" name="what" checked={what === "series"} onChange={() => setWhat("series")} />
            <span>series, also in other incidents</span>
          </label>
        </fieldset>
      )}
      {what === "series" && (
        <>
          {incident && <Like incident={incident} like={like} onLike={fill} />}
          <SelectorFields key={like} value={series} onValue={setSeries} />
          <Hits selector={series} />
        </>
      )}
      <CheckField name="Tell nobody; what still goes on at its end is told of then" value={notices} onValue={setNotices} />
      {what === "series" && (
        <CheckField
          name="No incidents: what begins meanwhile is in none; what still goes on at its end begins one then"
          value={incidents}
          onValue={setIncidents}
        />
      )}
      {what === "series" && (
        <CheckField name="Stop learning; models go on as they were at its end" value={learning} onValue={setLearning} />
      )}
      <ChoiceField name="For" value={minutes} choices={LENGTHS} onValue={setMinutes} />
      <TextField name="Reason" value={reason} onValue={setReason} required placeholder="why, for those who come after" />
      {everything && <CheckField name="Yes, mute everything" value={force} onValue={setForce} />}
    </Ask>
  );
}
