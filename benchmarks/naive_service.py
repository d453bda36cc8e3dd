"""``python -m benchmarks.naive_service PORT DATABASE``: the service one would write first.

FastAPI with a Pydantic list model, one River forecaster and one River scorer a series in a dict, and each
request's rows inserted into SQLite in one transaction.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from river.anomaly import GaussianScorer
from river.time_series import HoltWinters

SLOTS = 24


class Sample(BaseModel):
    metric: str
    tags: dict[str, str] = {}
    timestamp: int
    value: float


class Body(BaseModel):
    samples: list[Sample]


class Answer(BaseModel):
    accepted: int


class Series:
    """The models of one series."""

    def __init__(self) -> None:
        self.forecaster: Any = HoltWinters(alpha=0.1, beta=0.01, gamma=0.1, seasonality=SLOTS)  # type: ignore[no-untyped-call]
        self.scorer: Any = GaussianScorer(grace_period=SLOTS)  # type: ignore[no-untyped-call]
        self.seen = 0

    def take(self, value: float) -> float:
        """Score the value, then learn from it."""
        score = 0.0
        if self.seen >= SLOTS:
            residual = value - self.forecaster.forecast(1)[0]
            score = float(self.scorer.score_one(None, residual))
            self.scorer.learn_one(None, residual)
        self.forecaster.learn_one(value)
        self.seen += 1
        return score


def create_app(database: str) -> FastAPI:
    app = FastAPI()
    connection = sqlite3.connect(database, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE sample (series TEXT, ts_ms INTEGER, value REAL, score REAL)")
    known: dict[tuple[str, tuple[tuple[str, str], ...]], Series] = {}

    @app.get("/ready")
    async def ready() -> Answer:
        return Answer(accepted=0)

    @app.post("/api/v1/samples")
    async def samples(body: Body) -> Answer:
        rows = []
        for sample in body.samples:
            key = (sample.metric, tuple(sorted(sample.tags.items())))
            series = known.get(key)
            if series is None:
                series = known[key] = Series()
            rows.append((str(key), sample.timestamp, sample.value, series.take(sample.value)))
        with connection:
            connection.executemany("INSERT INTO sample VALUES (?, ?, ?, ?)", rows)
        return Answer(accepted=len(rows))

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
