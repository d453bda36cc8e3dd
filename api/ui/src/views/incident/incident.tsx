import { get } from "../../api";
import { useLoad, useTick, useTitle } from "../../hooks";
import { later } from "../../later";
import { arrow, count, number } from "../../numbers";
import { Contributors, Fact, headline, length, Moment, personName, Pieces, Score, SeriesName, Span, State, Trouble } from "../../parts";
import { back, link, useAsked } from "../../place";
import type { Incident } from "../../shapes";
import { Actions } from "./actions";
import { Chance } from "./likely";
import { Members } from "./members";
import { Similar } from "./similar";
import { Story } from "./story";
import { Told } from "./told";

const SUSPECTS = 5;
const Bonds = later(() => import("./ties").then((part) => part.Ties), "div");

export function IncidentView({ id }: { id: string }) {
  const tick = useTick();
  const { data, problem } = useLoad(`${id}/${tick}`, (signal) =>
    get<Incident>(`incidents/${encodeURIComponent(id)}`, {}, signal),
  );
  useTitle(data && headline(data.title));
  if (data === undefined || data.id !== id) {
    return (
      <main>
        <Up />
        {problem ? <Trouble problem={problem} /> : <p class="muted">Loading…</p>}
      </main>
    );
  }
  return (
    <main data-testid="incident-view">
      <Up />
      <h1>{headline(data.title)}</h1>
      <Trouble problem={problem} />
      <Actions incident={data} />
      <Facts incident={data} />
      <div class="halves">
        <Suspects incident={data} />
        <section>
          <h2>In common</h2>
          <Contributors items={data.contributors} />
          {data.contributors.length === 0 && <p class="muted">No tag stands out.</p>}
        </section>
      </div>
      <Members incident={data} />
      {data.members.length > 1 && <Graph incident={data} />}
      <div class="halves">
        <Story incident={data} />
        <Similar items={data.similar} />
      </div>
      <Told incident={data} />
    </main>
  );
}

function Up() {
  return (
    <p class="up">
      <a href={back("incidents")}>← Incidents</a>
    </p>
  );
}

function Facts({ incident }: { incident: Incident }) {
  return (
    <dl class="facts" data-testid="facts">
      <Fact name="State">
        <State state={incident.state} />
      </Fact>
      <Fact name="Priority">
        <b title={incident.reasons.join("; ")}>{incident.priority}</b>
        {incident.reasons.length > 0 && <span class="muted"> {incident.reasons.join(", ")}</span>}
      </Fact>
      {incident.acknowledged_by && <Fact name="Taken by">{personName(incident.acknowledged_by)}</Fact>}
      {incident.team && <Fact name="Team">{incident.team}</Fact>}
      <Fact name="When">
        <Span startMs={incident.start_ms} endMs={incident.end_ms} />
      </Fact>
      {incident.end_ms !== null && <Fact name="Lasted">{length(incident)}</Fact>}
      <Fact name="Score">
        <Score value={incident.score} />
      </Fact>
      {incident.likely && (
        <Fact name="Likely to matter">
          <Chance likely={incident.likely} withReasons />
        </Fact>
      )}
      <Fact name="Severity">{number(incident.severity)}</Fact>
      <Fact name="Kind">{[incident.kind, arrow(incident.direction)].filter(Boolean).join(" ")}</Fact>
      <Fact name="Members">
        {count(incident.member_count, "anomaly", "anomalies")} in {count(incident.series_count, "series", "series")}
        {incident.unstable && " · comes and goes"}
      </Fact>
      {incident.labels.some((label) => label.rules) && (
        <Fact name="Labelled">
          <Pieces items={[...new Set(incident.labels.filter((one) => one.rules).map((one) => one.label))]} />
          {incident.labels.some((one) => one.conflict) && <span class="muted"> people differ</span>}
        </Fact>
      )}
      {served(incident).length > 0 && (
        <Fact name="Served model">
          {served(incident).map((name) => (
            <a key={name} href={link("models", name)}>
              {name}
            </a>
          ))}
        </Fact>
      )}
      {incident.merged_into && (
        <Fact name="Merged into">
          <a href={link("incident", incident.merged_into)}>another incident</a>
        </Fact>
      )}
    </dl>
  );
}

/** The served models of which members tell. */
function served(incident: Incident): string[] {
  const told = incident.members.filter((one) => one.metric.startsWith("model."));
  return [...new Set(told.flatMap((one) => one.tags["model"] ?? []))];
}

function Suspects({ incident }: { incident: Incident }) {
  const [asked, change] = useAsked();
  const all = asked("suspects") !== undefined;
  const more = incident.suspects.length - SUSPECTS;
  return (
    <section>
      <h2>Suspects</h2>
      <ol class="suspects" data-testid="suspects">
        {incident.suspects.slice(0, all ? undefined : SUSPECTS).map((suspect) => (
          <li key={suspect.series_id}>
            <a href={link("series", suspect.series_id, { from: incident.start_ms - 7 * 86_400_000 })} data-row>
              <SeriesName metric={suspect.metric} tags={suspect.tags} />
            </a>
            <span class="muted">
              {" "}
              from <Moment ms={suspect.onset_ms} /> · {suspect.why}
            </span>
            <Ties incident={incident} series={suspect.series} />
          </li>
        ))}
      </ol>
      {more > 0 && !all && (
        <button type="button" class="small" data-testid="more-suspects" onClick={() => change({ suspects: "all" })}>
          Show {more} more
        </button>
      )}
    </section>
  );
}

/** How the members hang together; drawn when it is asked for. */
function Graph({ incident }: { incident: Incident }) {
  const [asked, change] = useAsked();
  const open = asked("ties") !== undefined || asked("tie") !== undefined;
  const turn = (now: boolean): void => change({ ties: now ? "open" : undefined, ...(now ? {} : { tie: undefined }) });
  return (
    <details data-testid="ties" open={open} onToggle={(event) => turn(event.currentTarget.open)}>
      <summary>How the members hang together</summary>
      {open && <Bonds incident={incident} />}
    </details>
  );
}

/** What ties a suspect's anomalies to others of the incident. */
function Ties({ incident, series }: { incident: Incident; series: string }) {
  const its = incident.evidence.filter((one) => one.series === series && one.because_of !== null);
  const ties = [...new Set(its.map((one) => one.text))];
  if (ties.length === 0) return null;
  return (
    <ul class="ties">
      {ties.slice(0, 3).map((text) => (
        <li key={text} class="muted">
          {text}
        </li>
      ))}
    </ul>
  );
}
