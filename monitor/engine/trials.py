"""Rules on new champions when a pass comes to their series: they stand, or their predecessor comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import FAMILY_OFFSET, Family
from learners.choice import Chosen, ChosenTail
from learners.single import Model
from monitor.domain.labels import Said
from monitor.domain.switch import Cause
from monitor.engine.parts import Parts
from monitor.learning.learning import WINDOW_BUCKETS
from monitor.learning.trial import (
    STRETCH_MIN,
    barred_until,
    news_to,
    outside_of,
    stretch_of,
    worse,
)
from monitor.shard import state as st
from monitor.shard.probation import Trial

_COLUMNS = ("ts_ms", "value", "lower", "upper", "verdict", "model")


@dataclass(frozen=True, slots=True)
class Ruling:
    """``former`` None: who is on probation stands. Else what is put back, why, and whom that bars until how
    many final buckets."""

    former: Mapping[str, Any] | None = None
    bars: tuple[int, int] | None = None
    why: tuple[str, ...] = ()


class Trials:
    """Reads history and journal; the caller holds the state lock."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def ruling(self, row: int) -> Ruling | None:
        """The ruling on a held series; None where nobody is on probation, or where it is too early. Some
        milliseconds for a series with a trial, and nothing for others."""
        shard = self._parts.shard
        trial = shard.probation.trial(row)
        if trial is None or int(shard.clocks["final_n"][row]) - trial.final_n < STRETCH_MIN:
            return None
        if shard.common["flags"][row] & st.PINNED or self._parts.freeze.reason:
            return None
        confirmed, harmless = (shard.labelled.spans(said) for said in (Said.TRUE, Said.FALSE_ALARM))
        spans = (confirmed.get(row, ()), harmless.get(row, ()))
        known, fresh = self._columns(row, trial)
        before, after = stretch_of(known, *spans), stretch_of(fresh, *spans)
        why = worse(before, after)
        former = self._former(row, trial) if why else None
        if former is None:
            return Ruling()
        of = Family(trial.predecessor).name.lower()
        would = self._news_to(row, former, fresh, spans[0])
        if 2 * would > max(after.anomalous, after.outside):
            return Ruling()
        cadence_ms = int(shard.clocks["cadence"][row])
        until = barred_until(int(shard.clocks["final_n"][row]), cadence_ms)
        last = f"the same values would have been news to {of} {would} times"
        return Ruling(former, (trial.champion, until), (*why, last))

    def _columns(self, row: int, trial: Trial) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """What the predecessor judged in a window before the switch, and the new champion since."""
        back_ms = min(WINDOW_BUCKETS, trial.final_n) * int(self._parts.shard.clocks["cadence"][row])
        asked = [(row, trial.at_ms - back_ms, trial.at_ms), (row, trial.at_ms, 1 << 62)]
        found = []
        for columns, model in zip(
            self._parts.history.spans(asked, _COLUMNS), (trial.predecessor, trial.champion), strict=True
        ):
            kept = (columns["model"] == model) & np.isfinite(columns["value"]) & np.isfinite(columns["lower"])
            found.append({name: columns[name][kept] for name in _COLUMNS})
        return found[0], found[1]

    def _former(self, row: int, trial: Trial) -> Mapping[str, Any] | None:
        """What undo of that very switch would restore."""
        newest = next((one for one in self._parts.journal.entries(row) if one["undoable"]), None)
        if newest is None or (newest["cause"], newest["at_ms"]) != (Cause.LEARNED.value, trial.at_ms):
            return None
        return self._parts.journal.former(row)

    def _news_to(
        self,
        row: int,
        former: Mapping[str, Any],
        fresh: Mapping[str, NDArray[Any]],
        confirmed: Any,
    ) -> int:
        """How often the values since would have been news to the predecessor as it was."""
        common = np.zeros((), st.COMMON)
        scale = np.frombuffer(former["scale"], np.uint8)
        common.reshape(1).view(np.uint8)[:FAMILY_OFFSET] = scale
        model = Model.living(
            Chosen.from_body(former["champion"]),
            ChosenTail.from_body(former["tail"]),
            float(common["offset"]),
            float(common["unit"]),
        )
        kept = outside_of(fresh["ts_ms"], confirmed)
        rules, clock = self._parts.shard.rules, self._parts.shard.clocks[row]
        cadence_ms, zone = int(clock["cadence"]), int(rules.table["zone"][clock["rule"]])
        t = rules.zones.civil(zone, fresh["ts_ms"][kept]) // cadence_ms
        lowpass = (float(common["lowpass"]), float(common["lowpass_scale"]))
        return news_to(model, lowpass, t, fresh["value"][kept], cadence_ms)
