"""examples/call_records: from rows in a real PostgreSQL to incidents; and EMA/EMV in the database."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import psycopg
import pytest

from examples.call_records import watch
from examples.call_records.calls import DAY, planted
from learners.baseline import ema
from tests.store.conftest import postgres

__all__ = ["postgres"]


@pytest.mark.slow
def test_incidents_name_the_trunk_group(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(watch.SECRET, postgres)
    end_s = int(time.time()) // DAY * DAY
    begin_s = end_s - watch.DAYS * DAY
    assert watch.write(postgres, begin_s) > 100_000
    monitor = watch.watched(tmp_path / "data", end_s)
    try:
        incidents = monitor.recounting.incidents(limit=100).items
        lines = [watch.told(monitor, one) for one in incidents]
        for fault in planted(watch.DAYS):
            begin, end = ((begin_s + at_s) * 1_000 for at_s in (fault.begin_s, fault.end_s))
            hits = [one for one in incidents if begin - 900_000 <= one.start_ms < end]
            assert hits, (fault, lines)
            members = [placed.anomaly for hit in hits for placed in monitor.recounting.incident(hit.id)[1]]
            assert {one.series.tag("trunk_group") for one in members} == {fault.trunk_group}, lines
            metrics = {one.series.metric for one in members}
            wanted = {"failure": {"calls.answered_share", "calls.mos"}, "fraud": {"calls.duration"}}
            assert wanted[fault.kind] <= metrics, lines
            assert any(fault.trunk_group in str(suspect) for hit in hits for suspect in hit.suspects), lines
        assert len(incidents) <= 8, lines
    finally:
        monitor.stop()


@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_the_functions_of_the_database_are_the_kernel(postgres: str, alpha: float) -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(3, 1, 400)
    values[[50, 200]] = 40.0  # beyond four deviations
    values[300:] += 5.0
    seen = ema.warm(values, np.arange(len(values)), alpha=alpha, beta=alpha)
    with psycopg.connect(postgres.replace("+psycopg", "")) as connection:
        connection.execute((watch.HERE / "ema_emv.sql").read_text().encode())
        rows = [("T", i, value) for i, value in enumerate(values.tolist())]
        statement = "INSERT INTO kpi VALUES (%s, to_timestamp(%s), %s)"
        connection.cursor().executemany(statement, rows)
        found = connection.execute(
            "SELECT (state).ema, (state).msr, (state).emv FROM"
            " (SELECT at, ema_emv(value, %s) OVER (ORDER BY at) AS state FROM kpi) AS s ORDER BY at",
            [alpha],
        ).fetchall()
        away = connection.execute("SELECT at FROM ema_emv_surprises(%s, 6)", [alpha]).fetchall()
        connection.rollback()
    levels, squares, variances = (np.array(column) for column in zip(*found, strict=True))
    # The kernel keeps 32-bit records, and forecasts are of the value before.
    np.testing.assert_allclose(levels[:-1], seen.centre[1:], rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(np.sqrt(squares[:-1]), seen.scale[1:], rtol=2e-4)
    np.testing.assert_allclose(variances, (1 - alpha) * squares)
    assert len(away) >= 2
