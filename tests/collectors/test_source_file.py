"""A file of sources is taken as a whole or not at all, and what is wrong with it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.source_file import read_source_file
from monitor.domain.errors import BadRequest

SQL = """
[[sql]]
name = "shop"
url = "env:WATCHKEEPER_SECRET_SHOP"
query = "SELECT at, amount FROM orders"
time = "at"
bucket = "5m"
kpi = [{metric = "orders", compute = "count"}]
"""


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "sources.toml"
    file.write_text(text)
    return read_source_file(file)


def test_what_is_whole_is_taken(tmp_path: Path) -> None:
    read(tmp_path, SQL)
    read(tmp_path, "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SQL + 'bukcet = "5m"', "sql.0.bukcet: no such key"),
        (SQL.replace("compute", "compote"), "sql.0.kpi.0.compote: no such key"),
        ("[[sqll]]\nname='x'", "sqll: no such key"),
        (SQL.replace('bucket = "5m"', "bucket = 300"), "sql.0.bucket: "),
        (SQL.replace("count", "sum"), "sum needs column"),
        (SQL.replace('"count"', '"count", column = "amount"'), "count takes no column"),
        (SQL.replace('"count"', '"percentile", column = "amount"'), "percentile needs quantile"),
        (SQL + 'backfill = "7m"', "backfill: whole buckets"),
        (
            SQL.replace("env:WATCHKEEPER_SECRET_SHOP", "postgresql://u:hidden@127.0.0.1/x"),
            "a password belongs",
        ),
        (
            SQL.replace("env:WATCHKEEPER_SECRET_SHOP", "postgresql://u@127.0.0.1/x?password=hidden"),
            "a password belongs",
        ),
        (SQL + SQL, "two sources are called shop"),
        ("name =", "no TOML"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_shown(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read(tmp_path, text)
    assert told in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="No such file"):
        read_source_file(tmp_path / "none.toml")
