"""How bad an incident is, and how soon somebody should look."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import Priority
from monitor.incidents.lifecycle import Life
from monitor.incidents.rules import HOUR_MS
from monitor.incidents.suspects import duration

FROM = {Priority.P1: 1_200.0, Priority.P2: 300.0, Priority.P3: 75.0, Priority.P4: 0.0}
"""The severity from which each holds. One series for an hour at the score 75 is where P3 begins, and each
step is four times as severe. At weight 1 no series alone reaches P1: 100 × √96 hours is less."""


def weight_of(members: Sequence[Anomaly]) -> float:
    """The largest that is declared for a member's metric; 1 where nothing is."""
    return max(m.weight for m in members)


def hours_of(members: Sequence[Anomaly], lived: Life) -> float:
    """From the first onset to the end, or to the last anomalous bucket known."""
    until = lived.end_ms
    if until is None:
        until = max(m.last_ms + m.cadence_ms if m.end_ms is None else m.end_ms for m in members)
    return max(until - lived.start_ms, 0) / HOUR_MS


def severity(members: Sequence[Anomaly], lived: Life) -> float:
    """score × √hours × weight × (1 + log10 series): the highest score of a member, the duration in hours, the
    largest declared weight, and the number of distinct series.

    Time and breadth are damped. The root, because a disturbance four times as long is felt as about twice as
    bad; the logarithm, because ten series that fail together mostly have one cause, and weigh as much as one
    that is twice as severe. A score alone says how rare it is, not how much of it there was.
    """
    score = max(m.score for m in members)
    breadth = 1.0 + math.log10(len({m.series for m in members}))
    return score * math.sqrt(hours_of(members, lived)) * weight_of(members) * breadth


def priority(members: Sequence[Anomaly], lived: Life, flapped: int = 0) -> tuple[Priority, tuple[str, ...]]:
    """By severity alone, with what it is made of in plain words."""
    severe = severity(members, lived)
    found = next(one for one, least in FROM.items() if severe >= least)
    series = len({m.series for m in members})
    said = [f"score {max(m.score for m in members):.0f} of 100"]
    said.append(f"{duration(round(hours_of(members, lived) * HOUR_MS))} long so far")
    if lived.end_ms is not None:
        said[-1] = said[-1].removesuffix(" so far")
    said.append("1 series" if series == 1 else f"{series} series")
    if (weight := weight_of(members)) != 1.0:
        said.append(f"declared weight {weight:g}")
    if flapped:
        said.append(f"a series came and went {flapped} times")
    return found, (f"severity {severe:.0f}, and {found} is from {FROM[found]:.0f} on", *said)
