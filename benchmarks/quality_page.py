"""``python -m benchmarks.quality_page FOLDER [--toy]``: the quality benchmarks as a page with two plots.

It runs quality, the null run (all series, and once more with faults in one of eight) and both halves of the
real streams: an hour and a half on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cache import use_own_cache

if TYPE_CHECKING:  # what runs them may only be imported once Numba's cache is set
    from benchmarks.figure import Figure
    from benchmarks.measures import Tally
    from benchmarks.null_run import Counts
    from benchmarks.quality import Cell


def write(
    folder: Path,
    found: Sequence[Cell],
    null: dict[str, Counts],
    planted: dict[str, Counts],
    weeks: float,
    real: Sequence[Figure],
    held_back: Sequence[Figure],
) -> None:
    """The page ``quality.md`` and its plots in ``folder``; ``weeks``: length of a series of the null run;
    ``planted``: the same run with faults in more of them; ``real``: the halves of the public streams."""
    from benchmarks import plots
    from benchmarks.detectors import SYSTEM
    from benchmarks.quality import NONE

    system = [c for c in found if c.detector == SYSTEM]
    classes = list(dict.fromkeys(c.metric_class for c in system))
    kinds = list(dict.fromkeys(c.kind for c in system if c.kind != NONE))
    recall = {(c.metric_class, c.kind): c.tally.recall for c in system if c.kind != NONE}
    alarms = {
        name: {
            "default system": counts.anomalies / max(counts.series * weeks, 1e-9),
            "3-sigma rule": counts.rule / max(counts.series * weeks, 1e-9),
        }
        for name, counts in null.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recall.svg").write_text(plots.shares("Recall of planted faults", classes, kinds, recall))
    (folder / "false_alarms.svg").write_text(
        plots.bars("Anomalies per healthy series and week", alarms, mark=0.1)
    )
    text = [
        _HEAD,
        *_null(null, planted, weeks),
        *_detectors(found),
        *_real("development half", real),
        *_real("half held back", held_back),
        *_cells(system),
    ]
    (folder / "quality.md").write_text("\n".join(text) + "\n")


_HEAD = """# Quality

Written by `benchmarks/quality_page.py`; figures are of the default system as it is in this version, not
goals. Measures are defined in `benchmarks/measures.py`, classes in `learners/processes.py`, faults in
`learners/faults.py`. The random detector stands beside the others to show what each measure gives to
somebody who knows nothing.
"""


def _null(null: dict[str, Counts], planted: dict[str, Counts], weeks: float) -> Iterable[str]:
    from benchmarks.null_run import WEEK
    from benchmarks.null_run import Counts as Sum

    total, faulty = Sum(), Sum()
    for counts in null.values():
        total.add(counts)
    for counts in planted.values():
        faulty.add(counts)
    yield "## Null run\n"
    yield (
        f"{total.series:,} healthy series of {len(null)} classes, one week each at one minute, from a cold "
        "start, learning passes included.\nFaults are those of the same run with one faulty series in eight: "
        "a spike counts as found at its bucket,\na shift within ten. Most shifts fall on the first weekend, "
        "which a series with a daily season has not\nseen before: there it is slow to judge (docs/adr/0025); "
        "so working days stand by themselves.\n"
    )
    yield "![anomalies by class](false_alarms.svg)\n"
    head = "class | anomalies a week | of that on day 1 | 3-sigma rule | time inside | spikes found"
    yield f"| {head} | shifts found | on working days | opened by |\n|---|---|---|---|---|---|---|---|---|"
    for name, counts in [*null.items(), ("**all**", total)]:
        of = planted.get(name, faulty)
        whole = max(counts.series * weeks, 1e-9)
        causes = ", ".join(f"{n} {' / '.join(why)}" for why, n in counts.causes.most_common(3))
        kinds = ("spike", "level shift", "level shift, working days")
        seen = [f"{of.found[kind]} of {of.planted[kind]}" if of.planted[kind] else "" for kind in kinds]
        rates = [f"{x / whole:.3g}" for x in (counts.anomalies, counts.first_day, counts.rule)]
        rates.append(f"{counts.inside / (whole * WEEK):.1%}")
        yield f"| {' | '.join([name, *rates, *seen, causes if name in null else ''])} |"
    yield ""


def _detectors(found: Sequence[Cell]) -> Iterable[str]:
    from benchmarks.measures import Tally as Sum

    yield "## Detectors on planted faults\n"
    yield (
        "Three faults a series, after a warm-up of half its length. River's detectors saw a part of the "
        "streams. Peers have a budget of\none warm-up point in 1,000; the system and the families have the "
        "default threshold.\n"
    )
    yield _TABLE
    for detector in dict.fromkeys(c.detector for c in found):
        yield _row(detector, Sum.of(c.tally for c in found if c.detector == detector))
    yield ""
    for word in ("kind", "metric_class"):
        yield f"### Recall by {word.replace('metric_', '')} (false alarms a week)\n"
        values = list(dict.fromkeys(getattr(c, word) for c in found))
        detectors = list(dict.fromkeys(c.detector for c in found))
        yield f"| {word.replace('metric_', '')} | {' | '.join(detectors)} |"
        yield "|---" * (len(detectors) + 1) + "|"
        for value in values:
            cells = []
            for detector in detectors:
                some = [c.tally for c in found if c.detector == detector and getattr(c, word) == value]
                one = Sum.of(some)
                share = f"{100.0 * one.recall:.0f} % " if one.spans else ""
                cells.append(f"{share}({one.false_per_week:.2g})" if some else "")
            yield f"| {value} | {' | '.join(cells)} |"
        yield ""


_TABLE = (
    "| | recall | precision | event F1 | delay-F1 | false a week | false in 10,000 | delay median | p90 |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def _row(name: str, one: Tally) -> str:
    shares = (one.recall, one.precision, one.event_f1, one.delay_f1, one.false_per_week, one.false_per_10k)
    delays = [f"{one.delay(q):.0f}" if one.delays else "" for q in (0.5, 0.9)]
    return f"| {' | '.join([name, *(f'{x:.3g}' for x in shares), *delays])} |"


def _cells(system: Sequence[Cell]) -> Iterable[str]:
    yield "## Default system, class by kind\n"
    yield "![recall by class and kind](recall.svg)\n"
    yield "First: the first fault of each series; the later ones follow faults of the same kind.\n"
    yield "| class | kind | found | first | false a week | delay median | p90 |"
    yield "|---|---|---|---|---|---|---|"
    for c in system:
        one = c.tally
        delays = [f"{one.delay(q):.0f}" if one.delays else "" for q in (0.5, 0.9)]
        met = [f"{x.met} of {x.spans}" if x.spans else "" for x in (one, c.firsts)]
        columns = [c.metric_class, c.kind, *met, f"{one.false_per_week:.2g}", *delays]
        yield f"| {' | '.join(columns)} |"
    yield ""


def _real(half: str, real: Sequence[Figure]) -> Iterable[str]:
    yield f"## Labelled public streams, {half}\n"
    if real and real[0].note:
        yield f"{real[0].note}\n"
    names = ("delay-F1", "event F1", "precision", "recall", "false alarms", "delay")
    by_detector: dict[str, dict[str, str]] = {}
    for figure in real[1:]:
        detector, _, measure = figure.name.rpartition(": ")
        by_detector.setdefault(detector, {})[measure] = f"{figure.value:.3g}"
    yield "| | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for detector, measures in by_detector.items():
        yield f"| {detector} | {' | '.join(measures.get(name, '') for name in names)} |"
    yield ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality_page")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--toy", action="store_true", help="small sizes, only to see that all works")
    chosen = parser.parse_args()
    use_own_cache()
    from benchmarks import null_run, quality, real

    size = null_run.TOY if chosen.toy else null_run.FULL
    write(
        chosen.folder,
        quality.cells(quality.TOY if chosen.toy else quality.FULL),
        null_run.measured(size),
        null_run.measured(replace(size, planted=min(size.planted, 8))),
        size.buckets / null_run.WEEK,
        real.figures(chosen.toy, held_back=False),
        real.figures(chosen.toy, held_back=True),
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
