import { get } from "../../api";
import { useLoad, useTick, useTitle } from "../../hooks";
import { count } from "../../numbers";
import { Bar, Moment, Notice, Sentence, Trouble } from "../../parts";
import { link } from "../../place";
import type { Page } from "../../shapes";
import type { Model } from "./shapes";
import { Guess, Measured } from "./values";

const GONE = 404;

/** Watched models: how good each is, how much of that is known, and what has drifted. */
export function ModelsView() {
  const tick = useTick();
  const { data, problem } = useLoad(`models/${tick}`, (signal) => get<Page<Model>>("models", { limit: 1_000 }, signal));
  useTitle("Models");
  return (
    <main data-testid="models-view">
      <h1>Models</h1>
      {problem?.status === GONE ? (
        <Notice kind="plain">This server takes no predictions of models.</Notice>
      ) : (
        <Trouble problem={problem} />
      )}
      {data === undefined && !problem && <p class="muted">Loading…</p>}
      {data?.items.length === 0 && (
        <p data-testid="no-models">
          No model is watched yet: send its predictions to <code>/api/v1/predictions</code>, and what came true to{" "}
          <code>/api/v1/outcomes</code>.
        </p>
      )}
      {data !== undefined && data.items.length > 0 && <List items={data.items} />}
    </main>
  );
}

function List({ items }: { items: Model[] }) {
  return (
    <table class="list" data-testid="models">
      <thead>
        <tr>
          <th>Model</th>
          <th>Task</th>
          <th>Version</th>
          <th>Quality, newest mature bucket</th>
          <th>Estimated without labels</th>
          <th>Labelled</th>
          <th>Drifted</th>
          <th>Last</th>
        </tr>
      </thead>
      <tbody>
        {items.map((model) => (
          <tr key={model.name}>
            <td class="c-title">
              <a href={link("models", model.name)} data-row data-testid="model-link">
                <b>{model.name}</b>
              </a>
            </td>
            <td>{model.task}</td>
            <td data-label="version">
              {model.version} <span class="muted">of {count(model.versions, "version")}</span>
            </td>
            <td>
              {model.measure} <Measured value={model.quality} />
            </td>
            <td data-label="estimate">
              <Guess estimate={model.estimate} measure={model.measure} />
            </td>
            <td data-label="labelled">
              <Bar
                share={model.predictions > 0 ? model.labelled / model.predictions : 0}
                label={`${model.labelled} of ${model.predictions} predictions have their outcome`}
              />{" "}
              {model.labelled.toLocaleString("en")} of {model.predictions.toLocaleString("en")}
            </td>
            <td class="c-title">
              {model.drifted.length === 0 ? (
                "nothing"
              ) : (
                <ul class="lines">
                  {model.drifted.slice(0, 3).map((text) => (
                    <li key={text}>
                      ▲ <Sentence text={text} />
                    </li>
                  ))}
                </ul>
              )}
            </td>
            <td data-label="last">
              <Moment ms={model.last_ms} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
