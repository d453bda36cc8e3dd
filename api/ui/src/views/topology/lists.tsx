import { useState } from "preact/hooks";
import { count } from "../../numbers";
import { Bar, Fact, Moment } from "../../parts";
import { link } from "../../place";
import type { Community, Edge } from "../../shapes";
import { duration } from "../../time";
import { communityName } from "./network";

const FIRST = 50;

/** "1 in 10,000", of decades. */
function chance(decades: number): string {
  return `1 in ${Math.round(10 ** Math.min(decades, 9)).toLocaleString("en")}`;
}

/** Why two series are tied. */
export function Evidence({ edge }: { edge: Edge }) {
  return (
    <div class="answer" data-testid="edge-evidence" role="status">
      <p>{edge.text}.</p>
      <dl class="facts">
        <Fact name="First">
          <a href={link("series", edge.source_id)}>{edge.source}</a>
        </Fact>
        <Fact name="Then">
          <a href={link("series", edge.target_id)}>{edge.target}</a>
        </Fact>
        <Fact name="Later by">{duration(edge.lag_ms)}</Fact>
        <Fact name="Together">
          {edge.count} of {edge.of} times
        </Fact>
        <Fact name="By chance">{chance(edge.decades)}</Fact>
        <Fact name="Last">
          <Moment ms={edge.last_ms} />
        </Fact>
      </dl>
    </div>
  );
}

export function Communities({ items }: { items: Community[] }) {
  const [shown, setShown] = useState(FIRST);
  const most = items[0]?.size ?? 1;
  return (
    <>
      <table class="list" data-testid="communities">
        <thead>
          <tr>
            <th>Held together by</th>
            <th>Series</th>
          </tr>
        </thead>
        <tbody>
          {items.slice(0, shown).map((one) => (
            <tr key={communityName(one)}>
              <td class="c-title">
                <a href={link("topology", undefined, { community: communityName(one) })} data-row>
                  {one.hubs.join(", ")}
                </a>
              </td>
              <td>
                <Bar share={one.size / most} label={`${one.size} series`} /> {one.size}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More left={items.length - shown} onMore={() => setShown(shown + FIRST)} />
    </>
  );
}

export function Edges({ items, onEdge }: { items: Edge[]; onEdge: (edge: Edge) => void }) {
  const [shown, setShown] = useState(FIRST);
  return (
    <>
      <table class="list" data-testid="edges">
        <thead>
          <tr>
            <th>First</th>
            <th>Then</th>
            <th>Later by</th>
            <th>Together</th>
            <th>By chance</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {items.slice(0, shown).map((edge) => (
            <tr key={edge.source_id + edge.target_id}>
              <td class="c-title">
                <a href={link("topology", undefined, { focus: edge.source_id })} data-row>
                  {edge.source}
                </a>
              </td>
              <td class="c-title">
                <a href={link("topology", undefined, { focus: edge.target_id })}>{edge.target}</a>
              </td>
              <td data-label="later by">{duration(edge.lag_ms)}</td>
              <td data-label="together">
                {edge.count} of {edge.of}
              </td>
              <td data-label="by chance">{chance(edge.decades)}</td>
              <td>
                <button type="button" class="small" onClick={() => onEdge(edge)}>
                  evidence
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More left={items.length - shown} onMore={() => setShown(shown + FIRST)} />
    </>
  );
}

function More({ left, onMore }: { left: number; onMore: () => void }) {
  if (left <= 0) return null;
  return (
    <button type="button" onClick={onMore}>
      Show more of {count(left, "other")}
    </button>
  );
}
