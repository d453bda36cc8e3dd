"""Where an incident stands: a function of its members and of event time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import IncidentState
from monitor.domain.series import Identity
from monitor.domain.topology import UNTOLD
from monitor.incidents.rules import Rules


@dataclass(frozen=True, slots=True)
class Life:
    """``due_ms``: when event time alone changes the state; None once it is over."""

    state: IncidentState
    start_ms: int
    end_ms: int | None
    due_ms: int | None


def life(members: Sequence[Anomaly], now_ms: int, rules: Rules) -> Life:
    """The state at event time ``now_ms``.

    Open while a member is; recovering once all have ended, and closed when nothing more can join, so that a
    relapse within the slack opens nothing twice; expired at ``cap_ms`` if a member outlasts it. Until it is
    confirmed it is pending instead of open or recovering.
    """
    start = min(m.begin_ms for m in members)
    cap = start + rules.cap_ms
    sure = confirmed(members, rules)
    ends = [m.end_ms for m in members if m.end_ms is not None]
    if len(ends) < len(members) or max(ends) > cap:
        if now_ms >= cap:
            return Life(IncidentState.EXPIRED, start, cap, None)
        return Life(IncidentState.OPEN if sure else IncidentState.PENDING, start, None, cap)
    due = min(_quiet_ms(members, rules), cap)
    if now_ms >= due:
        return Life(IncidentState.CLOSED, start, max(ends), None)
    return Life(IncidentState.RECOVERING if sure else IncidentState.PENDING, start, None, due)


def confirmed(members: Sequence[Anomaly], rules: Rules) -> bool:
    """Whether anybody is to be interrupted: not by one series in one bucket, unless it is very improbable."""
    one = members[0]
    return len(members) > 1 or one.buckets > 1 or not rules.passing(one) or one.score >= rules.sure_score


def flaps(members: Iterable[Anomaly], rules: Rules) -> int:
    """How often the series that began most often did, of those that come and go; 0 if none does."""
    begun = _begun(members)
    return max((len(of) for of in begun.values() if _unstable(of, rules)), default=0)


def _quiet_ms(members: Sequence[Anomaly], rules: Rules) -> int:
    """Until when something more may join after all have ended."""
    quiet = max(m.end_ms + rules.quiet_ms(m) for m in members if m.end_ms is not None)
    for of in _begun(members).values():
        last = of[-rules.unstable_times :]
        if _unstable(last, rules):
            back = last[1 - rules.unstable_times].begin_ms + rules.unstable_ms(last[-1].cadence_ms)
            quiet = max(quiet, min(rules.again_ms(last[-1]), back))
    return quiet


def _begun(members: Iterable[Anomaly]) -> dict[Identity, list[Anomaly]]:
    """By series, in order of begin."""
    begun: dict[Identity, list[Anomaly]] = {}
    for member in sorted(members, key=lambda m: (m.begin_ms, m.id)):
        if member.kind not in UNTOLD:
            begun.setdefault(member.series, []).append(member)
    return begun


def _unstable(of: Sequence[Anomaly], rules: Rules) -> bool:
    """Did a series begin so many times within its window?"""
    apart = rules.unstable_times - 1
    return any(
        last.begin_ms - first.begin_ms < rules.unstable_ms(last.cadence_ms)
        for first, last in zip(of, of[apart:], strict=False)
    )
