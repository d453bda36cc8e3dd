"""What labels bring about beside models: an entry of a calendar, and who belongs together.

Both are records of the log of their own, made and taken back with the label, and found again by its id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from monitor.domain.acts import Act, name_of
from monitor.domain.calendar import Calendar, Mode, Span
from monitor.domain.durations import HOUR_MS
from monitor.domain.errors import NotFound, Unfit
from monitor.domain.incident import PlacedAnomaly
from monitor.domain.labels import Label, Said, TargetKind
from monitor.domain.mute import Selector
from monitor.domain.series import Identity
from monitor.muting import Muting
from monitor.responding import Responding

GOES_ON_MS = 6 * HOUR_MS
"""For so much longer what goes on is expected, if the label sets no end."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """``series(id)`` is the identity of a series; ``anomaly(id)`` an anomaly with its incident, None if it is
    not there."""

    muting: Muting
    responding: Responding
    series: Callable[[str], Identity]
    anomaly: Callable[[str], PlacedAnomaly | None]
    now_ms: Callable[[], int]

    def check(self, label: Label) -> None:
        """Raises Refused where the label asks for one calendar too many."""
        if label.said is Said.EXPECTED:
            self.muting.check_calendar(self._entry(label))

    def bring_about(self, label: Label) -> None:
        if label.said is Said.EXPECTED:
            self.muting.add_calendar(self._entry(label))
        elif label.said is Said.WRONG_GROUP and (act := self._parting(label)) is not None:
            self.responding.tell(act)

    def take_back(self, label: Label) -> None:
        try:
            if label.said is Said.EXPECTED:
                self.muting.remove_calendar(self.muting.calendar(_calendar_id(label)), label.undone_by or "")
            elif label.said is Said.WRONG_GROUP:
                self.responding.undo(self.responding.act(_act_id(label)), label.undone_by or "")
        except NotFound:  # somebody has removed it already, or there was nothing to bring about
            pass

    def _entry(self, label: Label) -> Calendar:
        """Nobody is told of what was expected while it lasts."""
        target, now_ms = label.target, self.now_ms()
        end_ms = target.to_ms if target.to_ms is not None else max(now_ms, target.from_ms) + GOES_ON_MS
        team = target.team or None
        if target.kind is TargetKind.INCIDENT:
            selector = Selector(team=team, incident=target.id)
        else:
            series = self.series(target.series_id)
            selector = Selector(series.metric, series.tags, team)
        return Calendar(
            id=_calendar_id(label),
            name=f"expected: {target.id}"[:128],
            source=f"label {label.id}",
            mode=Mode.SUPPRESS_ALERT,
            selector=selector,
            spans=(Span(target.from_ms, max(end_ms, target.from_ms + 1), "expected"),),
            author=label.user,
            created_ms=now_ms,
        )

    def _parting(self, label: Label) -> Act | None:
        """The act that takes an anomaly out of its incident; None where there is nothing to part from."""
        target = label.target
        placed = self.anomaly(target.anomaly_id) if target.kind is TargetKind.ANOMALY else None
        if placed is None or placed.incident_id is None:
            return None
        try:
            act = self.responding.split(placed.incident_id, [placed.anomaly.id], label.user, label.note)
        except (NotFound, Unfit):
            return None
        return replace(act, id=_act_id(label))


def _calendar_id(label: Label) -> str:
    return f"expected-{label.id}"


def _act_id(label: Label) -> str:
    return name_of("wrong group", label.id)
