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
    """``due_ms``: when event time alone changes the state; None once it is over, and where the clock is past
    it and the series themselves are not. ``flaps``: how often the series began that did so most often, of
    those that come and go; 0 if none does."""

    state: IncidentState
    start_ms: int
    end_ms: int | None
    due_ms: int | None
    flaps: int = 0


def time_of(members: Iterable[Anomaly], now_ms: int) -> int:
    """The event time that goes for members: how far their own series had come where all of them were told of
    long after, else ``now_ms``."""
    heard = [member.heard_ms for member in members]
    own = [one for one in heard if one is not None]
    return min(max(own), now_ms) if own and len(own) == len(heard) else now_ms


def life(members: Sequence[Anomaly], now_ms: int, rules: Rules) -> Life:
    """The state at event time ``now_ms``.

    Open while a member is; recovering once all have ended, and closed when nothing more can join, so that a
    relapse within the slack opens nothing twice; expired at ``cap_ms`` if a member outlasts it, by the time
    that goes for those that are open. Until it is confirmed it is pending instead of open or recovering.
    """
    start = min(m.begin_ms for m in members)
    cap = start + rules.cap_ms
    sure = confirmed(members, rules)
    often = _often(members, rules)
    flaps = max(map(len, often), default=0)
    lasting = [m for m in members if m.end_ms is None or m.end_ms > cap]
    if lasting:
        reached_ms = time_of(lasting, now_ms)
        if reached_ms >= cap:
            return Life(IncidentState.EXPIRED, start, cap, None, flaps)
        due = cap if now_ms < cap else None
        return Life(IncidentState.OPEN if sure else IncidentState.PENDING, start, None, due, flaps)
    due = min(_quiet_ms(members, often, rules), cap)
    if now_ms >= due:
        end = max(m.end_ms for m in members if m.end_ms is not None)
        return Life(IncidentState.CLOSED, start, end, None, flaps)
    return Life(IncidentState.RECOVERING if sure else IncidentState.PENDING, start, None, due, flaps)


def confirmed(members: Sequence[Anomaly], rules: Rules) -> bool:
    """Whether anybody is to be interrupted: not by one series in one bucket, unless it is very improbable."""
    one = members[0]
    return len(members) > 1 or one.buckets > 1 or not rules.passing(one) or one.score >= rules.sure_score


def _quiet_ms(members: Sequence[Anomaly], often: Iterable[Sequence[Anomaly]], rules: Rules) -> int:
    """Until when something more may join after all have ended."""
    quiet = max(m.end_ms + rules.quiet_ms(m) for m in members if m.end_ms is not None)
    for of in often:
        last = of[-rules.unstable_times :]
        if _unstable(last, rules):
            back = last[1 - rules.unstable_times].begin_ms + rules.unstable_ms(last[-1].cadence_ms)
            quiet = max(quiet, min(rules.again_ms(last[-1]), back))
    return quiet


def _often(members: Iterable[Anomaly], rules: Rules) -> list[list[Anomaly]]:
    """Of each series that comes and goes its members, in order of begin."""
    begun: dict[Identity, list[Anomaly]] = {}
    for member in members:
        if member.kind not in UNTOLD:
            begun.setdefault(member.series, []).append(member)
    some = (of for of in begun.values() if len(of) >= rules.unstable_times)
    ordered = (sorted(of, key=lambda m: (m.begin_ms, m.id)) for of in some)
    return [of for of in ordered if _unstable(of, rules)]


def _unstable(of: Sequence[Anomaly], rules: Rules) -> bool:
    """Did a series begin so many times within its window?"""
    apart = rules.unstable_times - 1
    return any(
        last.begin_ms - first.begin_ms < rules.unstable_ms(last.cadence_ms)
        for first, last in zip(of, of[apart:], strict=False)
    )
