"""How bad an incident is, and how soon somebody should look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import HOUR_MS
from monitor.domain.incident import Priority
from monitor.incidents.lifecycle import Life
from monitor.incidents.suspects import duration

FROM = {Priority.P1: 1_200.0, Priority.P2: 300.0, Priority.P3: 75.0, Priority.P4: 0.0}
"""The severity from which each holds. One series for an hour at the score 75 is where P3 begins, and each
step is four times as severe. At weight 1 no series alone reaches P1: 100 × √96 hours is less."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """``reasons``: what the priority is made of, in plain words."""

    severity: float
    weight: float
    priority: Priority
    reasons: tuple[str, ...]


def severity(score: float, hours: float, weight: float, series: int) -> float:
    """score × √hours × weight × (1 + log10 series): the highest score of a member, the duration in hours, the
    largest declared weight, and the number of distinct series.

    Time and breadth are damped. The root, because a disturbance four times as long is felt as about twice as
    bad; the logarithm, because ten series that fail together mostly have one cause, and weigh as much as one
    that is twice as severe. A score alone says how rare it is, not how much of it there was.

    >>> severity(80.0, 4.0, 1.0, 1), severity(80.0, 1.0, 2.0, 10)
    (160.0, 320.0)
    """
    return score * math.sqrt(hours) * weight * (1.0 + math.log10(series))


def weigh(members: Sequence[Anomaly], lived: Life, series: int) -> Weighed:
    """How bad an incident of so many distinct series is, and so how soon somebody should look."""
    until = lived.end_ms
    if until is None:
        until = max(m.last_ms + m.cadence_ms if m.end_ms is None else m.end_ms for m in members)
    length_ms = max(until - lived.start_ms, 0)
    score, weight = max(m.score for m in members), max(m.weight for m in members)
    severe = severity(score, length_ms / HOUR_MS, weight, series)
    priority = next(one for one, least in FROM.items() if severe >= least)
    said = [
        f"severity {severe:.0f}, and {priority} is from {FROM[priority]:.0f} on",
        f"score {score:.0f} of 100",
        f"{duration(length_ms)} long" + ("" if lived.end_ms is not None else " so far"),
        "1 series" if series == 1 else f"{series} series",
    ]
    if weight != 1.0:
        said.append(f"declared weight {weight:g}")
    if lived.flaps:
        said.append(f"a series came and went {lived.flaps} times")
    return Weighed(severe, weight, priority, tuple(said))
