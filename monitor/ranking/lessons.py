"""Which labels teach a ranking, and what: those that hold, in the order of the log.

"True" says that somebody acts on such; "false alarm" and "expected" that nobody need. Of one thing only the
label that rules teaches, and none while two people disagree. Of one user the first `USER_DAY` of a day of
the wall clock teach, so nobody decides alone what is read first.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.durations import DAY_MS
from monitor.domain.labels import Label, Said, judged
from monitor.domain.traits import Traits

TEACHES = {Said.TRUE: True, Said.FALSE_ALARM: False, Said.EXPECTED: False}
USER_DAY = 20
LABELS_MAX = 5_000
"""The newest that teach."""


def lessons(labels: Iterable[Label]) -> list[tuple[Traits, bool]]:
    """``labels``: verdicts in force; all labels of their targets must be among these."""
    ruling = [one.label for one in judged(labels) if one.rules and not one.conflict]
    said: dict[tuple[str, int], int] = {}
    found = []
    for label in sorted(ruling, key=lambda one: (one.position, one.id)):
        if label.said not in TEACHES or label.traits is None:
            continue
        day = (label.user, label.at_ms // DAY_MS)
        said[day] = said.get(day, 0) + 1
        if said[day] <= USER_DAY:
            found.append((label.traits, TEACHES[label.said]))
    return found[-LABELS_MAX:]
