import { number, percent } from "../../numbers";
import { Bar, Moment, Sentence, Tag } from "../../parts";
import { link } from "../../place";
import type { Bucket, Drift, ModelDetail, Version } from "./shapes";
import { Guess, Measured } from "./values";

const SHOWN = 60;

/** How far each feature is from the reference in the newest bucket that tells; how far it was is in its series. */
export function Drifts({ model }: { model: ModelDetail }) {
  const newest = model.buckets.find((bucket) => bucket.drift.length > 0);
  return (
    <section data-testid="drift">
      <h2>Drift by feature</h2>
      {!newest && <p class="muted">Nothing is compared yet: the reference is not complete, or no bucket is over.</p>}
      {newest && (
        <>
          <p class="muted">
            In the bucket of <Moment ms={newest.start_ms} />, beside the reference; half a bar is what chance gives.
          </p>
          <table class="list">
            <thead>
              <tr>
                <th>Feature</th>
                <th>Drifted</th>
                <th>What</th>
                <th>Distances</th>
                <th>Over time</th>
              </tr>
            </thead>
            <tbody>
              {newest.drift.map((one) => (
                <tr key={`${one.feature} ${one.segment}`}>
                  <td>
                    <b>{one.feature}</b>
                    {one.segment && <Tag>{one.segment}</Tag>}
                  </td>
                  <td>{one.drifted ? <b>▲ drifted</b> : "– no"}</td>
                  <td class="c-title">
                    <Sentence text={one.text} />
                  </td>
                  <td>
                    <Distances drift={one} />
                  </td>
                  <td>
                    <a href={link("series", undefined, { q: `model.drift ${model.name}`, tag: `feature=${one.feature}` })}>its series</a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}

function Distances({ drift }: { drift: Drift }) {
  return (
    <ul class="lines">
      {Object.entries(drift.distances).map(([name, one]) => (
        <li key={name}>
          <Bar
            share={one.chance > 0 ? one.value / (2 * one.chance) : 0}
            label={`${name} ${number(one.value)}, by chance up to ${number(one.chance)}`}
          />{" "}
          {name} {number(one.value)} <span class="muted">by chance {number(one.chance)}</span>
        </li>
      ))}
    </ul>
  );
}

export function Versions({ items }: { items: Version[] }) {
  return (
    <section data-testid="versions">
      <h2>Versions</h2>
      <table class="list">
        <thead>
          <tr>
            <th>Version</th>
            <th>First</th>
            <th>Last</th>
            <th>Predictions</th>
            <th>Labelled</th>
            <th>Reference</th>
            <th>Series</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.version}>
              <td>
                <b>{one.version}</b>
              </td>
              <td data-label="first">
                <Moment ms={one.first_ms} />
              </td>
              <td data-label="last">
                <Moment ms={one.last_ms} />
              </td>
              <td data-label="predictions">{one.predictions.toLocaleString("en")}</td>
              <td data-label="labelled">{one.labelled.toLocaleString("en")}</td>
              <td class="c-title">{one.reference}</td>
              <td class="c-title">
                <details>
                  <summary>{Object.keys(one.series).length} series</summary>
                  <ul class="lines">
                    {Object.entries(one.series).map(([metric, id]) => (
                      <li key={id}>
                        <a href={link("series", id)}>{metric}</a>
                      </li>
                    ))}
                  </ul>
                </details>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Buckets({ items, measure }: { items: Bucket[]; measure: string }) {
  return (
    <section>
      <h2>Buckets</h2>
      <table class="list" data-testid="buckets">
        <thead>
          <tr>
            <th>Bucket</th>
            <th>Phase</th>
            <th>Predictions</th>
            <th>Labelled</th>
            <th>{measure}</th>
            <th>Estimated without labels</th>
          </tr>
        </thead>
        <tbody>
          {items.slice(0, SHOWN).map((one) => (
            <tr key={one.start_ms}>
              <td>
                <Moment ms={one.start_ms} />
              </td>
              <td>{one.phase}</td>
              <td data-label="predictions">{one.predictions.toLocaleString("en")}</td>
              <td data-label="labelled">
                <Bar share={one.coverage} label={`${percent(one.coverage)} labelled`} />{" "}
                {percent(one.coverage)}
              </td>
              <td>
                <Measured value={one.values[measure]} />
              </td>
              <td data-label="estimate">
                <Guess estimate={one.estimate} measure={measure} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
