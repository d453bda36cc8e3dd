import { useMemo } from "preact/hooks";
import { get } from "../../api";
import { Chart, ChartKey } from "../../chart";
import { useLoad } from "../../hooks";
import { arrow, beside, capital, number, signed } from "../../numbers";
import { Moment, Pieces, Sentence, SeriesName, Trouble } from "../../parts";
import { link, useAsked, whole } from "../../place";
import { Rows } from "../../rows";
import type { Anomaly, Incident, Observations } from "../../shapes";

const FIRST = 12;
const CONTEXT_BUCKETS = 48;
const POINTS = 2_000;

interface Member {
  id: string;
  metric: string;
  tags: Record<string, string>;
  anomalies: Anomaly[];
}

/** One entry a series: suspects first in their order, then by the highest score. */
function members(incident: Incident): Member[] {
  const byId = new Map<string, Member>();
  for (const anomaly of incident.members) {
    const { series_id: id, metric, tags } = anomaly;
    const member = byId.get(id) ?? { id, metric, tags, anomalies: [] };
    member.anomalies.push(anomaly);
    byId.set(id, member);
  }
  const place = new Map(incident.suspects.map((suspect, i) => [suspect.series_id, i]));
  const rank = (member: Member): number => place.get(member.id) ?? place.size;
  const score = (member: Member): number => Math.max(...member.anomalies.map((anomaly) => anomaly.score ?? 0));
  return [...byId.values()].sort((a, b) => rank(a) - rank(b) || score(b) - score(a) || (a.id < b.id ? -1 : 1));
}

/** The window that all charts share: twice the duration before, at least 48 buckets, half of that after. Of what
    goes on there is no after yet. */
function windowOf({ start_ms, end_ms, members }: Incident): [number, number] {
  const bucket = Math.max(...members.map((anomaly) => anomaly.cadence_ms));
  const end = end_ms ?? Math.max(...members.map((anomaly) => anomaly.end_ms ?? anomaly.last_ms + bucket));
  const before = Math.max(2 * (end - start_ms), CONTEXT_BUCKETS * bucket);
  const over = members.every((anomaly) => anomaly.end_ms !== null);
  return [start_ms - before, end + (over ? before / 2 : bucket)];
}

/** The members as small multiples: one time axis, one cursor and one zoom for all. */
export function Members({ incident }: { incident: Incident }) {
  const [asked, change] = useAsked();
  const shown = Math.max(FIRST, whole(asked("members")) ?? FIRST);
  const all = useMemo(() => members(incident), [incident]);
  const [begin, end] = useMemo(() => windowOf(incident), [incident]);
  const [from, to] = [whole(asked("from")) ?? begin, whole(asked("to")) ?? end];
  const zoom = (span: [number, number] | null): void => change({ from: span?.[0], to: span?.[1] });
  return (
    <section>
      <h2>Members</h2>
      <ChartKey />
      <div class="charts" data-testid="charts">
        {all.slice(0, shown).map((member) => (
          <MemberChart key={member.id} member={member} from={from} to={to} incident={incident} onZoom={zoom} />
        ))}
      </div>
      {all.length > shown && (
        <button type="button" data-testid="more-charts" onClick={() => change({ members: shown + FIRST })}>
          Show {Math.min(FIRST, all.length - shown)} more of {all.length} series
        </button>
      )}
    </section>
  );
}

/** How unusual it is, what would have been normal, and which model says so since when. */
function About({ anomaly }: { anomaly: Anomaly }) {
  const parts = [
    anomaly.unusual && capital(anomaly.unusual),
    anomaly.normal && `Normal would have been ${anomaly.normal}`,
    anomaly.judged_by && `Judged by ${anomaly.judged_by}`,
  ].filter(Boolean);
  return (
    <span class="muted about" data-testid="about">
      <Sentence text={parts.join(". ")} />
      {anomaly.judged_by && anomaly.judged_since_ms !== null && (
        <>
          {" since "}
          <Moment ms={anomaly.judged_since_ms} />
          {!anomaly.judged_since_known && " or earlier"}
        </>
      )}
      {parts.length > 0 && "."}
    </span>
  );
}

/** Why the member is in this incident, and what people said of it. */
function Because({ incident, member }: { incident: Incident; member: Member }) {
  const own = new Set(member.anomalies.map((anomaly) => anomaly.id));
  const evidence = incident.evidence.find((one) => own.has(one.anomaly_id));
  const labels = [...new Set(member.anomalies.flatMap((anomaly) => anomaly.labels))];
  return (
    <span class="muted about" data-testid="because">
      {evidence && <Sentence text={`${capital(evidence.text)}.`} />}
      {labels.length > 0 && <> Labelled: <Pieces items={labels} /></>}
    </span>
  );
}

interface MemberChartProps {
  member: Member;
  from: number;
  to: number;
  incident: Incident;
  onZoom: (span: [number, number] | null) => void;
}

function MemberChart({ member, from, to, incident, onZoom }: MemberChartProps) {
  const query = { from_ms: Math.floor(from), to_ms: Math.ceil(to), max_points: POINTS };
  const latest = Math.max(...member.anomalies.map((anomaly) => anomaly.end_ms ?? anomaly.peak_ms));
  const { data, problem } = useLoad(`${member.id}/${from}/${to}/${latest}`, (signal) =>
    get<Observations>(`series/${encodeURIComponent(member.id)}/observations`, query, signal),
  );
  const worst = member.anomalies.reduce((a, b) => ((b.score ?? 0) > (a.score ?? 0) ? b : a));
  return (
    <figure data-testid="member">
      <figcaption>
        <a href={link("series", member.id, { from, to })} data-row>
          <SeriesName metric={member.metric} tags={member.tags} />
        </a>
        <span class="muted">
          {[worst.kind, arrow(worst.direction)].filter(Boolean).join(" ")}
          {worst.value_text && `: ${worst.value_text}`}
          {worst.expected_text && `, expected ${worst.expected_text}`}
          {worst.percent !== null && ` (${signed(worst.percent)} %)`}, score {worst.score?.toFixed(0) ?? "–"}
        </span>
        <About anomaly={worst} />
        <Because incident={incident} member={member} />
      </figcaption>
      <Trouble problem={problem} />
      {data === undefined ? (
        <div class="chart chart-waiting" />
      ) : (
        <>
          <Chart
            columns={data.columns}
            revisions={data.revisions}
            anomalies={member.anomalies}
            from={from}
            to={to}
            changes={incident.changes}
            sync={`incident ${incident.id}`}
            onZoom={onZoom}
            label={`${member.metric}: ${worst.kind}, ${number(worst.value)} where ${number(beside(worst.value, worst.expected))} was expected`}
          />
          <Rows columns={data.columns} />
        </>
      )}
    </figure>
  );
}
