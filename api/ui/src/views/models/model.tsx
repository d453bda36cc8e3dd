import { useMemo } from "preact/hooks";
import { get, part } from "../../api";
import { Chart } from "../../chart";
import { ChoiceField } from "../../fields";
import { useLoad, useTick, useTitle } from "../../hooks";
import { number, percent } from "../../numbers";
import { Fact, Moment, Trouble } from "../../parts";
import { back, link, useAsked } from "../../place";
import type { Change, Columns } from "../../shapes";
import { duration } from "../../time";
import { Buckets, Drifts, Versions } from "./lists";
import type { Bucket, ModelDetail } from "./shapes";
import { estimateOf, Guess, Measured } from "./values";

const BUCKETS = 200;
const NONE = { ts_ms: [], value: [] };

export function ModelView({ name }: { name: string }) {
  const tick = useTick();
  const [asked] = useAsked();
  const query = { version: asked("version"), segment: asked("segment"), buckets: BUCKETS };
  const { data, problem } = useLoad(`${name}/${JSON.stringify(query)}/${tick}`, (signal) =>
    get<ModelDetail>(`models/${part(name)}`, query, signal),
  );
  useTitle(data?.name);
  return (
    <main data-testid="model-view">
      <p class="up">
        <a href={back("models")}>← Models</a>
      </p>
      <h1>{name}</h1>
      <Trouble problem={problem} />
      {data === undefined && !problem && <p class="muted">Loading…</p>}
      {data !== undefined && data.name === name && <Detail model={data} />}
    </main>
  );
}

function Detail({ model }: { model: ModelDetail }) {
  const [asked] = useAsked();
  const measures = useMemo(() => [...new Set(model.buckets.flatMap((one) => Object.keys(one.values)))], [model]);
  const wanted = asked("measure");
  const measure = wanted !== undefined && measures.includes(wanted) ? wanted : model.measure;
  return (
    <>
      <Facts model={model} />
      {model.error_drift && (
        <p data-testid="error-drift">
          <b>▲ Error drift</b>: {model.error_drift.text}{" "}
          <span class="muted">
            · certain at <Moment ms={model.error_drift.at_ms} />
          </span>
        </p>
      )}
      <Choices model={model} measures={measures} measure={measure} />
      <Quality model={model} measure={measure} />
      <Drifts model={model} />
      <Versions items={model.each} />
      <Buckets items={model.buckets} measure={measure} />
    </>
  );
}

function Facts({ model }: { model: ModelDetail }) {
  const delays = Object.entries(model.delay_ms).map(([name, ms]) => `${name} ${duration(ms)}`);
  return (
    <dl class="facts" data-testid="facts">
      <Fact name="Task">{model.task}</Fact>
      <Fact name="Newest version">{model.version}</Fact>
      <Fact name={`${model.measure}, newest mature bucket`}>
        <Measured value={model.quality} />
        {model.quality_ms !== null && (
          <span class="muted">
            {" "}
            <Moment ms={model.quality_ms} />
          </span>
        )}
      </Fact>
      <Fact name="Estimated without labels">
        <Guess estimate={model.estimate} measure={model.measure} />
      </Fact>
      <Fact name="Predictions">{model.predictions.toLocaleString("en")}</Fact>
      <Fact name="With their outcome">{model.labelled.toLocaleString("en")}</Fact>
      {delays.length > 0 && <Fact name="Outcomes took">{delays.join(", ")}</Fact>}
      {Object.entries(model.counts).map(([reason, many]) => (
        <Fact key={reason} name={`Counted nowhere: ${reason}`}>
          {many.toLocaleString("en")}
        </Fact>
      ))}
    </dl>
  );
}

function Choices({ model, measures, measure }: { model: ModelDetail; measures: string[]; measure: string }) {
  const [asked, change] = useAsked();
  const version = model.each.find((one) => one.version === model.shown_version);
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <ChoiceField
        name="Version"
        value={model.shown_version}
        choices={model.each.map((one) => [one.version, one.version] as const)}
        onValue={(text) => change({ version: text, segment: undefined })}
      />
      <ChoiceField
        name="Segment"
        value={asked("segment") ?? ""}
        choices={[["", "all"], ...(version?.segments ?? []).map((one) => [one, one] as const)]}
        onValue={(text) => change({ segment: text })}
      />
      {measures.length > 1 && (
        <ChoiceField
          name="Measure"
          value={measure}
          choices={measures.map((one) => [one, one] as const)}
          onValue={(text) => change({ measure: text })}
        />
      )}
    </form>
  );
}

/** Buckets as the columns of a chart, oldest first; what is estimated stands where series have what is expected. */
function columnsOf(buckets: Bucket[], measure: string): Columns {
  const rows = [...buckets].sort((a, b) => a.start_ms - b.start_ms);
  const of = <T,>(pick: (bucket: Bucket) => T): T[] => rows.map(pick);
  return {
    ts_ms: of((one) => one.start_ms),
    value: of((one) => one.values[measure]?.value ?? null),
    n: of((one) => one.values[measure]?.n ?? null),
    expected: of((one) => estimateOf(one.estimate, measure)?.value ?? null),
    lower: of((one) => one.values[measure]?.lower ?? null),
    upper: of((one) => one.values[measure]?.upper ?? null),
    score: of(() => null),
    verdict: of((one) => `${one.phase}, ${percent(one.coverage)} labelled`),
    model: of(() => ""),
  };
}

function Quality({ model, measure }: { model: ModelDetail; measure: string }) {
  const columns = useMemo(() => columnsOf(model.buckets, measure), [model.buckets, measure]);
  const deploys: Change[] = model.each.map((one) => ({
    ...{ id: one.version, at_ms: one.first_ms, kind: "version", title: one.version, tags: {} },
  }));
  if (columns.value.every((value) => value === null)) {
    return <p class="muted">No {measure} yet: outcomes are still to come.</p>;
  }
  const first = columns.ts_ms[0] ?? 0;
  const last = Math.max(columns.ts_ms.at(-1) ?? 0, first + 1_000);
  const version = model.each.find((one) => one.version === model.shown_version);
  const series = model.shown_segment === null ? version?.series[`model.${measure}`] : undefined;
  const newest = columns.value.findLast((value) => value !== null);
  return (
    <figure>
      <ul class="key" aria-label="What the chart shows">
        <li><i class="key-value" /> {measure}</li>
        <li><i class="key-band" /> its interval of 95 %</li>
        <li><i class="key-expected" /> estimated without labels</li>
        <li>◆ a version's first prediction</li>
        {series && (
          <li>
            <a href={link("series", series)} data-testid="whole-history">
              its whole history
            </a>
          </li>
        )}
      </ul>
      <Chart
        columns={columns}
        revisions={NONE}
        anomalies={[]}
        changes={deploys}
        from={first}
        to={last}
        height={280}
        label={`${measure} of ${model.name}, ${number(newest)} at last`}
      />
    </figure>
  );
}
