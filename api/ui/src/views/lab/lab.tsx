import { useEffect, useMemo, useState } from "preact/hooks";
import { change } from "../../api";
import { CheckField } from "../../fields";
import { useDoing, useLoad, useMay, useSettled, useTitle } from "../../hooks";
import { count } from "../../numbers";
import { Moment, Notice, Trouble } from "../../parts";
import { link, useAsked } from "../../place";
import { Detectors } from "./detectors";
import { type Judged, judged } from "./judging";
import { Picture } from "./picture";
import { drawn, marked } from "./planting";
import { type Hand, Planter } from "./planter";
import { usePlaying } from "./playing";
import { type Called, type Detector, FIRST, nameOf, type Points } from "./shapes";
import { pointsOf, Source } from "./source";
import { Stacks } from "./stacks";

const MOST = 4_000;

/** Several detectors over one series, played back side by side. Nothing of it is kept. */
export function Lab() {
  const [asked] = useAsked();
  const may = useMay("feedback");
  const series = asked("series");
  const [own, setOwn] = useState<Points>();
  const { data, problem } = useLoad(`lab/${series ?? ""}`, async (signal) =>
    series ? pointsOf(series, MOST, signal) : undefined,
  );
  useEffect(() => setOwn(undefined), [series]);
  useTitle("Lab");
  const first = own ?? (series && data?.series === series ? data : undefined);
  return (
    <main>
      {first && (
        <p class="up">
          <a href={link("lab")} onClick={() => setOwn(undefined)}>
            ← another series
          </a>
        </p>
      )}
      <h1>Lab{first && `: ${first.name}`}</h1>
      <Trouble problem={series ? problem : undefined} />
      {!may && <Notice kind="plain">To try detectors you need the right to give feedback.</Notice>}
      {may && !first && !series && (
        <>
          <p class="muted">
            Several detectors over one series, side by side: who calls what, who is wrong, who notices a fault that you
            plant, and when. Nothing of it is kept.
          </p>
          <Source onPoints={setOwn} />
        </>
      )}
      {may && first && first.value.length === 0 && <p class="muted">This series has no values yet.</p>}
      {may && first && first.value.length > 0 && <Bench key={first.name} first={first} />}
    </main>
  );
}

interface Run {
  points: Points;
  detectors: readonly Detector[];
  called: Called[];
}

async function tried(points: Points, detectors: readonly Detector[]): Promise<Called[]> {
  const { series, ts_ms, value, n } = points;
  const { detectors: called } = await change<{ detectors: Called[] }>("POST", "lab", { series, ts_ms, value, n, detectors });
  return called;
}

function Bench({ first }: { first: Points }) {
  const [points, setPoints] = useState(first);
  const [detectors, setDetectors] = useState<readonly Detector[]>(FIRST);
  const [hand, setHand] = useState<Hand>("look");
  const [run, setRun] = useState<Run>();
  const [focus, setFocus] = useState(0);
  const [own, setOwn] = useState(true);
  const [score, setScore] = useState(60);
  const { busy, problem, run: doing } = useDoing();
  const settled = useSettled(own ? undefined : score, 60);
  const judgements = useMemo<Judged[]>(
    () => run?.called.map((one) => judged({ ...run.points, truth: points.truth }, one, settled)) ?? [],
    [run, points.truth, settled],
  );
  const play = usePlaying(points.value.length);
  const stale = run !== undefined && (run.points.value !== points.value || run.detectors !== detectors);
  const here = Math.min(focus, judgements.length - 1);
  const go = (): void =>
    void doing(async () => {
      const called = await tried(points, detectors);
      setRun({ points, detectors, called });
      play.begin();
    });
  return (
    <>
      <Planter points={points} hand={hand} onHand={setHand} onPoints={setPoints} />
      <Detectors chosen={detectors} onChosen={setDetectors} />
      <p class="buttons">
        <button type="button" class="main" data-key="r" data-does="run the detectors" data-testid="run-lab" disabled={busy} onClick={go}>
          {busy ? "Running…" : run ? "Run again" : "Run"} <kbd>r</kbd>
        </button>
        {points !== first && (
          <button type="button" data-testid="undo-lab" onClick={() => setPoints(first)}>
            Take back all that was planted, drawn and marked
          </button>
        )}
      </p>
      <Trouble problem={problem} />
      {stale && <Notice kind="plain">The detectors have not seen the last change yet: run them again.</Notice>}
      <Picture
        points={points}
        judged={judgements[here]}
        called={stale ? undefined : run?.called[here]}
        hand={hand}
        until={run && play.at < points.value.length ? points.ts_ms[play.at] : undefined}
        name={run?.detectors[here] ? nameOf(run.detectors[here]) : ""}
        onDraw={(stroke) => setPoints(drawn(points, stroke))}
        onMark={(from, to) => setPoints(marked(points, from, to))}
      />
      {run && (
        <>
          <div class="search" role="group" aria-label="Playback">
            <button type="button" data-key="p" data-does="play or pause" data-testid="play" onClick={play.toggle}>
              {play.running ? "Pause" : "Play"} <kbd>p</kbd>
            </button>
            <input
              type="range"
              aria-label="How far it is played"
              data-testid="played"
              min={0}
              max={points.value.length}
              value={play.at}
              onInput={(event) => play.to(Number(event.currentTarget.value))}
            />
            <span class="num">{count(play.at, "value")}</span>
            <Moment ms={points.ts_ms[Math.max(0, play.at - 1)] ?? null} />
          </div>
          <div class="search">
            <CheckField name="each by its own rule" value={own} onValue={setOwn} />
            <label for="lab-score">or what scores at least</label>
            <input
              id="lab-score"
              type="range"
              min={30}
              max={99}
              value={score}
              data-testid="lever"
              onInput={(event) => {
                setOwn(false);
                setScore(Number(event.currentTarget.value));
              }}
            />
            <output for="lab-score">{own ? "–" : score}</output>
          </div>
          <div class="charts charts-small">
            {judgements.map((one, i) => (
              <Stacks
                key={i}
                detector={run.detectors[i] ?? { model: undefined, threshold: undefined }}
                judged={one}
                points={{ ...run.points, truth: points.truth }}
                at={play.at}
                focused={i === here}
                onFocus={() => setFocus(i)}
              />
            ))}
          </div>
        </>
      )}
    </>
  );
}
