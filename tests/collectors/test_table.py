"""A watched table says what plain Python counts of the same rows, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text

from collectors.pulled import SourceFailed
from collectors.table import TableSource
from collectors.table_settings import TableSettings
from monitor.domain.durations import MINUTE_MS
from monitor.domain.series import Identity

START = 1_767_225_600_000  # 2026-01-01, a whole minute
DAY0 = datetime(2026, 1, 1, tzinfo=UTC)
Key = tuple[str, str, str, int]
Found = dict[Key, tuple[float, float]]
"""Of name, variable, value of an enum and minute: value and n, -1 where there is none."""

WIDE = (
    "id INTEGER PRIMARY KEY, at {stamp} NOT NULL, income {number}, score VARCHAR(20), insured BOOLEAN,"
    " since DATE, remark TEXT"
)
NAMES = ("at", "income", "score", "insured", "since", "remark")


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('users')}/users.db"
    found: str = request.getfixturevalue("postgres")
    return found


@pytest.fixture(scope="module")
def users(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    real = engine.dialect.name == "postgresql"
    kinds = {"stamp": "TIMESTAMPTZ" if real else "DATETIME", "number": "NUMERIC(12,2)" if real else "REAL"}
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS users"))
        connection.execute(text("DROP TABLE IF EXISTS facts"))
        connection.execute(text(f"CREATE TABLE users ({WIDE.format(**kinds)})"))
        facts = f"CREATE TABLE facts (at {kinds['stamp']}, variable TEXT, type TEXT, value TEXT)"
        connection.execute(text(facts))
    yield engine
    engine.dispose()


def moment(engine: Engine, ms: int) -> str:
    zone = "+00" if engine.dialect.name == "postgresql" else ""
    return (DAY0 + timedelta(milliseconds=ms)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + zone


def fill(engine: Engine, table: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {table}"))
        if rows:
            said = [dict(zip(names, (moment(engine, row[0]), *row[1:]), strict=True)) for row in rows]
            if table == "users":
                said = [one | {"id": i} for i, one in enumerate(said)]
            places = ", ".join(f":{name}" for name in said[0])
            connection.execute(text(f"INSERT INTO {table} ({', '.join(said[0])}) VALUES ({places})"), said)


def source(url: str, **changed: Any) -> TableSource:
    said = {"name": "users", "url": url, "table": "users", "time": "at", "bucket": "1m", "memory": "1d"}
    return TableSource(TableSettings.model_validate(said | changed), lambda _: url)


def read(source: TableSource, *bounds: int) -> Found:
    found: Found = {}
    for begin, end in pairwise(bounds):
        decoded = source.read(START + begin * MINUTE_MS, START + end * MINUTE_MS)
        assert not decoded.rejected
        batch = decoded.batch
        assert batch.n is not None
        columns = (batch.fingerprint, batch.ts_ms, batch.value, batch.n)
        for number, ts_ms, value, n in zip(*(column.tolist() for column in columns), strict=True):
            one = Identity.from_canonical(batch.identities[number])
            name = one.metric.removeprefix("users.")
            key = (name, one.tag("variable") or "", one.tag("value") or "", (ts_ms - START) // MINUTE_MS)
            assert key not in found
            found[key] = (round(value, 6), -1.0 if math.isnan(n) else n)
    source.close()
    return found


def counted(rows: list[tuple[Any, ...]], minutes: int) -> Found:
    """The slow twin, of a wide table whose ``score`` is an enum."""
    found: Found = {}
    seen: dict[str, int] = {}
    for minute in range(minutes):
        here = [row for row in rows if row[0] // MINUTE_MS == minute]
        found["rows", "", "", minute] = (len(here), -1.0)
        for i, name in enumerate(NAMES[1:], 1):
            held = [row[i] for row in here if row[i] is not None]
            found["writes", name, "", minute] = (len(held), -1.0)
            if here:
                found["null_share", name, "", minute] = (round(1 - len(held) / len(here), 6), len(here))
            if held:
                for measure, value in measures(name, held, minute).items():
                    n = -1.0 if measure in ("min", "max") else len(held)
                    found[measure, name, "", minute] = (round(float(value), 6), n)
        scores = Counter(row[2] for row in here if row[2] is not None)
        new = [value for value in scores if value not in seen]
        if seen:
            found["new_values", "score", "", minute] = (len(new), -1.0)
        seen.update(dict.fromkeys(new, minute))
        whole = sum(scores.values())
        for score in seen if whole else ():
            found["share", "score", score, minute] = (round(scores[score] / whole, 6), whole)
    return found


def measures(name: str, held: list[Any], minute: int) -> dict[str, float]:
    match name:
        case "income":
            return {"mean": sum(held) / len(held), "min": min(held), "max": max(held)}
        case "insured":
            return {"true_share": sum(held) / len(held)}
        case "since":
            return {"age_s": age_s(held, minute)}
        case "remark":
            return {"length": sum(map(len, held)) / len(held)}
    return {}


def age_s(days: list[date], minute: int) -> float:
    end_s = DAY0.timestamp() + (minute + 1) * 60
    return end_s - sum(datetime(*day.timetuple()[:3], tzinfo=UTC).timestamp() for day in days) / len(days)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 6 * MINUTE_MS - 1),
        st.none() | st.integers(-4_000, 4_000).map(lambda quarter: quarter / 4),
        st.none() | st.sampled_from(["good", "bad", "medium"]),
        st.none() | st.booleans(),
        st.none() | st.dates(date(1990, 1, 1), date(2025, 12, 31)),
        st.none() | st.text("abc é", max_size=5),
    ),
    max_size=30,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, cuts=st.sets(st.integers(1, 5)))
def test_the_same_as_counted_by_hand_however_it_is_cut(
    users: Engine, url: str, rows: list[tuple[Any, ...]], cuts: set[int]
) -> None:
    fill(users, "users", NAMES, rows)
    asked = source(url, kinds={"score": "enum", "remark": "text"})
    assert read(asked, 0, *sorted(cuts), 6) == counted(rows, 6)


def test_what_text_holds_is_seen_by_its_values(users: Engine, url: str) -> None:
    rows = [(i * 1_000, i, ("good", "bad")[i % 2], i % 3 == 0, date(2025, 1, 1), f"r{i}") for i in range(60)]
    fill(users, "users", NAMES, rows)
    found = read(source(url), 0, 1)
    assert {key[2] for key in found if key[0] == "share"} == {"good", "bad"}
    assert ("length", "remark", "", 0) in found
    assert not any(key[1] == "id" for key in found)


def test_a_long_table(users: Engine, url: str) -> None:
    rows: list[tuple[Any, ...]] = [
        (1_000, "income", "numeric", "10"),
        (2_000, "income", "numeric", "1e1x"),  # no number: a write all the same
        (3_000, "plan", "enum", "pro"),
        (4_000, "plan", "enum", "free"),
        (5_000, "active", "boolean", "true"),
        (6_000, "active", "boolean", "F"),
        (7_000, "since", "date", "2024-02-29"),
        (8_000, "since", "date", "2024-99-99"),
        (9_000, "remark", "text", "hello"),
        (9_500, "remark", "text", None),
        (MINUTE_MS + 1, "plan", "enum", "gold"),
    ]
    fill(users, "facts", ("at", "variable", "type", "value"), rows)
    form = {"table": "facts", "variable": "variable", "value": "value", "kind": "type"}
    found = read(source(url, **form), 0, 1, 2)
    assert found["writes", "income", "", 0] == (2, -1)
    assert found["mean", "income", "", 0] == (10, 2)
    assert found["true_share", "active", "", 0] == (0.5, 2)
    day = datetime(2024, 2, 29, tzinfo=UTC).timestamp()
    assert found["age_s", "since", "", 0] == (DAY0.timestamp() + 60 - day, 2)
    assert found["null_share", "remark", "", 0] == (0.5, 2)
    assert found["length", "remark", "", 0] == (5, 1)
    assert found["share", "plan", "gold", 1] == (1, 1)
    assert found["share", "plan", "pro", 1] == (0, 1)
    assert found["new_values", "plan", "", 1] == (1, -1)
    silent = {key[1] for key, (value, _) in found.items() if (key[0], key[3], value) == ("writes", 1, 0)}
    assert silent == {"income", "active", "since", "remark"}
    assert not any(key[0] == "mean" and key[3] == 1 for key in found)


def test_kinds_of_a_long_table_without_their_column(users: Engine, url: str) -> None:
    values = {
        "income": [str(i) for i in range(20)],
        "plan": ["pro", "free"] * 10,
        "active": ["yes", "no"] * 10,
        "since": [f"2025-01-{i + 1:02}" for i in range(20)],
        "remark": [f"remark {i}" for i in range(20)],
    }
    rows = [(i, name, "", value) for name, held in values.items() for i, value in enumerate(held)]
    fill(users, "facts", ("at", "variable", "type", "value"), rows)
    found = read(source(url, table="facts", variable="variable", value="value"), 0, 1)
    own = {(key[0], key[1]) for key in found if key[0] not in ("writes", "null_share")}
    assert own == {
        *((one, "income") for one in ("mean", "min", "max")),
        ("share", "plan"),
        ("true_share", "active"),
        ("age_s", "since"),
        ("length", "remark"),
    }


def test_a_variable_that_comes_later_is_taken_in(users: Engine, url: str) -> None:
    form = {"table": "facts", "variable": "variable", "value": "value", "kind": "type"}
    asked = source(url, **form)
    names = ("at", "variable", "type", "value")
    first: tuple[Any, ...] = (1_000, "income", "numeric", "10")
    fill(users, "facts", names, [first])
    read(asked, 0, 1)
    fill(users, "facts", names, [first, (MINUTE_MS, "age", "numeric", "41")])
    found = read(asked, 1, 2)
    assert found["mean", "age", "", 1] == (41, 1)
    assert found["writes", "income", "", 1] == (0, -1)


def test_by_tags_what_vanishes_is_zero_for_as_long_as_it_is_remembered(users: Engine, url: str) -> None:
    rows = [(0, 1.0, "good", None, None, None), (MINUTE_MS, 1.0, "bad", None, None, None)]
    fill(users, "users", NAMES, rows)
    asked = source(url, tags=["score"], only=["income"], memory="2m")
    counts: dict[tuple[str, int], float] = {}
    for minute in range(5):
        batch = asked.read(START + minute * MINUTE_MS, START + (minute + 1) * MINUTE_MS).batch
        for number, value in zip(batch.fingerprint.tolist(), batch.value.tolist(), strict=True):
            one = Identity.from_canonical(batch.identities[number])
            if one.metric == "users.rows":
                counts[one.tag("score") or "", minute] = value
    asked.close()
    good = {("good", 0): 1.0, ("good", 1): 0.0, ("good", 2): 0.0}
    assert counts == good | {("bad", 1): 1.0, ("bad", 2): 0.0, ("bad", 3): 0.0}


def test_missing_instead_of_zero(users: Engine, url: str) -> None:
    fill(users, "users", NAMES, [(0, 1.0, None, None, None, None)])
    found = read(source(url, pad="missing", only=["income"]), 0, 3)
    assert {key[3] for key in found} == {0}


def test_values_beyond_the_cap_are_one_series(users: Engine, url: str) -> None:
    rows = [(i, None, f"v{i % 5}", None, None, None) for i in range(50)]
    fill(users, "users", NAMES, rows)
    found = read(source(url, only=["score"], kinds={"score": "enum"}, values_max=3), 0, 1)
    shares = {key[2]: value for key, (value, _) in found.items() if key[0] == "share"}
    assert shares == {"v0": 0.2, "v1": 0.2, "v2": 0.2, "(others)": 0.4}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"table": "nobody"}, "no table nobody"),
        ({"time": "when"}, "no column when"),
        ({"only": ["wealth"]}, "no column wealth"),
        ({"rows_max": 1}, "more than 1 combinations"),
    ],
)
def test_what_cannot_be_watched_is_named(users: Engine, url: str, changed: dict[str, Any], told: str) -> None:
    fill(users, "users", NAMES, [(i * MINUTE_MS, 1.0, "a", None, None, None) for i in range(3)])
    with pytest.raises(SourceFailed, match=told):
        read(source(url, **changed), 0, 3)
