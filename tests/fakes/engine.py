"""A stand-in for the engine: it keeps what it is told and answers questions about series that it makes up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.catalogue.asking import Asked
from monitor.catalogue.order import Spot, spot_from, spot_of_series
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.declared import Declared
from monitor.domain.errors import UnknownSeries
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity, shard_of
from monitor.domain.teams import Teams
from monitor.engine.base import Accepted, Events, ShardStatus
from monitor.meta.freeze import Freeze
from tests.fakes.clock import NOW_MS
from tests.fakes.rows import JOURNAL_ENTRY, PAST, moment, series_row


@dataclass
class Submitted:
    batch: SampleBatch
    mode: Mode
    arrival_ms: int
    request_id: bytes


class FakeEngine:
    """Two shards in memory. ``fail`` ends the next submits; ``reject`` is its answer, ``noted`` its count.
    ``moments``: by time, what differs there from an ordinary minute; ``fail_ask`` ends questions on pasts."""

    def __init__(self, shards: int = 2) -> None:
        self.shards = shards
        self.history_ends_ms = 0
        self.known: dict[int, bytes] = {}
        self.submitted: list[Submitted] = []
        self.controls: list[Tick | Control] = []
        self.fail: list[Exception] = []
        self.reject: dict[str, int] = {}
        self.noted: dict[str, int] = {"late": 0, "duplicate": 0, "conflict": 0}
        self.seen: set[bytes] = set()
        self.checkpoints = 0
        self.closed = False
        self.lag = 0
        self.log_ok = True
        self.on_events: Callable[[Events], None] | None = None
        self.pending: Future[Accepted] | None = None
        self.moments: dict[int, dict[str, Any]] = {}
        self.verdict_bodies: list[dict[str, Any]] = []
        self.asked_pasts: list[tuple[str, bool]] = []
        self.asked_siblings: list[str | None] = []
        self.fail_ask: Exception | None = None

    def start(self, on_events: Callable[[Events], None], since: Mapping[int, int]) -> None:
        self.on_events = on_events

    def submit(
        self, batch: SampleBatch, *, mode: Mode, arrival_ms: int, request_id: bytes = b""
    ) -> Future[Accepted]:
        if self.pending is not None:
            return self.pending
        future: Future[Accepted] = Future()
        try:
            future.set_result(self._take(batch, mode, arrival_ms, request_id))
        except Exception as error:
            future.set_exception(error)
        return future

    def _take(self, batch: SampleBatch, mode: Mode, arrival_ms: int, request_id: bytes) -> Accepted:
        if self.fail:
            raise self.fail.pop(0)
        if request_id in self.seen:
            return Accepted(len(batch), {}, repeated=True)
        if any(
            f not in self.known and f not in batch.identities for f in np.unique(batch.fingerprint).tolist()
        ):
            raise UnknownSeries("a series without its identity")
        self.seen.add(request_id)
        self.known.update(batch.identities)
        self.submitted.append(Submitted(batch, mode, arrival_ms, request_id))
        return Accepted(len(batch) - sum(self.reject.values()), dict(self.reject))

    def control(self, entry: Tick | Control) -> Future[None]:
        self.controls.append(entry)
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def ask(self, shard: int, question: str, **arguments: Any) -> Any:
        return getattr(self, question)(shard, **arguments)

    def series_list(
        self,
        shard: int,
        metric: str | None,
        q: str | None,
        tag: str | None,
        after: str,
        limit: int,
        team: str | None = None,
    ) -> list[dict[str, Any]]:
        rows = [
            series_row(Identity.from_canonical(text))
            for f, text in self.known.items()
            if self._mine(f, shard) and self._belongs(text, team)
        ]
        wanted = [
            row
            for row in rows
            if _spot(row) > spot_from(after)
            and Asked(metric, q, tag).fits(Identity.of(row["metric"], row["tags"]))
        ]
        return sorted(wanted, key=_spot)[:limit]

    def history_end(self, shard: int) -> tuple[int, int]:
        return self.history_ends_ms, self.history_ends_ms

    def series_one(self, shard: int, id: str) -> dict[str, Any] | None:
        text = self.known.get(int(id, 16))
        return None if text is None else series_row(Identity.from_canonical(text))

    def first_values(self, shard: int, id: str) -> list[float]:
        return [10.0, 12.0, 14.0]

    def siblings(
        self, shard: int, metric: str, most: int, team: str | None = None
    ) -> list[tuple[str, float, float]]:
        self.asked_siblings.append(team)
        return [(f"{shard:016x}", 100.0 + shard, 2.0)]

    def journal(self, shard: int, id: str) -> list[dict[str, Any]]:
        return [] if int(id, 16) not in self.known else [JOURNAL_ENTRY]

    def challenger(self, shard: int, id: str, from_ms: Any, to_ms: Any, max_points: int) -> dict[str, Any]:
        column = np.array([1.25, np.nan])
        columns = {"expected": column, "lower": column - 1.0, "upper": column + 1.0}
        return {"model": "kalman", "ts_ms": np.array([0, 60_000]), **columns}

    def observations(
        self, shard: int, id: str, from_ms: Any, to_ms: Any, max_points: int, whole: bool = False
    ) -> dict[str, Any]:
        return {
            "ts_ms": np.array([0, 60_000]),
            "value": np.array([1.0, np.nan]),
            "n": np.array([np.nan, 3.0], np.float32),
            "expected": np.array([1.5, np.inf]),
            "lower": np.array([0.5, np.nan]),
            "upper": np.array([2.5, np.nan]),
            "score": np.array([12.5, 0.0], np.float32),
            "verdict": np.array([0, 5], np.uint8),
            "model": np.array([1, 3], np.uint8),
        }

    def revisions(self, shard: int, id: str, from_ms: Any, to_ms: Any, max_points: int) -> dict[str, Any]:
        return {
            "ts_ms": np.array([30_000]),
            "value": np.array([4.0]),
            "n": np.array([np.nan], np.float32),
            "arrival_ms": np.array([NOW_MS]),
        }

    def verdicts(self, shard: int, known: int) -> dict[str, Any]:
        return {"mark": len(self.verdict_bodies), "labels": self.verdict_bodies}

    def moment(self, shard: int, id: str, at_ms: int) -> dict[str, Any] | None:
        if int(id, 16) not in self.known:
            return None
        return self._said(id) | moment(at_ms // 60_000 * 60_000) | self.moments.get(at_ms, {})

    def pasts(self, shard: int, asked: list[list[Any]]) -> list[dict[str, Any] | None]:
        if self.fail_ask is not None:
            raise self.fail_ask
        self.asked_pasts += [(id, wanted) for id, _, _, _, wanted in asked]
        return [self._said(one[0]) | {"past": PAST if one[4] else None} for one in asked]

    def _said(self, id: str) -> dict[str, Any]:
        text = self.known.get(int(id, 16))
        metric = Identity.from_canonical(text).metric if text else ""
        declared = Declared(self.declarations(0)).of(metric)
        return {"declared": dict(declared), "class": "smooth"}

    def metric_names(self, shard: int, team: str | None = None) -> list[str]:
        return [
            Identity.from_canonical(text).metric
            for f, text in self.known.items()
            if self._mine(f, shard) and self._belongs(text, team)
        ]

    def teams(self, shard: int) -> dict[str, Any]:
        bodies = [c.body for c in self.controls if isinstance(c, Control) and c.kind is Kind.TEAM]
        return dict(Teams({body["name"]: body["rules"] for body in bodies}).rules)

    def _belongs(self, text: bytes, team: str | None) -> bool:
        teams = Teams(self.teams(0))
        return team is None or teams.of(Identity.from_canonical(text)) == team

    def freeze(self, shard: int) -> dict[str, Any]:
        told = [c.body["freeze"] for c in self.controls if isinstance(c, Control) and "freeze" in c.body]
        return dict(told[-1]) if told else Freeze().to_body()

    def changed_since(self, shard: int, since_ms: int, family: str | None) -> list[dict[str, Any]]:
        return []

    def own_series(self, shard: int) -> list[dict[str, Any]]:
        return []

    def declarations(self, shard: int) -> dict[str, dict[str, Any]]:
        bodies = [c.body for c in self.controls if isinstance(c, Control) and c.kind is Kind.METRIC]
        declared = Declared({body["name"]: body["declaration"] for body in bodies})
        return {name: dict(body) for name, body in declared.bodies.items()}

    def tag_counts(self, shard: int) -> dict[str, int]:
        return {"origin=JFK": shard + 1}

    def _mine(self, fingerprint: int, shard: int) -> bool:
        return shard_of(fingerprint, self.shards) == shard

    def status(self) -> list[ShardStatus]:
        count = len(self.submitted)
        return [
            ShardStatus(
                shard=shard,
                appended=count,
                applied=count,
                checkpointed=0,
                lag_samples=self.lag,
                series=len(self.known),
                samples=0,
                late=self.noted.get("late", 0),
                duplicate=self.noted.get("duplicate", 0),
                conflict=self.noted.get("conflict", 0),
                declarations=len(self.declarations(shard)),
                held=0,
                log_bytes=0,
                state_bytes=0,
                clock_ms=0,
                log_ok=self.log_ok,
            )
            for shard in range(self.shards)
        ]

    def settle(self, timeout_s: float | None = None) -> None: ...

    def checkpoint(self) -> None:
        self.checkpoints += 1

    def close(self) -> None:
        self.closed = True


def _spot(row: dict[str, Any]) -> Spot:
    return spot_of_series(row["series"], row["id"])
