import { arrow, beside, number } from "../../numbers";
import { Pieces, Score, Span } from "../../parts";
import { link } from "../../place";
import type { Anomaly } from "../../shapes";

export function Anomalies({ items }: { items: Anomaly[] }) {
  return (
    <section>
      <h2>Anomalies</h2>
      {items.length === 0 ? (
        <p class="muted">None so far.</p>
      ) : (
        <table class="list list-anomalies" data-testid="anomalies">
          <thead>
            <tr>
              <th>Kind</th>
              <th>When</th>
              <th>Value</th>
              <th>Expected</th>
              <th>Score</th>
              <th>Labels</th>
              <th>Incident</th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={item.id}>
                <td>{[item.kind, arrow(item.direction)].filter(Boolean).join(" ")}</td>
                <td>
                  <Span startMs={item.onset_ms} endMs={item.end_ms} />
                </td>
                <td data-label="value">{number(item.value)}</td>
                <td data-label="expected">{number(beside(item.value, item.expected))}</td>
                <td>
                  <Score value={item.score} />
                </td>
                <td>
                  <Pieces items={item.labels} />
                </td>
                <td>
                  {item.incident_id === null ? (
                    <span class="muted">{item.without_incident ? `none: ${item.without_incident}` : "–"}</span>
                  ) : (
                    <a href={link("incident", item.incident_id)} data-row>
                      see it
                    </a>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
