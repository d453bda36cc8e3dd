"""KPIs by SQL are those that plain Python counts of the same rows, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text

from collectors.pulled import SourceFailed
from collectors.sql import SqlSource
from collectors.sql_settings import Kpi, SqlSettings
from monitor.domain.durations import MINUTE_MS
from monitor.domain.series import Identity

START = 1_767_225_600_000  # a whole minute
KPIS: list[dict[str, Any]] = [
    {"metric": "orders", "compute": "count"},
    {"metric": "revenue", "compute": "sum", "column": "amount"},
    {"metric": "basket", "compute": "mean", "column": "amount"},
    {"metric": "pace", "compute": "rate"},
    {"metric": "income", "compute": "rate", "column": "refunded"},
    {"metric": "amounts", "compute": "distinct", "column": "amount"},
    {"metric": "p80", "compute": "percentile", "column": "amount", "quantile": 0.8},
    {"metric": "refunds", "compute": "ratio", "numerator": "refunded", "denominator": "one"},
]
QUERY = "SELECT at, country, amount, refunded, 1 AS one FROM orders WHERE country <> '12:30 100%'"
Values = dict[tuple[str, str, int], tuple[float, float]]
Order = tuple[int, str, float | None, int]


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.db"
    found: str = request.getfixturevalue("postgres")
    return found


@pytest.fixture(scope="module")
def shop(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    stamp = "TEXT" if engine.dialect.name == "sqlite" else "TIMESTAMPTZ"
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS orders"))
        connection.execute(
            text(f"CREATE TABLE orders (at {stamp}, ms BIGINT, country TEXT, amount FLOAT, refunded INT)")
        )
    yield engine
    engine.dispose()


def fill(shop: Engine, orders: list[Order]) -> None:
    rows = [
        {
            "at": f"2026-01-01 00:{ms // MINUTE_MS:02}:{ms % MINUTE_MS // 1000:02}.{ms % 1000:03}"
            + ("+00" if shop.dialect.name == "postgresql" else ""),
            "ms": START + ms,
            "country": country,
            "amount": amount,
            "refunded": refunded,
        }
        for ms, country, amount, refunded in orders
    ]
    with shop.begin() as connection:
        connection.execute(text("DELETE FROM orders"))
        if rows:
            statement = "INSERT INTO orders VALUES (:at, :ms, :country, :amount, :refunded)"
            connection.execute(text(statement), rows)


def source(url: str, **changed: Any) -> SqlSource:
    said = {"name": "shop", "url": url, "query": QUERY, "time": "at", "bucket": "1m", "tags": ["country"]}
    return SqlSource(SqlSettings.model_validate(said | {"kpi": KPIS} | changed), lambda _: url)


def read(source: SqlSource, *bounds: int) -> Values:
    found: Values = {}
    for begin, end in pairwise(bounds):
        batch = source.read(START + begin * MINUTE_MS, START + end * MINUTE_MS).batch
        assert batch.n is not None
        for number, ts_ms, value, n in zip(
            batch.fingerprint.tolist(),
            batch.ts_ms.tolist(),
            batch.value.tolist(),
            batch.n.tolist(),
            strict=True,
        ):
            identity = Identity.from_canonical(batch.identities[number])
            key = (identity.metric, identity.tag("country") or "", (ts_ms - START) // MINUTE_MS)
            assert key not in found
            found[key] = (round(value, 6), -1.0 if math.isnan(n) else n)
    source.close()
    return found


def counted(orders: list[Order], minutes: int) -> Values:
    """The slow twin."""
    groups: dict[tuple[str, int], list[Order]] = defaultdict(list)
    for order in orders:
        if order[0] < minutes * MINUTE_MS:
            groups[order[1], order[0] // MINUTE_MS].append(order)
    found: Values = {}
    for (country, minute), rows in groups.items():
        amounts = [row[2] for row in rows if row[2] is not None]
        found["orders", country, minute] = (len(rows), -1.0)
        found["pace", country, minute] = (round(len(rows) / 60, 6), -1.0)
        found["income", country, minute] = (round(sum(row[3] for row in rows) / 60, 6), -1.0)
        found["amounts", country, minute] = (len(set(amounts)), -1.0)
        if amounts:
            found["p80", country, minute] = (round(float(np.percentile(amounts, 80)), 6), len(amounts))
            found["revenue", country, minute] = (round(sum(amounts), 6), -1.0)
            found["basket", country, minute] = (round(sum(amounts) / len(amounts), 6), len(amounts))
        found["refunds", country, minute] = (round(sum(row[3] for row in rows) / len(rows), 6), len(rows))
    return found


ORDERS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 10 * MINUTE_MS), st.integers(0, 9).map(lambda minute: minute * MINUTE_MS)),
        st.sampled_from(["NL", "DE", ""]),
        st.one_of(st.none(), st.integers(-400, 400).map(lambda quarter: quarter / 4)),
        st.integers(0, 1),
    ),
    max_size=40,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=ORDERS, cuts=st.sets(st.integers(1, 9)), time=st.sampled_from(["at", "ms"]))
def test_the_same_as_counted_by_hand_however_it_is_cut(
    shop: Engine, url: str, orders: list[Order], cuts: set[int], time: str
) -> None:
    fill(shop, orders)
    kind = {"time": time, "time_type": "timestamp" if time == "at" else "epoch_ms"}
    asked = source(url, query=QUERY.replace("SELECT at", f"SELECT {time}"), **kind)
    assert read(asked, 0, *sorted(cuts), 10) == counted(orders, 10)


def test_a_count_without_tags_is_zero_where_no_row_is(shop: Engine, url: str) -> None:
    fill(shop, [(0, "NL", 1.0, 0)])
    found = read(source(url, tags=[], kpi=KPIS[:2]), 0, 3)
    orders = {minute: value for (metric, _, minute), (value, _) in found.items() if metric == "orders"}
    assert orders == {0: 1.0, 1: 0.0, 2: 0.0}
    assert [minute for metric, _, minute in found if metric == "revenue"] == [0]


def test_nothing_can_be_written(shop: Engine, url: str) -> None:
    fill(shop, [(0, "NL", 1.0, 0)])
    writing = "DELETE FROM orders RETURNING at, country, amount, refunded, 1 AS one"
    if shop.dialect.name == "postgresql":
        writing = f"WITH gone AS ({writing}) SELECT * FROM gone"
    with pytest.raises(SourceFailed):
        read(source(url, query=writing), 0, 1)
    asked = source(url)
    with pytest.raises(SourceFailed), asked._database().reading() as connection:
        connection.execute(text("DELETE FROM orders"))
    with shop.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar() == 1


def test_a_statement_that_takes_too_long_ends(shop: Engine, url: str) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
        " SELECT max(i) AS ms FROM n"
    )
    asked = source(url, query=endless, time="ms", time_type="epoch_ms", tags=[], kpi=KPIS[:1], timeout="1s")
    with pytest.raises(SourceFailed, match=r"interrupted|timeout"):
        read(asked, 0, 1)


def test_too_many_rows_are_none(shop: Engine, url: str) -> None:
    fill(shop, [(i, f"c{i}", 1.0, 0) for i in range(5)])
    assert len(read(source(url, rows_max=5, kpi=KPIS[:1]), 0, 1)) == 5
    with pytest.raises(SourceFailed, match="more than 4 combinations"):
        read(source(url, rows_max=4), 0, 1)


@pytest.mark.parametrize(
    "wrong",
    ["postgresql+psycopg://u:hidden@127.0.0.1:1/x", "sqlite:////nowhere/x.db", "nosuch://x", "hidden"],
)
def test_a_database_that_is_not_there(wrong: str) -> None:
    reading = SqlSettings.model_validate(
        {"name": "x", "url": "env:X", "query": "SELECT 1 AS at", "time": "at", "bucket": "1m"}
        | {"kpi": [Kpi(metric="m", compute="count")]}
    )
    with pytest.raises(SourceFailed) as failed:
        SqlSource(reading, lambda _: wrong).read(START, START + MINUTE_MS)
    assert "hidden" not in str(failed.value)
