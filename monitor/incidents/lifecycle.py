"""Whether an incident is open, closed or expired: a function of its members and of event time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import IncidentState
from monitor.incidents.rules import HOUR_MS, Rules


@dataclass(frozen=True, slots=True)
class Life:
    """``due_ms``: when event time alone changes the state; None once it is over."""

    state: IncidentState
    start_ms: int
    end_ms: int | None
    due_ms: int | None


def life(members: Sequence[Anomaly], now_ms: int, rules: Rules) -> Life:
    """The state at event time ``now_ms``.

    Open while a member is; closed once all have ended and nothing more can join, so that a relapse
    within the slack opens nothing twice; expired at ``cap_ms`` if a member outlasts it.
    """
    start = min(m.begin_ms for m in members)
    cap = start + rules.cap_ms
    ends = [m.end_ms for m in members if m.end_ms is not None]
    if len(ends) < len(members) or max(ends) > cap:
        if now_ms >= cap:
            return Life(IncidentState.EXPIRED, start, cap, None)
        return Life(IncidentState.OPEN, start, None, cap)
    quiet = max(m.end_ms + rules.quiet_ms(m) for m in members if m.end_ms is not None)
    due = min(quiet, cap)
    if now_ms >= due:
        return Life(IncidentState.CLOSED, start, max(ends), None)
    return Life(IncidentState.OPEN, start, None, due)


def severity(members: Sequence[Anomaly], lived: Life) -> float:
    """Highest score × √(hours from first onset to the end, or to the last anomalous bucket known).

    The root, because a disturbance four times as long is felt as about twice as bad; a score alone
    says how rare it is, not how much of it there was.
    """
    until = lived.end_ms
    if until is None:
        until = max(m.last_ms + m.cadence_ms if m.end_ms is None else m.end_ms for m in members)
    hours = max(until - lived.start_ms, 0) / HOUR_MS
    return max(m.score for m in members) * math.sqrt(hours)
