"""A source of any kind that is away for half an hour: its gap is filled, and all that is told is that it was
down.

What a scrape or the host missed nobody can fill: then it is missing, and never zero.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from collectors.source_file import KINDS
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import MINUTE_MS
from monitor.domain.incident import IncidentState
from monitor.domain.source import METRIC_LAG, METRIC_STALENESS, METRIC_UP
from monitor.service import Monitor
from tests.sources.away import STORIES
from tests.sources.outage import BACK, GONE, LENGTH, lived, start_ms

_MARKS = {
    "sql": (),
    "promql": (
        pytest.mark.slow,
        pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on PATH"),
    ),
}


def observed(monitor: Monitor, metric: str) -> Any:
    (row,) = monitor.reading.series(metric=metric).items
    assert not len(monitor.reading.revisions(row["id"])["ts_ms"])
    return monitor.reading.observations(row["id"])


def only_incident(monitor: Monitor, start: int) -> list[Anomaly]:
    """The members of one incident, closed, which began when the source went."""
    (told,) = monitor.recounting.incidents().items
    assert told.state is IncidentState.CLOSED
    assert told.start_ms == start + GONE * MINUTE_MS
    _, members = monitor.recounting.incident(told.id)
    return [placed.anomaly for placed in members]


def test_every_kind_has_its_story() -> None:
    assert set(STORIES) == set(KINDS)


@pytest.mark.filterwarnings("ignore")  # MLflow's own
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=_MARKS.get(kind, pytest.mark.slow)) for kind in KINDS]
)
def test_half_an_hour_away(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")  # else it keeps the file open
    start = start_ms()
    with (
        STORIES[kind](tmp_path, start) as away,
        lived(tmp_path, away.polled, start, away.minute) as monitor,
    ):
        assert away.kept or away.lost
        for metric, values in away.kept.items():
            seen = observed(monitor, metric)["value"]
            assert np.array_equal(seen, values[: len(seen)])
            assert len(seen) >= LENGTH - 2
        for metric, values in away.lost.items():
            seen = observed(monitor, metric)
            minutes = (seen["ts_ms"] - start) // MINUTE_MS
            assert not ((minutes >= GONE) & (minutes < BACK)).any()
            assert len(minutes) >= LENGTH - (BACK - GONE) - 3
            claimed = ~np.isnan(values[minutes])
            np.testing.assert_allclose(seen["value"][claimed], values[minutes[claimed]], rtol=1e-9)
        members = only_incident(monitor, start)
        assert METRIC_UP in {one.series.metric for one in members}
        own = {METRIC_UP, METRIC_LAG, METRIC_STALENESS}
        others = [one for one in members if one.series.metric not in own]
        assert not {one.series.metric for one in others} & set(away.kept)
        assert {one.kind for one in others} <= {AnomalyKind.NO_DATA}
