"""Read-only questions to one shard, answered between two records. Plain values in and out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from threading import Lock
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from learners.classify import CLASSES
from monitor.catalogue.asking import Asked, of_team
from monitor.catalogue.order import spot_from
from monitor.domain.observation import COLUMNS, Observations
from monitor.domain.outlook import FIRST_MODEL, LEARNING, PROVISIONAL, TRUSTED, Expectation, expectation
from monitor.domain.series import Identity
from monitor.domain.thinned import thinned
from monitor.engine.account import account
from monitor.engine.moments import Moments
from monitor.engine.parts import Parts
from monitor.engine.rivals import Rivals
from monitor.engine.translate import family_name, tail_name
from monitor.meta.rolling import undoable
from monitor.shard import state as st
from monitor.shard.digest import digest

_FOREVER_MS = 1 << 61
_LOOKED_AT = 128
"""Series found that are looked at while the shard waits."""
_REVISION = ("ts_ms", "value", "n", "arrival_ms")


class Queries:
    """Every public method is a question of `Engine.ask`."""

    def __init__(self, parts: Parts, state: Lock) -> None:
        self._parts = parts
        self._lock = state
        self._moments = moments = Moments(parts, state)
        self.moment = moments.moment
        self.pasts = moments.pasts
        self.challenger = Rivals(parts, state).challenger

    def series_list(
        self,
        metric: str | None,
        q: str | None,
        tag: str | None,
        after: str,
        limit: int,
        team: str | None = None,
    ) -> list[dict[str, Any]]:
        """Series by name after the spot that ``after`` is written of; of one team, or of all. Names are
        searched beside the shard's work; it waits only while those found are described."""
        asked, spot = Asked(metric, q, tag), spot_from(after)
        with self._lock:
            among = of_team(self._parts.teams, team)
            hits = self._parts.catalogue.search(asked, spot, among)
        found: list[dict[str, Any]] = []
        while len(found) < limit and (some := list(islice(hits, min(limit - len(found), _LOOKED_AT)))):
            prints = [spot.fingerprint for spot in some]
            with self._lock:
                rows = self._parts.index.lookup(np.array(prints, np.uint64)).tolist()
                named = [
                    (row, fingerprint, self._parts.identity(row))
                    for row, fingerprint in zip(rows, prints, strict=True)
                    if row >= 0  # not forgotten since its name was listed
                ]
                found += self._described(
                    one for one in named if asked.fits(one[2]) and self._belongs(one[2], team)
                )
        return found

    def series_one(self, id: str) -> dict[str, Any] | None:
        with self._lock:
            row = self._row(id)
            if row < 0:
                return None
            (found,) = self._described([(row, int(id, 16), self._parts.identity(row))])
            return found

    def journal(self, id: str) -> list[dict[str, Any]]:
        """What the series lived by, the newest change first (`monitor.history.journal`)."""
        with self._lock:
            row = self._row(id)
            return self._parts.journal.entries(row) if row >= 0 else []

    def observations(
        self, id: str, from_ms: int | None, to_ms: int | None, max_points: int, whole: bool = False
    ) -> dict[str, Any]:
        """The newest ``max_points`` observations of the span, with provisional buckets left out; with
        ``whole`` as many of all of it (`monitor.domain.thinned`), and how many ``buckets`` that is."""
        with self._lock:
            row = self._row(id)
            if row < 0:
                return {}
            first = from_ms if from_ms is not None else -_FOREVER_MS
            last = to_ms if to_ms is not None else _FOREVER_MS
            found = self._parts.history.read(row, first, last)
        if whole:
            shown = found.take(thinned(found.value, found.score, max_points))
            return {"buckets": len(found.ts_ms), **_columns(shown, max_points)}
        return _columns(found, max_points)

    def revisions(
        self, id: str, from_ms: int | None, to_ms: int | None, max_points: int
    ) -> dict[str, NDArray[Any]]:
        """The newest ``max_points`` samples of the span that came after their bucket was final."""
        with self._lock:
            row = self._row(id)
            if row < 0:
                return {}
            first = from_ms if from_ms is not None else -_FOREVER_MS
            last = to_ms if to_ms is not None else _FOREVER_MS
            found = self._parts.history.revisions(row, first, last)
        return {name: getattr(found, name)[-max_points:] for name in _REVISION}

    def first_values(self, id: str) -> list[float]:
        """The values of a series without a model, those that are not final yet last."""
        with self._lock:
            row = self._row(id)
            if not 0 <= row < self._parts.shard.rows:
                return []
            final = min(int(self._parts.shard.clocks["final_n"][row]), FIRST_MODEL)
            found: list[float] = []
            if final:
                found = self._parts.history.window(np.array([row], np.int32), final).value.tolist()
            counter = self._parts.shard.rules.table["cumulative"][self._parts.shard.clocks["rule"][row]]
            return found if counter else found + self._moments.waiting(row)  # of a counter, steps count

    def siblings(self, metric: str, most: int, team: str | None = None) -> list[tuple[str, float, float]]:
        """Id, level and spread of the metric's series that have a model, by id, at most ``most``; of one
        team, or of all."""
        with self._lock:
            shard = self._parts.shard
            there = np.isin(shard.clocks["rule"][: shard.rows], shard.rules.numbers_of_metric(metric))
            rows = np.flatnonzero(there & (shard.common["tail"][: shard.rows] != 0))
            rows = rows[np.argsort(self._parts.index.fingerprints()[rows])]
            if team is not None:
                own = (r for r in rows.tolist() if self._belongs(self._parts.identity(r), team))
                rows = np.array(list(islice(own, most)), np.int64)
            rows = rows[:most]
            prints = self._parts.index.fingerprints()[rows]
            common = shard.common[rows]
            return [
                (f"{fingerprint:016x}", level, spread)
                for fingerprint, level, spread in zip(
                    prints.tolist(), common["offset"].tolist(), common["unit"].tolist(), strict=True
                )
            ]

    def metric_names(self, team: str | None = None) -> list[str]:
        """Of series of one team, or of all."""
        with self._lock:
            every = (self._parts.identity(int(row)) for row in self._parts.index.rows())
            return sorted({identity.metric for identity in every if self._belongs(identity, team)})

    def declarations(self) -> dict[str, dict[str, Any]]:
        with self._lock:
            return {name: dict(body) for name, body in self._parts.shard.rules.declared.bodies.items()}

    def teams(self) -> dict[str, list[dict[str, str]]]:
        """Rules by the name of their team."""
        with self._lock:
            return {name: [dict(rule) for rule in rules] for name, rules in self._parts.teams.rules.items()}

    def tag_counts(self) -> dict[str, int]:
        """Series by ``key=value``, and by metric name."""
        with self._lock:
            return self._parts.tags.by_name()

    def labels(self, metrics: Sequence[str]) -> list[dict[str, Any]]:
        """Bodies of the labels in force that speak of these metrics, in the order of the log."""
        wanted = set(metrics)
        with self._lock:
            return [
                placed.label.to_body()
                for placed in self._parts.shard.labelled
                if any(shape.metric in wanted for shape in placed.label.shapes)
            ]

    def verdicts(self, known: int) -> dict[str, Any]:
        """A mark of the verdicts in force; where it is not ``known``, their bodies in the order of the
        log."""
        with self._lock:
            placed = list(self._parts.shard.labelled)
            mark = crc32("\n".join(one.label.id for one in placed).encode())
            return {
                "mark": mark,
                "labels": None if mark == known else [one.label.to_body() for one in placed],
            }

    def account(self, at_ms: int) -> dict[str, Any]:
        """What the shard knows of how it does (`monitor.engine.account`)."""
        with self._lock:
            return account(self._parts, at_ms)

    def own_series(self) -> list[dict[str, Any]]:
        """Watchkeeper's own series, as `series_list` tells of them; some microseconds for others."""
        with self._lock:
            rows = self._parts.index.rows()
            own = rows[self._parts.ledger.own(rows)].tolist()
            prints = self._parts.index.fingerprints()
            return self._described((row, int(prints[row]), self._parts.identity(row)) for row in own)

    def history_end(self) -> tuple[int, int]:
        """Event time up to which the samples of all series but Watchkeeper's own reach: the end of the newest
        bucket that must be over, and of the newest that may be open. Zeros where there are none."""
        with self._lock:
            rows = self._parts.index.rows()
            rows = rows[rows < self._parts.shard.rows]
            clocks = self._parts.shard.clocks[rows[~self._parts.ledger.own(rows)]]
            bucket = clocks["bucket"].astype(np.int64)
            over, open = (((bucket + more) * clocks["cadence"]).max(initial=0) for more in (-1, 1))
            return int(over), int(open)

    def freeze(self) -> dict[str, Any]:
        """The freeze as it was told last (`monitor.meta.freeze`)."""
        with self._lock:
            return self._parts.freeze.to_body()

    def changed_since(self, since_ms: int, family: str | None) -> list[dict[str, Any]]:
        """Series whose newest change of models undo would take back, made by a pass that took effect at
        ``since_ms`` or later; to or from ``family``, if one is named. Some 2 µs a series with a journal."""
        with self._lock:
            return [
                {
                    **found,
                    "id": f"{self._parts.index.fingerprint(row):016x}",
                    "series": str(self._parts.identity(row)),
                }
                for row, found in self._parts.journal.since(since_ms).items()
                if row in self._parts.index and undoable(found, family)
            ]

    def cadences(self) -> dict[int, int]:
        """Cadence in ms by fingerprint, 0 while unknown."""
        with self._lock:
            rows = self._parts.index.rows()
            rows = rows[rows < self._parts.shard.rows]
            prints = self._parts.index.fingerprints()[rows]
            cadences = self._parts.shard.clocks["cadence"][rows]
            return dict(zip(prints.tolist(), cadences.tolist(), strict=True))

    def digest(self) -> str:
        """SHA-256 of the whole state in a form that does not depend on where it lies in memory."""
        with self._lock:
            rows = self._parts.index.rows()
            rows = rows[rows < self._parts.shard.rows]
            prints = self._parts.index.fingerprints()[rows]
            return digest(self._parts.shard, rows.tolist(), prints.tolist())

    def _belongs(self, identity: Identity, team: str | None) -> bool:
        return team is None or self._parts.teams.of(identity) == team

    def _row(self, id: str) -> int:
        return int(self._parts.index.lookup(np.array([int(id, 16)], np.uint64))[0])

    def _described(self, series: Iterable[tuple[int, int, Identity]]) -> list[dict[str, Any]]:
        """What is told of series by row, fingerprint and identity. The caller holds the lock."""
        some = list(series)
        last_ms = self._moments.last_ms([row for row, _, _ in some])
        return [self._describe(*one) | {"last_ms": last_ms[one[0]]} for one in some]

    def _describe(self, row: int, fingerprint: int, identity: Identity) -> dict[str, Any]:
        shard = self._parts.shard
        if row >= shard.rows:
            return _unborn(fingerprint, identity)
        common, clock, profile = shard.common[row], shard.clocks[row], shard.profiles[row]
        cadence = int(clock["cadence"])
        flags = int(common["flags"])
        assigned = int(common["tail"]) != 0
        periods = [int(p) for p in (profile["period0"], profile["period1"]) if p]
        stage = TRUSTED if flags & st.TRUSTED else PROVISIONAL if assigned else LEARNING
        newest_ms = int(clock["bucket"]) * cadence
        return {
            **_expected(expectation(stage, int(clock["final_n"]), newest_ms, cadence)),
            "id": f"{fingerprint:016x}",
            "series": str(identity),
            "metric": identity.metric,
            "tags": dict(identity.tags),
            "class": CLASSES[int(profile["metric_class"])] if assigned else "unknown",
            "cadence_ms": cadence,
            "seasons_ms": [p * cadence for p in periods],
            "champion": family_name(int(common["champion"])),
            "challenger": family_name(int(common["challenger"])),
            "threshold": tail_name(int(common["tail"])),
            "final_buckets": int(clock["final_n"]),
            "stage": stage,
            "timezone": shard.rules.zone_of(int(clock["rule"])),
            "pinned": bool(flags & st.PINNED),
        }


def _columns(found: Observations, most: int) -> dict[str, Any]:
    return {name: getattr(found, name)[-most:] for name in COLUMNS if name != "row"}


def _unborn(fingerprint: int, identity: Identity) -> dict[str, Any]:
    """A series whose first record is on disk but not applied yet."""
    return {
        "id": f"{fingerprint:016x}",
        "series": str(identity),
        "metric": identity.metric,
        "tags": dict(identity.tags),
        "class": "unknown",
        "cadence_ms": 0,
        "seasons_ms": [],
        "champion": "none",
        "challenger": "none",
        "threshold": "none",
        "final_buckets": 0,
        "stage": LEARNING,
        **_expected(expectation(LEARNING, 0, 0, 0)),
        "timezone": "UTC",
        "pinned": False,
    }


def _expected(next_stage: Expectation | None) -> dict[str, Any]:
    if next_stage is None:
        return {"next_stage": None, "next_stage_buckets": None, "next_stage_ms": None}
    return {
        "next_stage": next_stage.stage,
        "next_stage_buckets": next_stage.buckets,
        "next_stage_ms": next_stage.at_ms,
    }
