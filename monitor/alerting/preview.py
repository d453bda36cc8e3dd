"""What routes would have sent for steps that are stored: the live decision, told the past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.alerting.ruling import CATCH_UP_MS, LIVE_MS, Rules, Ruling
from monitor.domain.alert import Dispatch, Holding, Step


@dataclass(frozen=True, slots=True)
class Preview:
    """Notices and withheld ones of a span, by time: [since, until)."""

    dispatches: tuple[Dispatch, ...]
    holdings: tuple[Holding, ...]
    since_ms: int
    until_ms: int

    @property
    def empty(self) -> bool:
        return not self.dispatches and not self.holdings


def preview(steps: Iterable[Step], rules: Rules, since_ms: int, until_ms: int) -> Preview:
    """Of steps in the order in which they were written, what would have been told in [since, until).

    A step that was written long after it happened (a backfill) is taken as if it had been heard when event
    time had come to it. Mutes and lineage are those of ``rules``. Cost: some 10 µs a minute in which
    something is open, and a step.
    """
    ruling = Ruling(rules, (), None)
    for step in sorted(map(_as_heard, steps), key=lambda one: one.told_ms):
        if step.told_ms >= until_ms:
            break
        _pass(ruling, step.told_ms)
        ruling.hear(step)
    _pass(ruling, until_ms - 1)
    ruled = ruling.ruled()
    within = range(since_ms, until_ms)
    return Preview(
        tuple(one for one in ruled.dispatches if one.at_ms in within),
        tuple(one for one in ruled.holdings if one.at_ms in within),
        since_ms,
        until_ms,
    )


def _as_heard(step: Step) -> Step:
    if step.told_ms - step.newest_ms <= max(LIVE_MS, 4 * step.cadence_ms):
        return step
    at_ms = step.transition.at_ms
    return replace(step, told_ms=at_ms, newest_ms=at_ms)


def _pass(ruling: Ruling, until_ms: int) -> None:
    """As a server that looks often enough: in one go no more than a day would be decided."""
    while ruling.reached_ms is not None and until_ms - ruling.reached_ms > CATCH_UP_MS:
        if not ruling.waits:
            break
        ruling.pass_time(ruling.reached_ms + CATCH_UP_MS)
    ruling.pass_time(until_ms)
