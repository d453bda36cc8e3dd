"""Which labels have a say in what is told next, and how much of it. A function of the labels in force.

Of one thing the newest verdict rules, and where people disagree nothing changes. Of one user so many shapes a
day act, the first ones: whoever says more, and whoever means harm, moves no more than that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from monitor.domain.durations import DAY_MS
from monitor.domain.labels import Label, Said
from monitor.domain.shape import Shape

DAILY = 10
"""Shapes of one user and day of the wall clock that act as confirmed, and as many as false alarms."""
VOTES = (Said.TRUE, Said.FALSE_ALARM)


@dataclass(frozen=True, slots=True)
class Vote:
    """``place``: of the shape among those of its label."""

    label: Label
    place: int

    @property
    def shape(self) -> Shape:
        return self.label.shapes[self.place]

    @property
    def quieter(self) -> bool:
        return self.label.said is Said.FALSE_ALARM


def votes(labels: Collection[Label]) -> list[Vote]:
    """What acts, in the order of the labels, which is that of the log. Some 3 µs a label.

    >>> from monitor.domain.labels import Target, TargetKind
    >>> from monitor.domain.shape import Statistic
    >>> shape = Shape("0b", "orders", Statistic.VALUE, 1, 6.0, 12.0, 1, False, 5, 9)
    >>> target = Target(TargetKind.ANOMALY, "a", 5, 9, "a", "0b")
    >>> ann = Label("1", Said.FALSE_ALARM, target, "user:ann", "", 7, 1, shapes=(shape,))
    >>> bob = Label("2", Said.TRUE, target, "user:bob", "", 8, 2, shapes=(shape,))
    >>> [one.quieter for one in votes([ann])], votes([ann, bob])
    ([True], [])
    """
    newest: dict[tuple[str, ...], dict[str, Label]] = {}
    for label in labels:
        if label.said.facet == "verdict":
            of = newest.setdefault(label.target.key, {})
            of.pop(label.user, None)  # so that the last one is the newest of all
            of[label.user] = label
    agreed = {id(list(of.values())[-1]) for of in newest.values() if len({o.said for o in of.values()}) == 1}
    said: Counter[tuple[str, Said, int]] = Counter()
    found = []
    for label in labels:
        if id(label) not in agreed or label.said not in VOTES:
            continue
        day = (label.user, label.said, label.at_ms // DAY_MS)
        for place in range(len(label.shapes)):
            if said[day] < DAILY:
                said[day] += 1
                found.append(Vote(label, place))
    return found
