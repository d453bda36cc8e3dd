import { useMemo } from "preact/hooks";
import { get } from "../../api";
import { Chart } from "../../chart";
import { ChoiceField } from "../../fields";
import { useLoad, useSlowTick } from "../../hooks";
import { capital, number, percent } from "../../numbers";
import { Trouble } from "../../parts";
import { Rows } from "../../rows";
import { link, useAsked } from "../../place";
import type { Observations } from "../../shapes";
import type { Figure, OwnSeries } from "./shapes";

const SHOWN_MS = 2 * 86_400_000;
const REFRESH_MS = 300_000;
const HEIGHT = 118;

/** The own series of one group as small charts of the last two days. */
export function Figures({ items }: { items: Figure[] }) {
  const [asked, change] = useAsked();
  const groups = useMemo(() => [...new Set(items.map((one) => one.group))], [items]);
  const wanted = asked("group");
  const group = wanted !== undefined && groups.includes(wanted) ? wanted : groups[0];
  if (group === undefined) {
    return (
      <p data-testid="no-figures">
        Nothing is measured yet: the first values come within ten minutes of the server's start.
      </p>
    );
  }
  return (
    <section data-testid="figures">
      <h2>Measured of itself</h2>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <ChoiceField
          name="Group"
          value={group}
          choices={groups.map((one) => [one, capital(one)] as const)}
          onValue={(text) => change({ group: text })}
          testId="group"
        />
      </form>
      {items
        .filter((one) => one.group === group)
        .map((one) => (
          <OneFigure key={one.metric} figure={one} />
        ))}
    </section>
  );
}

function OneFigure({ figure }: { figure: Figure }) {
  return (
    <>
      <h3>
        {figure.words} <span class="muted">{figure.watched ? "" : "· shown only, never an anomaly"}</span>
      </h3>
      <div class="charts charts-small">
        {figure.series.map((one) => (
          <Small key={one.id} figure={figure} series={one} />
        ))}
      </div>
    </>
  );
}

function Small({ figure, series }: { figure: Figure; series: OwnSeries }) {
  const tick = useSlowTick(REFRESH_MS);
  const { data, problem } = useLoad(`own/${series.id}/${tick}`, (signal) =>
    get<Observations>(`series/${series.id}/observations`, { from_ms: Date.now() - SHOWN_MS, max_points: 600 }, signal),
  );
  const name = Object.values(series.tags).join(", ") || "all";
  const newest = data?.columns.value.at(-1);
  const times = data?.columns.ts_ms ?? [];
  return (
    <figure>
      <figcaption>
        <a href={link("series", series.id)}>{name}</a>{" "}
        <span class="muted">
          {newest == null ? "nothing final yet" : figure.share ? percent(newest, number) : number(newest)}
        </span>
      </figcaption>
      <Trouble problem={problem} />
      {data !== undefined && times.length > 0 && (
        <Chart
          columns={data.columns}
          revisions={data.revisions}
          anomalies={[]}
          from={times[0] ?? 0}
          to={times.at(-1) ?? 0}
          label={`${figure.words}, ${name}`}
          sync="meta"
          height={HEIGHT}
        />
      )}
      {data !== undefined && times.length > 0 && <Rows columns={data.columns} />}
    </figure>
  );
}
