"""Served models whose outcomes come after 14 days: a thousand predictions a minute, and what waits for them.

As in `benchmarks.served`, in a process of its own and without HTTP and shards. Fourteen days are filled, by
the hour and with a day and a half as reference, then outcomes come for a day of them.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.served import BATCH, FEATURES, START_MS, outcomes_body, predictions_body, resident, taken
from collectors.predictions_arrow import arrow_outcomes, arrow_predictions
from monitor.domain.batch import Mode
from monitor.domain.served import ModelSettings
from monitor.serving import Hooks, Serving

TITLE = "Served models, outcomes after 14 days"
A_MINUTE = 1_000
BATCH_MS = BATCH // A_MINUTE * 60_000
DAY = 86_400_000 // BATCH_MS
"""Bodies of one day."""
DAYS, TOY_DAYS = 14, 0.05
_ALL = "resident, with pages of mapped files, and with 11 MiB of ids that the measurement itself keeps"


def run(toy: bool) -> list[Figure]:
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        cost = alone.submit(_cost, toy).result()
    note = f"Arrow bodies of {BATCH:,} rows, {FEATURES} features, two segments with 13 values"
    return [
        Figure("prediction, all of it", cost["prediction"], "µs of CPU", note=note),
        Figure("outcome, all of it", cost["outcome"], "µs of CPU"),
        Figure("a thousand a minute, with outcomes", cost["cores"], "cores", 2.0, at_most=True),
        Figure("memory at most", cost["memory"], "MiB", 1_024.0, at_most=True, note=_ALL),
        Figure("predictions waiting", cost["waiting"], "millions"),
    ]


def _cost(toy: bool) -> dict[str, float]:
    bodies = int((TOY_DAYS if toy else DAYS) * DAY) - 1  # a little less than what still counts
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), bodies, after=2 if toy else DAY)


def _measure(folder: Path, bodies: int, after: int) -> dict[str, float]:
    now = [START_MS]
    serving = Serving(folder, 4 << 30, Hooks(taken, dict, lambda name, body: None, lambda: now[0]))
    serving.start()
    serving.declare("fraud", ModelSettings(reference_buckets=36))
    made = np.random.default_rng(1)
    decode, outcome = arrow_predictions().decode, arrow_outcomes().decode
    decode(predictions_body(np.arange(10), START_MS, made))  # what is loaded and compiled at the first time
    spent = {"prediction": 0.0, "outcome": 0.0}
    kept: list[np.ndarray] = []
    memory = waiting = 0.0
    for number in range(bodies + after):
        now[0] = START_MS + number * BATCH_MS
        ids = made.integers(0, 2**62, BATCH)
        if number < after:
            kept.append(ids)
        body = predictions_body(ids, now[0], made)
        began = time.process_time()
        serving.predictions(decode(body).batch, Mode.LIVE, made.bytes(16)).result()
        serving.settle(600)
        spent["prediction"] += time.process_time() - began
        waiting = max(waiting, serving.usage()["rows"] / 1e6)
        if number >= bodies:
            truth = outcomes_body(kept[number - bodies], now[0], made)
            began = time.process_time()
            serving.outcomes(outcome(truth).batch, Mode.LIVE, made.bytes(16)).result()
            serving.settle(600)
            spent["outcome"] += time.process_time() - began
        memory = max(memory, resident())
    labelled = sum(one["labelled"] for one in serving.models())
    assert labelled == after * BATCH, labelled
    serving.stop()
    prediction_us = spent["prediction"] / ((bodies + after) * BATCH) * 1e6
    outcome_us = spent["outcome"] / (after * BATCH) * 1e6
    return {
        "prediction": prediction_us,
        "outcome": outcome_us,
        "cores": (prediction_us + outcome_us) * A_MINUTE / 60e6,
        "memory": memory,
        "waiting": waiting,
    }
