import { useState } from "preact/hooks";
import { change, get, part } from "../../api";
import { Ask } from "../../dialog";
import { ChoiceField, TextField } from "../../fields";
import { useLoad, useMay, useMe, useRefresh, useTick } from "../../hooks";
import { type Key, MetricFacts, NAMES, POLARITIES, saidOf } from "../../metric";
import { Trouble } from "../../parts";
import type { Metric } from "../../shapes";

const NUMBERS: readonly (readonly [key: Key, hint: string])[] = [
  ["min_change_absolute", "smaller differences from the expectation are no anomaly; in the metric's own unit"],
  ["min_change_relative", "0.1: less than a tenth of the expectation is no anomaly"],
  ["static_lower", "below it is an anomaly from the first value on"],
  ["static_upper", "above it is an anomaly from the first value on"],
  ["weight", "how much its trouble matters beside that of others; 1 where nothing is said"],
];

/** What holds for the metric of a series because somebody said so. */
export function Declared({ metric }: { metric: string }) {
  const tick = useTick();
  const may = useMay("config");
  const bound = useMe()?.team != null;
  const refresh = useRefresh();
  const [editing, setEditing] = useState(false);
  const { data, problem } = useLoad(`${metric}/${tick}`, (signal) => get<Metric>(`metrics/${part(metric)}`, {}, signal));
  const said = data ? saidOf(data) : [];
  return (
    <section data-testid="declared">
      <h2>Declared</h2>
      <Trouble problem={problem} />
      {data && said.length === 0 && <p class="muted">Nothing: all of it is learned.</p>}
      {data && said.length > 0 && <MetricFacts metric={data} keys={said} />}
      {data && may && !bound && (
        <button type="button" data-key="e" data-does="set minimum change and direction" data-testid="edit-metric" onClick={() => setEditing(true)}>
          Set minimum change and direction <kbd>e</kbd>
        </button>
      )}
      {data && editing && (
        <MetricDialog
          metric={data}
          onClose={() => {
            setEditing(false);
            refresh();
          }}
        />
      )}
    </section>
  );
}

function wanted(text: string): string {
  return text.includes(",") ? "write it with a point, as in 0.1" : "a number is wanted, as in 0.1";
}

function MetricDialog({ metric, onClose }: { metric: Metric; onClose: () => void }) {
  const [polarity, setPolarity] = useState(metric.polarity ?? "");
  const [unit, setUnit] = useState(metric.unit ?? "");
  const [texts, setTexts] = useState<Partial<Record<Key, string>>>(
    Object.fromEntries(NUMBERS.map(([key]) => [key, metric[key] === null ? "" : String(metric[key])])),
  );
  const numbers = Object.fromEntries(
    NUMBERS.map(([key]) => [key, texts[key]?.trim() ? Number(texts[key]) : null]),
  );
  const { name, declared_by: _, ...before } = metric;
  const body = { ...before, ...numbers, polarity: polarity || null, unit: unit || null };
  return (
    <Ask
      title={`What ${name} is`}
      does="Declare"
      onClose={onClose}
      ready={Object.values(numbers).every((one) => one === null || Number.isFinite(one))}
      work={() => change("PUT", `metrics/${part(name)}`, body)}
    >
      <p class="muted">Holds for every series of this metric, from now on. An empty field is left to be learned.</p>
      <ChoiceField name="Direction" value={polarity} choices={POLARITIES} onValue={setPolarity} />
      {NUMBERS.map(([key, hint]) => (
        <TextField
          key={key}
          name={NAMES[key]}
          hint={Number.isFinite(numbers[key] ?? 0) ? hint : wanted(texts[key] ?? "")}
          value={texts[key] ?? ""}
          onValue={(text) => setTexts({ ...texts, [key]: text })}
        />
      ))}
      <TextField name="Unit" value={unit} onValue={setUnit} />
    </Ask>
  );
}
