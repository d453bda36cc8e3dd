"""What is known of a source that is asked again and again: the series it has itself, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monitor.domain.durations import MINUTE_MS

METRIC_UP = "watchkeeper.source.up"
METRIC_LAG = "watchkeeper.source.lag_s"
METRIC_STALENESS = "watchkeeper.source.staleness_s"
TAG = "source"
PART_TAG = "instance"
"""Of a part's own series, unless its source calls it otherwise."""
REPORT_MS = MINUTE_MS
"""How often a source's own series have a value."""

DECLARATIONS: Mapping[str, Mapping[str, Any]] = {
    METRIC_UP: {"kind": "gauge", "cadence_ms": REPORT_MS, "polarity": "down", "static_lower": 0.5},
    METRIC_LAG: {"kind": "gauge", "unit": "s", "cadence_ms": REPORT_MS, "polarity": "up"},
    METRIC_STALENESS: {
        "kind": "gauge",
        "unit": "s",
        "cadence_ms": REPORT_MS,
        "polarity": "up",
        "min_change_absolute": 300.0,
    },
}
"""What is said of these metrics where nobody has said anything: down is below a fixed bound, always. How old
the newest sample of a source usually gets is learned; minutes more are nothing."""


class SourceState(StrEnum):
    """Of the newest attempt to read a source."""

    STARTING = "starting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class SourcePart:
    """One of several that a source reads at once, such as a target; ``error``: empty where it answered."""

    name: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """``read_until_ms``: up to here its data were taken in; ``newest_ms``: time of the newest sample, or of
    the first reading if that is later; ``error``: of the newest attempt that failed, without secrets, also
    after later ones succeeded; ``samples``: taken in since the server started;
    ``refused``: not kept, in the same time; ``part_tag``: of its parts' series, whose value is the part's
    name, as its samples have it."""

    name: str
    kind: str
    state: SourceState = SourceState.STARTING
    every_ms: int = 0
    success_ms: int | None = None
    error_ms: int | None = None
    error: str = ""
    read_until_ms: int | None = None
    newest_ms: int | None = None
    samples: int = 0
    refused: int = 0
    parts: tuple[SourcePart, ...] = ()
    part_tag: str = PART_TAG
