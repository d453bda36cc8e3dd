import { useMemo, useState } from "preact/hooks";
import { get, part } from "../../api";
import { Chart, ChartKey } from "../../chart";
import { useLoad, useMay, useRefresh } from "../../hooks";
import { SpanDialog } from "../../labelling";
import { Trouble } from "../../parts";
import { useAsked } from "../../place";
import { Rows } from "../../rows";
import type { Challenger, Columns, Series } from "../../shapes";
import { type Loaded, thinned } from "./loaded";

const POINTS = 10_000;
const DAY = 86_400_000;
const RANGES: readonly (readonly [name: string, length: number | undefined])[] = [
  ["all", undefined],
  ["90 days", 90 * DAY],
  ["30 days", 30 * DAY],
  ["7 days", 7 * DAY],
  ["1 day", DAY],
];

interface HistoryProps {
  loaded: Loaded;
  from: number | undefined;
  to: number | undefined;
  onPick: (ms: number) => void;
}

/** The chart of one series over the span that the address names; zooming and panning change the address. */
export function History({ loaded, from, to, onPick }: HistoryProps) {
  const { columns, revisions } = loaded.observations;
  const { series } = loaded;
  const [, change] = useAsked();
  const may = useMay("feedback");
  const refresh = useRefresh();
  const [labelling, setLabelling] = useState(false);
  const [span, setSpan] = useState<[number, number]>();
  const [first, last] = useMemo(() => {
    const begin = from ?? columns.ts_ms[0] ?? series.last_ms ?? 0;
    const end = to ?? Math.max(series.last_ms ?? 0, columns.ts_ms.at(-1) ?? 0);
    return [begin, Math.max(end, begin + 1_000)];
  }, [columns, from, to, series.last_ms]);
  const look = (begin: number, end: number): void => change({ from: Math.round(begin), to: Math.round(end) });
  const labels = loaded.labels.filter((label) => label.undone_by === null);
  const { rival, model, toggle, problem, waiting } = useRival(series, columns, first, last);
  return (
    <figure data-testid="history">
      <Toolbar series={series} first={first} last={last} onLook={look}>
        {series.challenger && (
          <button
            type="button"
            data-key="c"
            data-does="show what the challenger expected"
            data-testid="show-challenger"
            aria-pressed={toggle.on}
            onClick={toggle.turn}
          >
            {waiting ? "Challenger…" : "Challenger"} <kbd>c</kbd>
          </button>
        )}
        {may && (
          <button
            type="button"
            data-key="l"
            data-does="label a span"
            data-testid="label-span"
            aria-pressed={labelling}
            onClick={() => setLabelling(!labelling)}
          >
            Label a span <kbd>l</kbd>
          </button>
        )}
      </Toolbar>
      {labelling && (
        <p class="muted" role="status">
          Drag over the span, or <button type="button" class="small" data-testid="span-by-hand" onClick={() => setSpan([first, last])}>type its times</button>.
        </p>
      )}
      <ChartKey rival={model} more="drag to zoom, Shift and drag to move, double-click to see all, click a value to ask why" />
      <Trouble problem={problem} />
      {columns.ts_ms.length === 0 ? (
        <p class="muted">No observations in this span.</p>
      ) : (
        <>
          <Chart
            columns={columns}
            revisions={revisions}
            anomalies={loaded.anomalies}
            labels={labels}
            from={first}
            to={last}
            height={280}
            rival={rival}
            label={`history of ${series.series}`}
            onPick={onPick}
            onZoom={(zoomed) => (zoomed ? look(...zoomed) : change({ from: undefined, to: undefined }))}
            {...(labelling ? { onSpan: (begin: number, end: number) => setSpan([begin, end]) } : {})}
          />
          {thinned(loaded.observations) && (
            <p class="muted" data-testid="thinned">
              Of {loaded.observations.buckets?.toLocaleString("en")} values the lowest, the highest and the most unusual of each
              stretch are drawn; zoom in to see all.
            </p>
          )}
          {rival && (
            <p class="muted">
              The challenger as it is now, run over these values once more; its season has learned from all of them.
            </p>
          )}
          <Rows columns={columns} rival={rival} />
        </>
      )}
      {span && (
        <SpanDialog
          series={series.id}
          from={span[0]}
          to={span[1]}
          onClose={() => {
            setSpan(undefined);
            setLabelling(false);
            refresh();
          }}
        />
      )}
    </figure>
  );
}

/** What the challenger expected at each row, while the address asks for it. */
function useRival(series: Series, columns: Columns, from: number, to: number) {
  const [asked, change] = useAsked();
  const on = asked("challenger") !== undefined && series.challenger !== null;
  const span = { from_ms: Math.floor(from), to_ms: Math.ceil(to) + 1, max_points: POINTS };
  const { data, problem } = useLoad(`${on}/${series.id}/${series.challenger}/${span.from_ms}/${span.to_ms}`, async (signal) =>
    on ? get<Challenger>(`series/${part(series.id)}/challenger`, span, signal) : undefined,
  );
  const rival = useMemo(() => {
    if (!on || !data) return undefined;
    const at = new Map(data.columns.ts_ms.map((ms, i) => [ms, data.columns.expected[i] ?? null]));
    return columns.ts_ms.map((ms) => at.get(ms) ?? null);
  }, [on, data, columns]);
  const turn = (): void => change({ challenger: on ? undefined : "shown" });
  const model = rival ? (data?.model ?? undefined) : undefined;
  return { rival, model, problem: on ? problem : undefined, waiting: on && !data && !problem, toggle: { on, turn } };
}

interface ToolbarProps {
  series: Series;
  first: number;
  last: number;
  onLook: (from: number, to: number) => void;
  children: preact.ComponentChildren;
}

function Toolbar({ series, first, last, onLook, children }: ToolbarProps) {
  const [asked, change] = useAsked();
  const length = last - first;
  const newest = series.last_ms ?? last;
  const all = asked("from") === undefined && asked("to") === undefined;
  const near = (one: number): boolean => Math.abs(length - one) < 1_000 && Math.abs(last - newest) < 1_000;
  const range = (one: number | undefined): void =>
    one === undefined ? change({ from: undefined, to: undefined }) : onLook(newest - one, newest);
  return (
    <div class="choices" role="group" aria-label="Which span">
      {RANGES.map(([name, one]) => (
        <button type="button" key={name} aria-pressed={one === undefined ? all : near(one)} onClick={() => range(one)}>
          {name}
        </button>
      ))}
      <button type="button" data-key="b" data-does="earlier" aria-label="earlier" onClick={() => onLook(first - length / 2, last - length / 2)}>
        ◀
      </button>
      <button type="button" data-key="f" data-does="later" aria-label="later" onClick={() => onLook(first + length / 2, last + length / 2)}>
        ▶
      </button>
      <button type="button" data-key="o" data-does="a wider span" aria-label="a wider span" onClick={() => onLook(Math.max(0, first - length / 2), last + length / 2)}>
        −
      </button>
      <button type="button" data-key="i" data-does="a narrower span" aria-label="a narrower span" onClick={() => onLook(first + length / 4, last - length / 4)}>
        +
      </button>
      {children}
    </div>
  );
}
