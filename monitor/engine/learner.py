"""Runs the learning pass for the series that a shard holds, a slice of time at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.classify import CLASSES
from learners.past import Past
from learners.runs import NEVER
from monitor.domain.labels import Said
from monitor.domain.meta import FIGURE
from monitor.domain.records import Control, Kind
from monitor.domain.shape import Statistic
from monitor.engine.parts import Parts
from monitor.engine.trials import Ruling, Trials
from monitor.learning.absorbed import Matters
from monitor.learning.learning import (
    FIRST_PASS,
    Current,
    Decision,
    Waiting,
    as_labelled,
    changes,
    decide,
    declustered,
    is_young,
    looks_back,
    named,
    window_buckets,
    with_pauses,
    without,
)
from monitor.learning.spoken import spoken_of
from monitor.shard import state as st
from monitor.shard.assignment import Assignment

AGAIN_S = 1.0
CHUNK = 256
"""Series whose windows are read in one pass over history, and whose assignments share one record."""

FAR_CHUNK = 32
"""At most so many of them look further back than their window: up to 2 MB each."""


class Learner:
    """Series held for an assignment, and those whose assignment is in the log but not yet applied."""

    def __init__(self, parts: Parts, state: Lock) -> None:
        self._parts = parts
        self._trials = Trials(parts)
        self._state = state
        self._due: deque[int] = deque()
        self._sent: set[int] = set()
        self._lost: deque[Sequence[int]] = deque()
        self._not_before = 0.0
        flags = parts.shard.common["flags"][: parts.shard.rows]
        self.add(np.flatnonzero(flags & st.HELD).astype(np.int32))

    @property
    def count(self) -> int:
        """Series that are held now."""
        return len(self._due) + len(self._sent)

    def add(self, rows: NDArray[np.int32]) -> None:
        self._due.extend(int(row) for row in rows)

    def ready(self) -> bool:
        """Is there something to decide now? What was lost is taken up again a little later."""
        while self._lost:
            rows = self._lost.popleft()
            self._sent.difference_update(rows)
            self._due.extend(rows)
            self._not_before = time.monotonic() + AGAIN_S
        return bool(self._due) and time.monotonic() >= self._not_before

    def lost(self, rows: Sequence[int]) -> None:
        """The assignments of these rows did not reach the disk. From any thread."""
        self._lost.append(rows)

    def assigned(self, control: Control) -> None:
        """An assignment record was applied."""
        self._sent.difference_update(item["row"] for item in control.body["items"])

    def run(self, budget_s: float) -> Iterator[Control]:
        """Assignment records for held series until the time is used up, the oldest first."""
        until = time.monotonic() + budget_s
        while self._due and time.monotonic() < until:
            rows = self._next()
            self._sent.update(rows)
            for _ in rows:
                self._due.popleft()
            held = [row for row in dict.fromkeys(rows) if self._parts.shard.common["flags"][row] & st.HELD]
            self._sent.difference_update(set(rows) - set(held))
            if not held:
                continue
            with self._state:  # index and history are others' too; deciding takes longer and needs neither
                waiting = self._waiting(np.array(held, np.int32))
                rulings = {row: self._trials.ruling(row) for row in held}
            frozen = self._parts.freeze.reason
            items = [
                _assigned(one, self._as_own(one.row, decision), frozen, rulings[one.row])
                for one, decision in zip(waiting, decide(waiting), strict=True)
            ]
            yield Control(Kind.ASSIGN, {"items": items})

    def _next(self) -> list[int]:
        """The rows whose turn it is, fewer where they look far back."""
        rows: list[int] = []
        far = 0
        for row in self._due:
            far += self._looks_back(row) > 0
            if len(rows) == CHUNK or far > FAR_CHUNK:
                break
            rows.append(row)
        return rows

    def _waiting(self, rows: NDArray[np.int32]) -> list[Waiting]:
        shard = self._parts.shard
        # No further back than the series itself: before it started anew it was another one.
        clocks = shard.clocks[rows]
        pauses = [shard.pauses.of(int(row)) for row in rows]
        wanted = [
            with_pauses(min(window_buckets(int(cadence)), int(final_n)), int(cadence), spans)
            for cadence, final_n, spans in zip(clocks["cadence"], clocks["final_n"], pauses, strict=True)
        ]
        window = self._parts.history.window(rows, max(wanted))
        confirmed, harmless = (shard.labelled.spans(said) for said in (Said.TRUE, Said.FALSE_ALARM))
        by_value = [shard.labelled.spans(said, Statistic.VALUE) for said in (Said.TRUE, Said.FALSE_ALARM)]
        pasts = self._pasts(rows, confirmed)
        found = []
        for place, row in enumerate(rows):
            end = int(window.offsets[place + 1])
            part = slice(max(int(window.offsets[place]), end - wanted[place]), end)
            common, clock, profile = shard.common[row], shard.clocks[row], shard.profiles[row]
            young = is_young(int(clock["final_n"]), int(clock["cadence"]))
            unlike = declustered(window.verdict[part], young=young)
            lost = bool(np.count_nonzero(unlike) < FIRST_PASS <= len(unlike))
            told = as_labelled(
                unlike | lost,
                window.ts_ms[part],
                confirmed.get(int(row), ()),
                harmless.get(int(row), ()),
            )
            told = without(told, window.ts_ms[part], int(clock["cadence"]), pauses[place])
            t = self._civil(window.ts_ms[part], int(clock["cadence"]), int(clock["rule"]))
            n = window.n[part].astype(np.float64)
            found.append(
                Waiting(
                    row=int(row),
                    final_n=int(clock["final_n"]),
                    cadence_ms=int(clock["cadence"]),
                    kind=self._kind(int(row)),
                    threshold=shard.rules.threshold_of(int(clock["rule"])),
                    t=t[told],
                    y=window.value[part][told],
                    n=n[told],
                    current=Current(
                        champion=int(common["champion"]),
                        challenger=int(common["challenger"]),
                        periods=tuple(int(p) for p in (profile["period0"], profile["period1"]) if p),
                        assigned=bool(common["tail"]),
                        advantage=float(common["advantage"]),
                        in_anomaly=bool(common["episode"] >= 0),
                        metric_class=CLASSES[int(profile["metric_class"])],
                        pinned=bool(common["flags"] & st.PINNED),
                        lately=shard.probation.lately(int(row), int(clock["final_n"])),
                    ),
                    bucket=window.ts_ms[part][told] // int(clock["cadence"]),
                    reference=shard.reference_of(int(row)),
                    matters=self._matters(int(clock["rule"])),
                    labelled=spoken_of(
                        window.ts_ms[part],
                        t,
                        (window.value[part], n),
                        told,
                        *(spans.get(int(row), ()) for spans in by_value),
                    ),
                    lost=lost,
                    barred=shard.probation.barred(int(row), int(clock["final_n"])),
                    named=named(self._declared(int(row)).get("models")),
                    past=pasts.get(int(row)),
                )
            )
        return found

    def _pasts(
        self, rows: NDArray[np.int32], confirmed: Mapping[int, Sequence[tuple[int, int]]]
    ) -> dict[int, Past | None]:
        """What lies behind the windows of those of ``rows`` whose pass looks there: all but what people
        confirmed as faults, since a weekend that nobody knew of yet was an anomaly."""
        shard = self._parts.shard
        wanted: dict[int, list[int]] = {}
        for row in rows.tolist():
            if count := self._looks_back(row):
                wanted.setdefault(count, []).append(row)
        found: dict[int, Past | None] = {}
        for count, some in wanted.items():
            window = self._parts.history.window(np.array(some, np.int32), count)
            for place, row in enumerate(some):
                part = slice(int(window.offsets[place]), int(window.offsets[place + 1]))
                ts_ms, clock = window.ts_ms[part], shard.clocks[row]
                told = as_labelled(np.ones(len(ts_ms), np.bool_), ts_ms, confirmed.get(row, ()), ())
                told = without(told, ts_ms, int(clock["cadence"]), shard.pauses.of(row))
                civil = self._civil(ts_ms[told], int(clock["cadence"]), int(clock["rule"]))
                found[row] = Past.of(civil, window.value[part][told], int(clock["cadence"]))
        return found

    def _looks_back(self, row: int) -> int:
        shard = self._parts.shard
        clock, profile = shard.clocks[row], shard.profiles[row]
        periods = (int(profile["period0"]), int(profile["period1"]))
        final_n = int(clock["final_n"])
        pinned = bool(shard.common["flags"][row] & st.PINNED)
        return 0 if pinned else min(looks_back(final_n, int(clock["cadence"]), periods), final_n)

    def _as_own(self, row: int, decision: Decision) -> Decision:
        """Watchkeeper's own figures may stand still, and have no value while there is nothing to tell."""
        if decision.choice is None or self._parts.identity(row).metric not in FIGURE:
            return decision
        return replace(decision, choice=replace(decision.choice, run_max=NEVER, gap_max=NEVER))

    def _kind(self, row: int) -> str | None:
        kind = self._declared(row).get("kind")
        return str(kind) if kind not in (None, "cumulative") else None  # of a counter, the steps are seen

    def _declared(self, row: int) -> Mapping[str, Any]:
        return self._parts.shard.rules.declared.of(self._parts.identity(row).metric)

    def _matters(self, rule: int) -> Matters:
        row = self._parts.shard.rules.table[rule]
        return Matters(int(row["polarity"]), float(row["min_absolute"]), float(row["min_relative"]))

    def _civil(self, ts_ms: NDArray[np.int64], cadence: int, rule: int) -> NDArray[np.int64]:
        """Indices of buckets in the series' local civil time."""
        rules = self._parts.shard.rules
        return rules.zones.civil(int(rules.table["zone"][rule]), ts_ms) // cadence


def _assigned(one: Waiting, decision: Decision, frozen: str, ruling: Ruling | None) -> dict[str, Any]:
    """The body of an assignment. Under a freeze, for the reason ``frozen``, a decision that would change what
    a series lives by is not taken, and its body says so: its level is compared all the same. Where the
    predecessor of who is on probation comes back, nothing else is decided."""
    if ruling is not None and ruling.former is not None:
        decision = replace(decision, choice=None, models=False)
    held_back = bool(frozen) and changes(one.current, decision)
    choice = None if held_back else decision.choice
    models = decision.models and not held_back
    body = Assignment(
        one.row,
        one.final_n,
        choice,
        models,
        decision.reference,
        decision.absorbed,
        former=ruling.former if ruling is not None else None,
        tried=ruling is not None,
        bars=ruling.bars if ruling is not None else None,
        why=ruling.why if ruling is not None else (),
    ).to_body()
    if held_back and decision.choice is not None:
        champion = decision.choice.champion.family.name.lower()
        body["frozen"] = [frozen, f"the pass would have taken {champion}"]
    return body
