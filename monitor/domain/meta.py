"""Watchkeeper's own series: what they are called, what is declared of them, and how they are said.

They begin with ``watchkeeper.`` and are left out of everything that is counted for them, so that they never
feed back on themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.domain.durations import DAY_MS

PREFIX = "watchkeeper."
EVERY_MS = 300_000
"""How often the system's own series have a value."""
FEW = 10
"""Of fewer cases no share is told: it would be noise."""
BROAD = 30
"""And of fewer values of a family in an interval nothing of the family: a few faults would be half of it."""
DECIDED_MS = DAY_MS
"""What passes decided is told of the last day: passes of one series are a day apart."""

SETTLED = 512
"""Final buckets of the last of a series' first passes, by which it may still become anything."""
NEVER = 2.0
"""As a smallest change of a share: shown, and never an anomaly. Growth moves it, and what is watched: a
storm, or a day on which passes move many series that are alike to another family."""

COVERAGE_MIN = 0.75
P01_MAX = 0.25
"""Bounds for every family, also for one that was not in use before: one value in 100,000 should leave the
band, and one in a hundred be as surprising as that."""

_SHARE = {"kind": "ratio", "unit": "share", "aggregation": "mean", "cadence_ms": EVERY_MS}
_SAMPLES = {
    "kind": "delta",
    "unit": "samples",
    "aggregation": "sum",
    "cadence_ms": EVERY_MS,
    "polarity": "down",
    "min_change_relative": 0.02,
}
_GAUGE = {"kind": "gauge", "cadence_ms": EVERY_MS}
_PART = {"kind": "gauge", "unit": "share", "cadence_ms": EVERY_MS}


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the own metrics. ``group``: beside which others it is shown; ``rank``: the lower, the nearer
    it is to a cause, so that an incident of several is named by it; ``words``: what it is called in a title,
    with the value of its ``tag``; ``declared``: what is said of it where nobody has said anything;
    ``heading``: what stands over all of its series, where that is not the end of ``words``."""

    metric: str
    group: str
    rank: int
    words: str
    tag: str
    declared: Mapping[str, Any]
    heading: str = ""

    @property
    def is_share(self) -> bool:
        return self.declared.get("unit") == "share"

    @property
    def watched(self) -> bool:
        """May it become an anomaly?"""
        return bool(self.declared.get("min_change_absolute", 0.0) < NEVER or not self.is_share)

    @property
    def title(self) -> str:
        """What it is called where its series are named beside it.

        >>> FIGURE["watchkeeper.band.coverage"].title, FIGURE["watchkeeper.source.samples"].title
        ('Band coverage', 'Samples by source')
        """
        name = self.words.partition(": ")[2] or self.words
        return self.heading or name[0].upper() + name[1:]


def _share(side: str, least: float) -> Mapping[str, Any]:
    return {**_SHARE, "polarity": side, "min_change_absolute": least}


def _part(side: str, least: float) -> Mapping[str, Any]:
    return {**_PART, "polarity": side, "min_change_absolute": least}


FIGURES: Sequence[Figure] = (
    Figure(
        "watchkeeper.decoder.samples",
        "intake",
        -1,
        "Decoder {}: samples",
        "decoder",
        _SAMPLES,
        "Samples by decoder",
    ),
    Figure(
        "watchkeeper.decoder.refused_share",
        "intake",
        -1,
        "Decoder {}: share of samples refused",
        "decoder",
        _part("up", 0.02),
        "Share of samples refused, by decoder",
    ),
    Figure(
        "watchkeeper.source.samples",
        "intake",
        0,
        "Source {}: samples",
        "source",
        _SAMPLES,
        "Samples by source",
    ),
    Figure(
        "watchkeeper.season.share",
        "seasons",
        1,
        "Season detection: share of metrics with a season",
        "",
        _part("down", 0.05),
    ),
    Figure(
        "watchkeeper.season.length_share",
        "seasons",
        1,
        "Season detection: share of metrics with a season of about a {}",
        "period",
        _part("both", NEVER),
        "Share of metrics by length of season",
    ),
    Figure(
        "watchkeeper.season.changed_share",
        "seasons",
        1,
        "Season detection: share of metrics whose seasons changed within a day",
        "",
        _part("up", 0.1),
    ),
    Figure(
        "watchkeeper.band.coverage",
        "calibration",
        2,
        "Family {}: band coverage",
        "family",
        {**_share("down", 0.1), "static_lower": COVERAGE_MIN},
    ),
    Figure(
        "watchkeeper.surprise.p50",
        "calibration",
        3,
        "Family {}: share of values beyond the middle half",
        "family",
        _share("both", NEVER),
    ),
    Figure(
        "watchkeeper.surprise.p10",
        "calibration",
        3,
        "Family {}: share of values with p below 0.1",
        "family",
        _share("up", 0.15),
    ),
    Figure(
        "watchkeeper.surprise.p01",
        "calibration",
        3,
        "Family {}: share of values with p below 0.01",
        "family",
        {**_share("up", 0.1), "static_upper": P01_MAX},
    ),
    Figure(
        "watchkeeper.model.switch_share",
        "models",
        4,
        "Family {}: share of metrics that passes moved to it within a day",
        "family",
        _part("up", NEVER),
        "Share of metrics moved within a day, by family",
    ),
    Figure(
        "watchkeeper.model.share",
        "models",
        5,
        "Family {}: share of metrics",
        "family",
        _part("both", NEVER),
        "Share of metrics by family",
    ),
    Figure(
        "watchkeeper.model.undo_share",
        "models",
        5,
        "Undone within a day: share of metrics",
        "",
        _part("up", NEVER),
        "Share of metrics undone within a day",
    ),
    Figure(
        "watchkeeper.class.share",
        "models",
        5,
        "Class {}: share of metrics",
        "class",
        _part("both", NEVER),
        "Share of metrics by class",
    ),
    Figure(
        "watchkeeper.series.learning_share",
        "models",
        6,
        "Learning: share of metrics",
        "",
        _part("both", NEVER),
        "Share of metrics that still learn",
    ),
    Figure(
        "watchkeeper.anomaly.rate",
        "anomalies",
        7,
        "Class {}: anomaly rate",
        "class",
        _share("up", NEVER),
        "Anomaly rate by class",
    ),
    Figure(
        "watchkeeper.score.share",
        "anomalies",
        7,
        "Share of values with a score of {} or more",
        "at_least",
        _share("up", NEVER),
        "Share of values by least score",
    ),
    Figure(
        "watchkeeper.ingest.lag_s",
        "intake",
        6,
        "Intake: lag in seconds",
        "",
        {**_GAUGE, "unit": "s", "polarity": "up", "min_change_absolute": 30.0},
    ),
    Figure("watchkeeper.ingest.late_share", "intake", 6, "Intake: late share", "", _share("up", 0.05)),
    Figure(
        "watchkeeper.ingest.refused_share",
        "intake",
        6,
        "Intake: share of samples refused as {}",
        "reason",
        _part("up", 0.02),
        "Share of samples refused, by reason",
    ),
    Figure(
        "watchkeeper.cost.us",
        "cost",
        9,
        "Cost of {} in microseconds",
        "stage",
        {
            **_GAUGE,
            "unit": "us",
            "polarity": "up",
            "min_change_absolute": 2_000.0,
            "min_change_relative": 4.0,
        },
        "Cost by stage, in microseconds",
    ),
    Figure(
        "watchkeeper.incidents.opened",
        "people",
        8,
        "Team {}: incidents opened",
        "team",
        {
            "kind": "delta",
            "unit": "incidents",
            "aggregation": "sum",
            "cadence_ms": EVERY_MS,
            "polarity": "up",
            "min_change_absolute": 20.0,
        },
    ),
    Figure(
        "watchkeeper.labels.precision", "people", 8, "Labels: share called true", "team", _part("down", 0.2)
    ),
    Figure(
        "watchkeeper.labels.delay_s",
        "people",
        8,
        "Labels: seconds from an incident's start",
        "team",
        {**_GAUGE, "unit": "s", "polarity": "up", "min_change_absolute": 86_400.0},
        "Seconds from an incident's start to its label",
    ),
    Figure(
        "watchkeeper.receiver.unreachable",
        "delivery",
        0,
        "Receiver {} takes no notices",
        "receiver",
        {**_GAUGE, "polarity": "up", "min_change_absolute": NEVER, "static_upper": 0.5},
        "Receivers that take no notices",
    ),
)
FIGURE: Mapping[str, Figure] = {figure.metric: figure for figure in FIGURES}


def of_itself(metric: str) -> bool:
    """Is this one of Watchkeeper's own metrics?

    >>> of_itself("watchkeeper.band.coverage"), of_itself("watchkeepers"), of_itself("cpu")
    (True, False, False)
    """
    return metric.startswith(PREFIX)


def of_models(metric: str) -> bool:
    """May models be at fault where this own metric is wrong? Not where nobody takes notices.

    >>> of_models("watchkeeper.band.coverage"), of_models("watchkeeper.receiver.unreachable")
    (True, False)
    """
    figure = FIGURE.get(metric)
    return figure is None or figure.group != "delivery"


def said(metric: str, tags: Mapping[str, str], before: float, after: float) -> str | None:
    """What happened to an own metric, in plain words; None for one that has none.

    >>> said("watchkeeper.band.coverage", {"family": "holt_winters"}, 0.99, 0.61)
    'Family holt_winters: band coverage fell from 99 to 61 %'
    >>> said("watchkeeper.source.samples", {"source": "push"}, 1200.0, 1164.0)
    'Source push: samples fell from 1,200 to 1,164'
    """
    figure = FIGURE.get(metric)
    if figure is None:
        return None
    way = "rose" if after > before else "fell"
    name = figure.words.format(tags.get(figure.tag, "all") or "none")
    if figure.group == "delivery":
        return name
    if figure.is_share:
        return f"{name} {way} from {_number(100 * before)} to {_number(100 * after)} %"
    return f"{name} {way} from {_number(before)} to {_number(after)}"


def _number(value: float) -> str:
    shown = f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"
    return "0" if shown in ("-0", "-0.0") else shown


def cause(metric: str, tags: Mapping[str, str]) -> tuple[str, str]:
    """What an own metric names as the cause: of what kind it is, and which one.

    >>> cause("watchkeeper.band.coverage", {"family": "ema"}), cause("watchkeeper.season.share", {})
    (('family', 'ema'), ('part', 'season detection'))
    """
    figure = FIGURE.get(metric)
    if figure is not None and figure.group == "seasons":
        return "part", "season detection"
    for key in ("decoder", "source", "family", "class", "team", "stage", "reason", "receiver"):
        if key in tags:
            return key, tags[key]
    return "part", metric.removeprefix(PREFIX)


def rank(metric: str) -> int:
    """How near an own metric is to a cause; one that is not described here stands for itself: a source."""
    figure = FIGURE.get(metric)
    return 0 if figure is None else figure.rank
