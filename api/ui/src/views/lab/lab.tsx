import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { CheckField } from "../../fields";
import { useDoing, useLoad, useMay, useSettled, useTitle } from "../../hooks";
import { useKept } from "../../lever";
import { count } from "../../numbers";
import { Moment, Notice, Trouble } from "../../parts";
import { link, useAsked, whole } from "../../place";
import { Detectors } from "./detectors";
import { Held } from "./held";
import { type Judged, judged } from "./judging";
import { Picture } from "./picture";
import { type Hand, Planter } from "./planter";
import { usePlaying } from "./playing";
import { type Act, after, MOST_ACTS, readActs, readDetectors, simple, writtenActs, writtenDetectors } from "./recipe";
import { type Run, tried } from "./running";
import { nameOf, type Points } from "./shapes";
import { pointsOf, Source } from "./source";
import { Stacks } from "./stacks";

const MOST = 4_000;
/** What was done to another series is not done to the next one. */
const ANEW = { did: undefined, detectors: undefined, run: undefined, until: undefined, at: undefined, score: undefined, focus: undefined };

/** Several detectors over one series, played back side by side. Nothing of it is kept but in the address. */
export function Lab() {
  const [asked, change] = useAsked();
  const may = useMay("feedback");
  const [file, setFile] = useState<Points>();
  const series = asked("series");
  useEffect(() => setFile(undefined), [series]);
  useTitle("Lab");
  return (
    <main>
      {(file || series) && (
        <p class="up">
          <a href={link("lab")} onClick={() => setFile(undefined)}>
            ← another series
          </a>
        </p>
      )}
      {!may && <Notice kind="plain">To try detectors you need the right to give feedback.</Notice>}
      {may && !file && !series && (
        <>
          <h1>Lab</h1>
          <p class="muted">
            Several detectors over one series, side by side: who calls what, who is wrong, who notices a fault that you
            plant, and when. Nothing of it is kept.
          </p>
          <Source
            onPoints={(points) => {
              change(ANEW);
              setFile(points);
            }}
          />
        </>
      )}
      {may && file && <Tried first={file} />}
      {may && !file && series && <Watched key={series} series={series} />}
    </main>
  );
}

/** A series that is watched, up to the time that a link names, else to now. */
function Watched({ series }: { series: string }) {
  const [asked] = useAsked();
  const [until] = useState(() => whole(asked("until")));
  const { data, problem } = useLoad(`lab/${series}`, (signal) => pointsOf(series, MOST, until, signal));
  return (
    <>
      <Trouble problem={problem} />
      {data && <Tried first={data} />}
    </>
  );
}

function Tried({ first }: { first: Points }) {
  return (
    <>
      <h1>Lab: {first.name}</h1>
      {first.value.length > 0 ? <Bench key={first.name} first={first} /> : <p class="muted">This series has no values yet.</p>}
    </>
  );
}

function Bench({ first }: { first: Points }) {
  const [asked, change] = useAsked();
  const [did, said] = [asked("did"), asked("detectors")];
  const acts = useMemo(() => readActs(did), [did]);
  const points = useMemo(() => after(first, acts), [first, acts]);
  const detectors = useMemo(() => readDetectors(said), [said]);
  const [hand, setHand] = useState<Hand>("look");
  const [run, setRun] = useState<Run>();
  const own = asked("score") === undefined;
  const [score, setScore] = useState(whole(asked("score")) ?? 60);
  const settled = useSettled(own ? undefined : score, 60);
  const judgements = useMemo<Judged[]>(
    () => run?.called.map((one) => judged({ ...run.points, truth: points.truth }, one, settled)) ?? [],
    [run, points.truth, settled],
  );
  const play = usePlaying(points.value.length);
  const stale = run !== undefined && (run.points.value !== points.value || run.detectors !== detectors);
  const here = Math.min(whole(asked("focus")) ?? 0, judgements.length - 1);
  const { busy, problem, run: doing } = useDoing();
  const there = useRef(true);
  useEffect(() => () => void (there.current = false), []);
  const go = (at?: number): Promise<boolean> =>
    doing(async () => {
      const now = await tried(points, detectors);
      if (!there.current) return; // the reader has gone on to another series
      setRun(now);
      change({ run: 1, until: first.ts_ms.at(-1) });
      if (at === undefined) play.begin();
      else play.to(at);
    });
  const full = acts.length >= MOST_ACTS;
  const act = (next: Act): void => change({ did: writtenActs([...acts, next]), until: first.ts_ms.at(-1) });
  useEffect(() => {
    if (asked("run")) void go(whole(asked("at")));
  }, []);
  useKept("at", run && !play.running ? play.at : undefined);
  useKept("score", own ? undefined : score);
  return (
    <>
      <Planter size={points.value.length} hand={hand} onHand={setHand} onPlant={(next) => full || act(next)} />
      {first.metric && <Held metric={first.metric} />}
      <Detectors chosen={detectors} onChosen={(chosen) => change({ detectors: writtenDetectors(chosen) })} />
      <p class="buttons">
        <button type="button" class="main" data-key="r" data-does="run the detectors" data-testid="run-lab" disabled={busy} onClick={() => void go()}>
          {busy ? "Running…" : run ? "Run again" : "Run"} <kbd>r</kbd>
        </button>
        {acts.length > 0 && (
          <>
            <button type="button" data-testid="undo-last" onClick={() => change({ did: writtenActs(acts.slice(0, -1)) })}>
              Take back the last change
            </button>
            <button type="button" data-testid="undo-lab" onClick={() => change({ did: undefined })}>
              Take back all {acts.length}
            </button>
          </>
        )}
      </p>
      <Trouble problem={problem} />
      {full && <Notice kind="plain">A trial holds {MOST_ACTS} changes: take some back to make others.</Notice>}
      {stale && <Notice kind="plain">The detectors have not seen the last change yet: run them again.</Notice>}
      <Picture
        points={points}
        judged={judgements[here]}
        called={stale ? undefined : run?.called[here]}
        hand={hand}
        until={run && play.at < points.value.length ? points.ts_ms[play.at] : undefined}
        name={run?.detectors[here] ? nameOf(run.detectors[here]) : ""}
        onDraw={(stroke) => full || act({ does: "draw", stroke: simple(stroke) })}
        onMark={(from, to) => full || act({ does: "mark", from_ms: from, to_ms: to })}
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
            <CheckField name="each by its own rule" value={own} onValue={(yes) => change({ score: yes ? undefined : score })} />
            <label for="lab-score">or what scores at least</label>
            <input
              id="lab-score"
              type="range"
              min={30}
              max={99}
              value={score}
              data-testid="lever"
              onInput={(event) => {
                setScore(Number(event.currentTarget.value));
                if (own) change({ score: event.currentTarget.value });
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
                onFocus={() => change({ focus: i || undefined })}
              />
            ))}
          </div>
        </>
      )}
    </>
  );
}
