"""Every hostile row and statement of SQL: what is kept of it, or what the source says; nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collectors.pulled import SourceFailed
from collectors.sql import SqlSource
from collectors.sql_settings import SqlSettings
from monitor.domain.durations import MINUTE_MS
from tests.hostile import sql
from tests.hostile.sql import START, Query

KPIS = [
    {"metric": "orders", "compute": "count"},
    {"metric": "revenue", "compute": "sum", "column": "amount"},
    {"metric": "basket", "compute": "mean", "column": "amount"},
]
SAID = {
    "name": "shop",
    "time": "ms",
    "time_type": "epoch_ms",
    "bucket": "1m",
    "tags": ["country"],
    "kpi": KPIS,
}


def check(url: str, case: Query) -> None:
    said = SAID | {"url": url, "query": case.query} | dict(case.said)
    source = SqlSource(SqlSettings.model_validate(said), str)
    try:
        if case.fails:
            with pytest.raises(SourceFailed, match=re.escape(case.fails)) as failed:
                source.read(START, START + MINUTE_MS)
            assert len(str(failed.value)) <= 300
            return
        found = source.read(START, START + MINUTE_MS)
    finally:
        source.close()
    assert len(found.batch) == case.kept
    assert {reject.reason: reject.count for reject in found.rejects} == case.reasons


@pytest.mark.parametrize("case", [one for one in sql.cases() if "sqlite" in one.dialects], ids=str)
def test_hostile_query(tmp_path: Path, case: Query) -> None:
    (tmp_path / "shop.db").touch()
    check(f"sqlite:///{tmp_path}/shop.db", case)
    assert not (tmp_path / "shop.db").stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("case", [one for one in sql.cases() if "postgresql" in one.dialects], ids=str)
def test_hostile_query_of_postgresql(postgres: str, case: Query) -> None:
    check(postgres, case)
