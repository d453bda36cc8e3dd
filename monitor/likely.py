"""How likely people are to act on an incident, by what they said of others: kept up to the labels in
force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from zlib import crc32

from monitor.domain.budget import HIGHEST
from monitor.domain.errors import IntakeUnavailable, NotFound
from monitor.domain.incident import Incident
from monitor.domain.labels import Label
from monitor.domain.series import Identity
from monitor.domain.shape import level_of
from monitor.domain.traits import Traits, traits_of
from monitor.ranking.lessons import lessons
from monitor.ranking.proof import Proof
from monitor.ranking.ranker import Ranker, Reliability
from monitor.ranking.words import words_of

ASKED_AGAIN = 8
"""One in so many of what would be held back is told all the same, so that it may be labelled."""
_FIRST = -1


@dataclass(frozen=True, slots=True)
class Likely:
    """``chance``: that people act on it; ``reasons``: the strongest first, in words."""

    chance: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a ranking stands; ``opening``: that of notices, which knows what is known when one is due."""

    opening: bool
    proof: Proof
    reliability: tuple[Reliability, ...]


class Ranking:
    """``verdicts(mark)``: a mark of the labels in force and, where it differs from ``mark``, their bodies in
    the order of the log; ``row(series_id)``: of a series, or NotFound. ``below``: notices of incidents with a
    smaller chance are held back, 0 none. Thread-safe. Made anew when labels change: 0.3 ms a label."""

    def __init__(
        self,
        verdicts: Callable[[int], Mapping[str, Any]],
        row: Callable[[str], Mapping[str, Any]],
        below: float = 0.0,
    ) -> None:
        self._verdicts = verdicts
        self._row = row
        self._below = below
        self._mark = _FIRST
        self._lock = Lock()
        self._inbox, self._opening = Ranker(), Ranker(opening=True)

    def refresh(self) -> None:
        """Learn what was said or taken back since."""
        with self._lock:
            found = self._verdicts(self._mark)
            if found["labels"] is None:
                return
            labels = [Label.from_body(body, at) for at, body in enumerate(found["labels"], start=1)]
            learned = lessons(labels)
            self._inbox, self._opening = Ranker.of(learned), Ranker.of(learned, opening=True)
            self._mark = found["mark"]

    def standings(self) -> tuple[Standing, Standing]:
        """Of the one that orders the inbox, and of that of notices."""
        self.refresh()
        both = ((False, self._inbox), (True, self._opening))
        inbox, opening = (Standing(flag, one.proof, tuple(one.reliability())) for flag, one in both)
        return inbox, opening

    def of(self, incidents: Sequence[Incident]) -> list[Likely | None]:
        """Of each; None of all while the ranking has not proven itself."""
        try:
            self.refresh()
        except IntakeUnavailable:  # incidents are listed all the same
            return [None] * len(incidents)
        ranker = self._inbox
        if not ranker.proof.proven:
            return [None] * len(incidents)
        return [_likely(ranker, self.traits(one)) for one in incidents]

    def traits(self, incident: Incident) -> Traits:
        try:
            row = self._row(incident.founder_id[:16])
        except NotFound:
            row = {}
        return traits_of(incident, row)

    def doubt(self, incident: Incident, series: Sequence[Identity]) -> str | None:
        """Why nobody is told of an incident yet, if the ranking is to hold it back. Asks no shard: by what
        was learned at the last `refresh`. Never where its score reaches what budgets never hold."""
        ranker = self._opening
        if self._below <= 0.0 or not ranker.proof.proven or level_of(incident.score) >= HIGHEST:
            return None
        if crc32(incident.id.encode()) % ASKED_AGAIN == 0:
            return None
        first = (
            {"metric": series[0].metric, "tags": dict(series[0].tags), "timezone": "UTC"} if series else {}
        )
        told = _likely(ranker, traits_of(incident, first))
        if told.chance >= self._below:
            return None
        share = f"people act on {100.0 * told.chance:.0f} % of such, less than {100.0 * self._below:.0f} %"
        return f"held by the ranking: {share}" + "".join(f"; {one}" for one in told.reasons[:1])


def _likely(ranker: Ranker, traits: Traits) -> Likely:
    return Likely(ranker.chance(traits), tuple(words_of(one) for one in ranker.reasons(traits)))
