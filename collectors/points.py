"""What the scans of the wire formats write: series by their raw names and points by series, to a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.base import Decoded
from collectors.errors import Tally
from collectors.keys import WireKeys, Words
from collectors.lookup import IdentityOf, look_up, name_all, refuse_names
from monitor.domain.batch import Reason, SampleBatch

POINT = np.dtype(
    [("value", np.float64), ("ts_ms", np.int64), ("series", np.int32), ("fault", np.int32)], align=True
)
"""One value as it was sent, 24 bytes; ``series``: its row among the series of the body."""

GOOD, NAME, TIME, NOT_FINITE, VALUE, HISTOGRAM, MISSING, TEXT = range(8)
"""Faults of a point; those from ``MISSING`` on are none: nothing was sent that could be kept."""

_REASONS = {
    TIME: Reason.BAD_TIMESTAMP,
    NOT_FINITE: Reason.NOT_FINITE,
    VALUE: Reason.BAD_VALUE,
    HISTOGRAM: Reason.NATIVE_HISTOGRAM,
}
_ASIDE = {MISSING: Reason.MISSING_VALUE, TEXT: Reason.TEXT_VALUE}

Detail = Callable[[int], str]
"""What was written at a point that is refused for its value."""


def batch_of(
    points: Any,
    hashes: Words,
    keys: WireKeys,
    identity_of: IdentityOf,
    *,
    all_identities: bool = False,
    places: NDArray[np.int64] | None = None,
    tally: Tally | None = None,
    detail: Detail | None = None,
) -> Decoded:
    """Points (`POINT`) of the series with these hashes, good ones as a batch, the rest told.

    ``places``: what an error says where a point stood, else its row. ``tally``: with what was refused
    before. Of several faults the name counts first.
    """
    tally = tally or Tally()
    identities: dict[int, bytes] = {}
    of_series = look_up(keys, hashes, identity_of, identities)
    series, fault = points["series"], points["fault"]
    prints = of_series[series]
    places = np.arange(len(points)) if places is None else places
    good = fault == GOOD
    nameless = prints == 0
    if nameless.any():
        rows = np.flatnonzero(nameless)
        refuse_names(rows, places[rows], lambda row: identity_of(series[row]), tally)
        good &= ~nameless
    aside: dict[str, int] = {}
    if not good.all():
        for code, reason in _REASONS.items():
            rows = np.flatnonzero((fault == code) & ~nameless)
            wanted = rows[: tally.wants(reason)].tolist()
            shown = [(int(places[row]), _shown(points[row], code, row, detail)) for row in wanted]
            tally.add_many(reason, shown, len(rows))
        for code, reason in _ASIDE.items():
            if count := int(((fault == code) & ~nameless).sum()):
                aside[reason] = count
        points, prints = points[good], prints[good]
    if all_identities:
        name_all(of_series, identity_of, identities)
    if not good.all():
        kept = set(prints.tolist())
        identities = {print_: name for print_, name in identities.items() if print_ in kept}
    batch = SampleBatch(
        fingerprint=np.ascontiguousarray(prints),
        ts_ms=np.ascontiguousarray(points["ts_ms"]),
        value=np.ascontiguousarray(points["value"]),
        identities=identities,
    )
    return Decoded(batch, tally.rejects(), aside=aside)


def _shown(point: Any, code: int, row: int, detail: Detail | None) -> str:
    if code == TIME:
        return str(point["ts_ms"])
    if code == HISTOGRAM:
        return "native histograms are not kept"
    return str(point["value"]) if detail is None else detail(row)
