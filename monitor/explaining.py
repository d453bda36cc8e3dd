"""Explanations for the outside: facts asked of a series' shard and of the story, and what they say."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from monitor.domain import words
from monitor.domain.about import About, about
from monitor.domain.anomaly import Verdict
from monitor.domain.errors import NotFound, WatchkeeperError
from monitor.domain.explanation import Explanation, Facts, Judged, Late, Rule, Spoken, covers, explain
from monitor.domain.incident import PlacedAnomaly
from monitor.domain.outlook import LEARNING, WideBand
from monitor.domain.outlook_words import stage_notes
from monitor.domain.past import Past
from monitor.domain.units import Way
from monitor.domain.unusual import unusual
from monitor.shards import Row, Shards

PASTS_MAX = 100
"""Anomalies of one answer whose series' past is read for it; of others only if it was read before."""
REMEMBERED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Explained:
    """What a series shows at a time, and why. ``series``: its row, as in lists; ``judged_by``: None where no
    model was asked; ``placed``: the anomaly that covers the bucket; ``wide_band``: of a series that is
    learning now."""

    series: Row
    facts: Facts
    explanation: Explanation
    text: str
    normal: str
    unusual: str
    notes: list[str]
    judged_by: str | None
    placed: PlacedAnomaly | None
    wide_band: WideBand | None = None


class Explainer:
    """``anomalies(series, until_ms)`` are a series' anomalies that began before a time, the newest first;
    ``wide_band(row)`` is that of a series. Thread-safe.

    The past before an anomaly's peak does not change, so it is read once and remembered: some 0.3 kB each.
    """

    def __init__(
        self,
        shards: Shards,
        anomalies: Callable[[str, int], Sequence[PlacedAnomaly]],
        wide_band: Callable[[Row], WideBand | None] = lambda row: None,
    ) -> None:
        self._wide_band = wide_band
        self._shards = shards
        self._anomalies = anomalies
        self._remembered: OrderedDict[tuple[str, int], tuple[Past, str]] = OrderedDict()
        self._lock = Lock()

    def at(self, series: Row, at_ms: int) -> Explained:
        """Why the series shows what it shows at ``at_ms``. Raises NotFound if it was deleted meanwhile."""
        id = str(series["id"])
        found = self._shards.ask_owner(id, "moment", at_ms=at_ms)
        if found is None:
            raise NotFound(f"no series {id}")
        placed = self._covering(id, at_ms, found)
        facts = _facts(at_ms, found, placed)
        if series["stage"] != LEARNING:
            facts = replace(facts, model=str(series["champion"]))
        judged, explanation = facts.judged, explain(facts)
        own = abs(judged.value - judged.expected) if judged is not None else float("nan")
        compared = judged is None or judged.verdict is not Verdict.LEARNING
        way = placed.anomaly.direction if placed is not None else 0
        spoken = judged is not None or explanation.ground is not None
        band = self._wide_band(series)
        return Explained(
            series=series,
            facts=facts,
            explanation=explanation,
            text=words.text(explanation, facts),
            normal=words.normal(explanation.ground, explanation.normal, facts.way),
            unusual=unusual(own, facts.past, explanation.ground, way) if spoken and compared else "",
            notes=[*words.notes(facts), *stage_notes(series, band, facts.way)],
            wide_band=band,
            judged_by=found["past"]["judged_by"] if judged is not None and compared else None,
            placed=placed,
        )

    def of(self, placed: Sequence[PlacedAnomaly]) -> list[About]:
        """What each anomaly says of itself, in the order given. Where its shard does not answer, without what
        history would tell; of more than `PASTS_MAX` not read before, the highest scores are read."""
        known = self._known(placed)
        fresh = sorted((p for p in placed if _key(p) not in known), key=lambda p: -p.anomaly.score)
        chosen = {_key(p) for p in fresh[:PASTS_MAX]}
        said = self._said(placed, chosen)
        found = []
        for one in placed:
            row = said.get(_key(one)) or {"declared": {}, "class": "unknown", "past": None}
            if row["past"] is not None:
                known[_key(one)] = _past(row["past"])
            past, judge = known.get(_key(one), (None, None))
            found.append(about(one.anomaly, past, judge, Rule.of(row["declared"]), _way(row)))
        self._remember(known)
        return found

    def forget(self) -> None:
        """A series was deleted: the same anomaly may come again with another past."""
        with self._lock:
            self._remembered.clear()

    def _covering(self, id: str, at_ms: int, found: Row) -> PlacedAnomaly | None:
        bucket_ms = found["bucket_ms"]
        if bucket_ms is None:
            return None
        for placed in self._anomalies(id, bucket_ms + 1):
            if covers(
                placed.anomaly,
                bucket_ms,
                newest_ms=found["newest_ms"] or 0,
                clock_ms=found["clock_ms"],
                previous_ms=found["previous_ms"],
            ):
                return placed
        return None

    def _said(
        self, placed: Sequence[PlacedAnomaly], chosen: set[tuple[str, int]]
    ) -> dict[tuple[str, int], Row]:
        """By anomaly, what its shard says."""
        asked: dict[int, list[PlacedAnomaly]] = {}
        said: dict[tuple[str, int], Row] = {}
        try:
            for one in placed:
                asked.setdefault(self._shards.owner(_series_id(one)), []).append(one)
            for shard, mine in asked.items():
                rows = self._shards.ask(
                    shard, "pasts", asked=[_question(one, _key(one) in chosen) for one in mine]
                )
                said |= {_key(one): row for one, row in zip(mine, rows, strict=True) if row is not None}
        except WatchkeeperError:  # recovering, or a shard has ended: the anomalies themselves can be told
            pass
        return said

    def _known(self, placed: Sequence[PlacedAnomaly]) -> dict[tuple[str, int], tuple[Past, str]]:
        with self._lock:
            return {k: self._remembered[k] for one in placed if (k := _key(one)) in self._remembered}

    def _remember(self, known: dict[tuple[str, int], tuple[Past, str]]) -> None:
        with self._lock:
            for key, past in known.items():
                self._remembered[key] = past
                self._remembered.move_to_end(key)
            while len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)


def _facts(at_ms: int, found: Row, placed: PlacedAnomaly | None) -> Facts:
    judged, past = found["judged"], found["past"]
    return Facts(
        at_ms=at_ms,
        bucket_ms=found["bucket_ms"],
        cadence_ms=found["cadence_ms"],
        final_ms=found["final_ms"],
        newest_ms=found["newest_ms"],
        previous_ms=found["previous_ms"],
        kept_ms=found["kept_ms"],
        held=found["held"],
        damaged=found["damaged"],
        waiting=tuple(found["waiting"]),
        judged=None if judged is None else _judged(judged).told(_way(found)),
        late=tuple(Late(*one) for one in found["late"]),
        anomaly=None if placed is None else placed.anomaly,
        past=None if past is None else _past(past)[0],
        labels=tuple(_spoken(*one) for one in found["labels"]),
        rule=Rule.of(found["declared"]),
        way=_way(found),
    )


def _spoken(
    label_id: str, user: str, at_ms: int, span: Sequence[int], side: int, quieter: bool, own: bool
) -> Spoken:
    return Spoken(label_id, user, at_ms, (span[0], span[1]), side, quieter, own)


def _judged(columns: Row) -> Judged:
    kept = {name: columns[name] for name in ("value", "expected", "lower", "upper", "score", "n")}
    return Judged(**kept, verdict=Verdict(columns["verdict"]))


def _past(plain: Row) -> tuple[Past, str]:
    return Past(**{k: v for k, v in plain.items() if k != "judged_by"}), str(plain["judged_by"])


def _way(row: Row) -> Way:
    return Way.of(row["declared"].get("kind"), row["declared"].get("unit"), row["class"])


def _series_id(placed: PlacedAnomaly) -> str:
    return f"{placed.anomaly.series.fingerprint():016x}"


def _key(placed: PlacedAnomaly) -> tuple[str, int]:
    return placed.anomaly.id, placed.anomaly.peak_ms


def _question(placed: PlacedAnomaly, wanted: bool) -> list[Any]:
    one = placed.anomaly
    return [_series_id(placed), one.onset_ms, one.peak_ms, one.cadence_ms, wanted]
