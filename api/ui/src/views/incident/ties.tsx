import { useMemo } from "preact/hooks";
import { Graph } from "../../graph";
import { useAsked } from "../../place";
import type { Evidence, Incident } from "../../shapes";

/** The members of an incident as a graph: what joined because of what. */
export function Ties({ incident }: { incident: Incident }) {
  const [asked, change] = useAsked();
  const { nodes, links, byId } = useMemo(() => drawn(incident), [incident.id, incident.member_count]);
  const chosen = asked("tie");
  const tie = chosen === undefined ? undefined : byId.get(chosen);
  return (
    <>
      <Graph
        nodes={nodes}
        links={links}
        label={`${nodes.length} members and ${links.length} ties between them`}
        chosen={chosen}
        onLink={(id) => change({ tie: id })}
        onNode={(id) => change({ tie: links.find((link) => link.target === id)?.id })}
      />
      {tie ? (
        <p class="answer" data-testid="tie-evidence" role="status">
          <b>{tie.series}</b> {tie.text}
        </p>
      ) : (
        <p class="muted">Click a tie or a member for why it is here. The same stands beside each chart above.</p>
      )}
    </>
  );
}

function drawn(incident: Incident) {
  const ties = incident.evidence.filter((one) => one.because_of !== null);
  const id = (one: Evidence): string => `${one.because_of} ${one.anomaly_id}`;
  const byId = new Map(ties.map((one) => [id(one), one]));
  const nodes = incident.members.map((one) => ({
    id: one.id,
    name: one.series,
    weight: one.score ?? 0,
    title: `${one.series}: ${one.kind}`,
  }));
  const links = ties.map((one) => ({
    id: id(one),
    source: one.because_of ?? "",
    target: one.anomaly_id,
    weight: one.decades ?? 1,
    title: one.text,
  }));
  return { nodes, links, byId };
}
