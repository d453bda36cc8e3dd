"""Charts of incidents: which series is drawn, over which time, and that notices go
without where none can be."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import numpy as np

from monitor.domain.declared import Declared
from monitor.domain.durations import MINUTE_MS
from monitor.domain.incident import Incident, Suspect
from monitor.domain.notice import Picture
from monitor.domain.units import Way
from monitor.engine.rebuilding import Rebuilt
from monitor.shards import Row

log = logging.getLogger(__name__)

BUCKETS_BEFORE = 300
"""How many buckets before the onset are drawn: twelve days by the hour, five hours by the minute."""
BUCKETS_MAX = 2_000
REMEMBERED_MAX = 64
COLUMNS = ("ts_ms", "value", "expected", "lower", "upper", "verdict")


def as_it_was(found: Rebuilt) -> Picture | None:
    """The chart of a verdict that was made again, as it was to be seen then; None where there is too little
    to draw. Raises ImportError without the extra."""
    from monitor.alerting.chart import Track, picture

    way = Way.of(found.declared.get("kind"), found.declared.get("unit"), found.metric_class)
    arrays = {name: found.before[name][-BUCKETS_BEFORE:] for name in COLUMNS}
    return picture(Track(str(found.series), way, **arrays, from_ms=found.verdict["ts_ms"]))


class Illustrator:
    """``row(series id)``, ``columns(series id, from, to, most)`` and ``declarations()`` are questions as of
    the Monitor. Thread-safe; the newest pictures are remembered, since several receivers want the same."""

    def __init__(
        self,
        row: Callable[[str], Row],
        columns: Callable[..., Mapping[str, Any]],
        declarations: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._row = row
        self._columns = columns
        self._declarations = declarations
        self._known: OrderedDict[tuple[str, int], tuple[Picture, ...]] = OrderedDict()
        self._lock = Lock()

    def of(self, incident: Incident) -> tuple[Picture, ...]:
        """The first suspect, as it stands now; empty where there is no such series, too little of it, or
        nothing to draw with. Some 0.5 s where it is not remembered."""
        key = (incident.id, incident.sequence)
        with self._lock:
            if key in self._known:
                return self._known[key]
        try:
            found = self._drawn(incident.suspects[0]) if incident.suspects else ()
        except ImportError:
            return ()  # without the extra: notices have no pictures
        except Exception:
            log.exception("no chart of incident %s", incident.id)
            return ()
        with self._lock:
            self._known[key] = found
            while len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
        return found

    def _drawn(self, suspect: Suspect) -> tuple[Picture, ...]:
        from monitor.alerting.chart import Track, picture

        row = self._row(suspect.series_id)
        cadence_ms = int(row["cadence_ms"] or MINUTE_MS)
        from_ms = suspect.onset_ms - BUCKETS_BEFORE * cadence_ms
        to_ms = suspect.onset_ms + (BUCKETS_MAX - BUCKETS_BEFORE) * cadence_ms
        columns = self._columns(suspect.series_id, from_ms=from_ms, to_ms=to_ms, max_points=BUCKETS_MAX)
        declared = Declared(self._declarations()).of(suspect.metric)
        way = Way.of(declared.get("kind"), declared.get("unit"), str(row["class"]))
        arrays = {name: np.asarray(columns[name]) for name in COLUMNS}
        made = picture(Track(suspect.series, way, **arrays, from_ms=suspect.onset_ms))
        return () if made is None else (made,)
