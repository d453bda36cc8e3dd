import { useEffect, useRef } from "preact/hooks";
import { colours } from "../../drawing";
import { useDark } from "../../hooks";
import { count, number, percent } from "../../numbers";
import { duration } from "../../time";
import { figuresAt, type Judged } from "./judging";
import { type Detector, nameOf, type Points } from "./shapes";

const LANE = 13;
const SQUARE = 7;
const LANES = [
  ["right calls", "hits"],
  ["false calls", "alarms"],
  ["missed", "misses"],
] as const;

interface StacksProps {
  detector: Detector;
  judged: Judged;
  points: Points;
  at: number;
  focused: boolean;
  onFocus: () => void;
}

/** One detector as it stands at a moment of the playback. */
export function Stacks({ detector, judged, points, at, focused, onFocus }: StacksProps) {
  const figures = figuresAt(judged, at);
  const truth = points.truth.some(Boolean);
  return (
    <figure data-testid="detector">
      <figcaption>
        <button type="button" class="plain" aria-pressed={focused} onClick={onFocus} title="show its band">
          <b>{nameOf(detector)}</b>
        </button>
        <span class="muted">mostly judged by {judged.model}</span>
      </figcaption>
      <Squares counts={[figures.hits, figures.alarms, figures.misses]} />
      {truth ? (
        <p class="figures" data-testid="rates">
          <Rate name="precision" value={figures.precision} how="right calls of all calls" />
          <Rate name="recall" value={figures.recall} how="anomalies' values called of all of them" />
          <Rate name="accuracy" value={figures.accuracy} how="values judged right of all" />
        </p>
      ) : (
        <p class="muted">No value is marked as an anomaly, so every call counts as false. Plant, draw or mark one.</p>
      )}
      <Noticed judged={judged} points={points} at={at} />
    </figure>
  );
}

function Rate({ name, value, how }: { name: string; value: number | undefined; how: string }) {
  return (
    <span title={how}>
      {name} <b>{value === undefined ? "–" : percent(value, (one) => one.toFixed(one > 99 && one < 100 ? 2 : 0))}</b>
    </span>
  );
}

/** Calls as they pile up: full squares are right, hollow ones false, crosses missed. */
function Squares({ counts }: { counts: [number, number, number] }) {
  const host = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  useEffect(() => {
    const canvas = host.current;
    const ctx = canvas?.getContext("2d");
    if (!canvas || !ctx) return;
    const [width, scale] = [canvas.clientWidth, devicePixelRatio];
    canvas.width = width * scale;
    canvas.height = 3 * LANE * scale;
    ctx.scale(scale, scale);
    const look = colours();
    const room = Math.max(1, Math.floor(width / SQUARE));
    const each = Math.max(1, Math.ceil(Math.max(...counts) / room));
    counts.forEach((many, lane) => {
      ctx.strokeStyle = ctx.fillStyle = lane === 0 ? look.value : look.alarm;
      for (let i = 0; i < Math.ceil(many / each); i++) {
        const [x, y, size] = [i * SQUARE + 0.5, lane * LANE + 3.5, SQUARE - 2];
        if (lane === 0) ctx.fillRect(x, y, size, size);
        else if (lane === 1) ctx.strokeRect(x, y, size, size);
        else {
          ctx.beginPath();
          ctx.moveTo(x, y);
          ctx.lineTo(x + size, y + size);
          ctx.moveTo(x + size, y);
          ctx.lineTo(x, y + size);
          ctx.stroke();
        }
      }
    });
  }, [counts.join(), dark]);
  const said = LANES.map(([name], i) => `${name} ${counts[i]}`).join(", ");
  return (
    <div class="stacks">
      <p class="stack-names" aria-hidden="true">
        {LANES.map(([name], i) => (
          <span key={name}>
            {name} <b>{counts[i]}</b>
          </span>
        ))}
      </p>
      <canvas ref={host} role="img" aria-label={said} />
    </div>
  );
}

/** Who notices when: for each anomaly that the playback has reached. */
function Noticed({ judged, points, at }: { judged: Judged; points: Points; at: number }) {
  const reached = judged.noticed.filter(({ from }) => from < at);
  if (reached.length === 0) return null;
  const last = reached.slice(-5);
  const found = reached.filter((one) => one.at !== undefined && one.at < at).length;
  return (
    <details class="rows" open={reached.length <= 5}>
      <summary data-testid="noticed">
        noticed {found} of {count(reached.length, "anomaly", "anomalies")}
      </summary>
      <ul class="lines">
        {last.map((one) => {
          const seen = one.at !== undefined && one.at < at;
          const late = seen ? (one.at ?? 0) - one.from : 0;
          const time = (points.ts_ms[one.at ?? 0] ?? 0) - (points.ts_ms[one.from] ?? 0);
          const size = `${count(one.to - one.from + 1, "value")} from value ${number(one.from + 1)} on`;
          return (
            <li key={one.from}>
              {size}: {!seen ? "not noticed" : late === 0 ? "at once" : `after ${count(late, "value")}, ${duration(time)}`}
            </li>
          );
        })}
      </ul>
    </details>
  );
}
