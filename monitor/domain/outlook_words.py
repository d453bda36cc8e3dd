"""The stage of a series in words: what is judged by now, when that changes, and what to expect until then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.domain.outlook import LEARNING, TRUSTED, WideBand
from monitor.domain.units import Way, counted
from monitor.domain.words import moment


def stage_notes(series: Mapping[str, Any], band: WideBand | None, way: Way) -> list[str]:
    """Of a series' row, as in lists; nothing for a trusted one that lives by what a pass chose.

    >>> row = {"stage": "provisional", "next_stage": "trusted", "next_stage_buckets": 64,
    ...     "next_stage_ms": 1_360_350_000_000, "pinned": False, "threshold": "extreme_value"}
    >>> stage_notes(row, None, Way())
    ['provisional by now: trusted after 64 more final buckets, not before 2013-02-08 19:00 UTC']
    """
    found = []
    if series["stage"] != TRUSTED:
        found.append(_stage(series))
    if band is not None:
        found.append(_band(band, way))
    if series["pinned"]:
        found.append("its models are kept since an undo, until the contest is opened again")
    if series["stage"] != LEARNING and series["threshold"] != "extreme_value":
        found.append(f"the threshold is {series['threshold']}, as declared")
    return found


def _stage(series: Mapping[str, Any]) -> str:
    at_ms = series["next_stage_ms"]
    when = "" if at_ms is None else f", not before {moment(at_ms)}"
    more = counted(series["next_stage_buckets"], "more final bucket")
    return f"{series['stage']} by now: {series['next_stage']} after {more}{when}"


def _band(band: WideBand, way: Way) -> str:
    who = counted(band.own_values, "value") + " of its own"
    if band.siblings:
        who += f" and {band.siblings:,} series of the same metric"
    return (
        f"until it has a model, values between {way.number(band.lower)} and {way.number(band.upper)} are no "
        f"surprise, by {who}; nothing is judged by that"
    )
