"""From what all shards and the rest of the server know to the values of the own series, one interval each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitor.domain.meta import BROAD, FEW
from monitor.domain.series import Identity
from monitor.meta.tally import SHAPE, class_rates, family_shares, score_shares

Figure = tuple[Identity, float, float | None]
"""A series, its value, and how many cases a share is of."""


@dataclass(frozen=True, slots=True)
class People:
    """By team: incidents opened since the start; of labels of the last weeks, how many said true and how many
    said false alarm, and the mean seconds from the start of what they are of."""

    opened: Mapping[str, int] = field(default_factory=dict)
    verdicts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    delay_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at one moment; counts since the start. ``shards``: of `monitor.engine.account`, one each;
    ``sources``: samples taken in by source; ``refused``: by reason; ``decoders``: taken in and refused by
    decoder; ``late``, ``samples``: of the shards; ``receivers``: by name, whether one had to be given up."""

    shards: Sequence[Mapping[str, Any]]
    sources: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    decoders: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    samples: int = 0
    late: int = 0
    lag_s: float = 0.0
    people: People = field(default_factory=People)
    receivers: Mapping[str, bool] = field(default_factory=dict)


def figures(before: Facts, now: Facts) -> list[Figure]:
    """The values for the interval between two moments. What was counted anew since (a shard that was started
    again) counts from there. A share of fewer than `FEW` cases is left out, and a
    family with fewer than `BROAD` values."""
    return [
        *_quality(before, now),
        *_models(now),
        *_intake(before, now),
        *_decoders(before, now),
        *_cost(before, now),
        *_people(before, now),
        *_delivery(now),
    ]


def _of(name: str, **tags: str) -> Identity:
    return Identity.of(f"watchkeeper.{name}", {key.rstrip("_"): value for key, value in tags.items()})


def _quality(before: Facts, now: Facts) -> Iterator[Figure]:
    counts = np.zeros(SHAPE, np.int64)
    for place, shard in enumerate(now.shards):
        counts += _grown(_counts(before, place), _counts(now, place)) if shard else 0
    for family, (n, covered, beyond) in family_shares(counts).items():
        if n >= BROAD:
            yield _of("band.coverage", family=family), covered, float(n)
            for name, share in beyond.items():
                yield _of(f"surprise.{name}", family=family), share, float(n)
    for metric_class, (n, rate) in class_rates(counts).items():
        if n >= FEW:
            yield _of("anomaly.rate", class_=metric_class), rate, float(n)
    n, shares = score_shares(counts)
    if n >= FEW:
        for level, share in shares.items():
            yield _of("score.share", at_least=level), share, float(n)


def _counts(facts: Facts, place: int) -> Any:
    if place >= len(facts.shards):
        return np.zeros(SHAPE, np.int64)
    return np.asarray(facts.shards[place]["counts"], np.int64).reshape(SHAPE)


def _grown(before: Any, now: Any) -> Any:
    return now - before if (now >= before).all() else now


def _models(now: Facts) -> Iterator[Figure]:
    living, settled = _sum(now, "living"), _sum(now, "settled")
    if living >= FEW:
        yield _of("series.learning_share"), _sum(now, "learning") / living, None
    if settled >= FEW:
        for name, by in (("class.share", "classes"), ("model.share", "champions")):
            key = "class_" if by == "classes" else "family"
            for value, count in _added(now, by).items():
                yield _of(name, **{key: value}), count / settled, None
        for family, count in _added(now, "moved").items():
            yield _of("model.switch_share", family=family), count / settled, None
        yield _of("model.undo_share"), _sum(now, "undone") / settled, None
        yield _of("season.changed_share"), _sum(now, "seasons_changed") / settled, None
        for length, count in _added(now, "periods").items():
            yield _of("season.length_share", period=length), count / settled, None
        yield _of("season.share"), _sum(now, "seasonal") / settled, None


def _intake(before: Facts, now: Facts) -> Iterator[Figure]:
    taken = 0
    for source, count in now.sources.items():
        fresh = _since(before.sources.get(source, 0), count)
        taken += fresh
        if source in before.sources:
            yield _of("source.samples", source=source), float(fresh), None
    samples = _since(before.samples, now.samples)
    if samples >= FEW:
        yield _of("ingest.late_share"), _since(before.late, now.late) / samples, float(samples)
    for reason, count in now.refused.items():
        fresh = _since(before.refused.get(reason, 0), count)
        if taken + fresh >= FEW:
            yield _of("ingest.refused_share", reason=reason), fresh / (taken + fresh), None
    yield _of("ingest.lag_s"), now.lag_s, None


def _decoders(before: Facts, now: Facts) -> Iterator[Figure]:
    for name, counts in now.decoders.items():
        if name in before.decoders:
            taken, refused = map(_since, before.decoders[name], counts)
            yield _of("decoder.samples", decoder=name), float(taken), None
            if taken + refused >= FEW:
                yield _of("decoder.refused_share", decoder=name), refused / (taken + refused), None


def _cost(before: Facts, now: Facts) -> Iterator[Figure]:
    spent: dict[str, list[float]] = {}
    for place, shard in enumerate(now.shards):
        former = before.shards[place]["spent"] if place < len(before.shards) else {}
        for stage, (seconds, items) in shard["spent"].items():
            was_seconds, was_items = former.get(stage, (0.0, 0.0))
            again = items < was_items
            known = spent.setdefault(stage, [0.0, 0.0])
            known[0] += seconds if again else seconds - was_seconds
            known[1] += items if again else items - was_items
    for stage, (seconds, items) in spent.items():
        if items >= FEW:
            yield _of("cost.us", stage=stage), 1e6 * seconds / items, None


def _people(before: Facts, now: Facts) -> Iterator[Figure]:
    for team, count in now.people.opened.items():
        fresh = _since(before.people.opened.get(team, 0), count)
        yield _of("incidents.opened", team=team or "none"), float(fresh), None
    for team, (true, false) in now.people.verdicts.items():
        if true + false:
            yield _of("labels.precision", team=team or "none"), true / (true + false), None
    for team, delay_s in now.people.delay_s.items():
        yield _of("labels.delay_s", team=team or "none"), delay_s, None


def _delivery(now: Facts) -> Iterator[Figure]:
    for name, dead in now.receivers.items():
        yield _of("receiver.unreachable", receiver=name), float(dead), None


def _sum(now: Facts, name: str) -> int:
    return sum(int(shard[name]) for shard in now.shards)


def _added(now: Facts, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for shard in now.shards:
        for key, count in shard[name].items():
            found[key] = found.get(key, 0) + int(count)
    return found


def _since(before: int, now: int) -> int:
    return now - before if now >= before else now
