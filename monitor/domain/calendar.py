"""A calendar: days and hours that are not like others, and what is to be different then.

A calendar holds its spans of time, not the rules they were made by: so a replay finds the same ones, whatever
a library of holidays says by then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monitor.domain.durations import DAY_MS
from monitor.domain.errors import BadRequest
from monitor.domain.mute import Selector, selector_of

SPANS_MAX = 2_000
MARGIN_MS_MAX = 7 * DAY_MS
NAME_MAX = 128
TITLE_MAX = 200


class Mode(StrEnum):
    """``suppress-alert``: nobody is told. ``suppress-learning``: models do not learn."""

    SUPPRESS_ALERT = "suppress-alert"
    SUPPRESS_LEARNING = "suppress-learning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``start_ms`` to ``end_ms`` (exclusive), UTC milliseconds."""

    start_ms: int
    end_ms: int
    title: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """``source`` says in words where the spans come from; ``before_ms`` and ``after_ms`` are margins that
    each of them is widened by. ``spans`` in order."""

    id: str
    name: str
    source: str
    mode: Mode
    selector: Selector
    spans: tuple[Span, ...]
    author: str
    before_ms: int = 0
    after_ms: int = 0
    created_ms: int = 0

    def at(self, at_ms: int) -> Span | None:
        """The span that holds at a time, of several the one that began last. O(log n) and the spans of a
        month."""
        begun = bisect_right(self.spans, at_ms + self.before_ms, key=lambda span: span.start_ms)
        for span in reversed(self.spans[max(begun - _LOOKED_BACK, 0) : begun]):
            if at_ms < span.end_ms + self.after_ms:
                return span
        return None

    @property
    def widened(self) -> list[tuple[int, int]]:
        """Its spans with their margins, in order, those that touch as one."""
        found: list[tuple[int, int]] = []
        for span in self.spans:
            first, end = span.start_ms - self.before_ms, span.end_ms + self.after_ms
            if found and first <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            else:
                found.append((first, end))
        return found

    def checked(self) -> Calendar:
        """Itself. Raises BadRequest for what may not be."""
        self.selector.checked()
        if not 0 < len(self.name) <= NAME_MAX or not self.name.isprintable():
            raise BadRequest(f"name: 1 to {NAME_MAX} characters, no control characters")
        if not 0 < len(self.spans) <= SPANS_MAX:
            raise BadRequest(
                f"a calendar has 1 to {SPANS_MAX} entries within its two years; this has {len(self.spans)}"
            )
        if self.mode is Mode.SUPPRESS_LEARNING and self.selector.incident:
            raise BadRequest("learning is stopped by series, not by incident: select those")
        if not (0 <= self.before_ms <= MARGIN_MS_MAX and 0 <= self.after_ms <= MARGIN_MS_MAX):
            raise BadRequest("margins lie between 0 and 7 days")
        return self

    def to_body(self) -> dict[str, Any]:
        """Plain values, as in the log."""
        spans = [[span.start_ms, span.end_ms, span.title] for span in self.spans]
        own = {name: getattr(self, name) for name in ("id", "name", "source", "author")}
        times = {name: getattr(self, name) for name in ("before_ms", "after_ms", "created_ms")}
        return own | times | {"mode": self.mode.value, "selector": self.selector.to_body(), "spans": spans}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Calendar:
        """
        >>> spans = (Span(5, 9, "x"),)
        >>> day = Calendar("c", "DE", "file", Mode("suppress-alert"), Selector(), spans, "ann", 1, 2)
        >>> Calendar.from_body(day.to_body()) == day
        True
        >>> [day.at(ms) is not None for ms in (3, 4, 10, 11)]
        [False, True, True, False]
        """
        return Calendar(
            **{
                **body,
                "mode": Mode(body["mode"]),
                "selector": selector_of(body["selector"]),
                "spans": tuple(Span(*span) for span in body["spans"]),
            }
        )


_LOOKED_BACK = 64
"""Spans that may hold at one time: one that began before so many others is not found."""
