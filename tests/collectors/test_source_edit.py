"""A changed file of sources is whole, strict, and as people wrote it where nothing was changed."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.source_edit import declaration_in, with_source, without_source
from monitor.domain.errors import BadRequest, NotFound

FILE = """# ours
[[scrape]]  # nodes
name = "node"
targets = ["127.0.0.1:9100"]  # one for now
every = "1m"

# the machine
[[host]]
name = "here"
"""

NAMES = st.sampled_from(["node", "here", "a", "b", "c"])
SAID: dict[str, dict[str, Any]] = {
    "host": {"every": "15s", "tags": {"site": "north"}},
    "files": {"path": "/data", "tags": ["shop"]},
    "promql": {"url": "http://127.0.0.1:9090", "bucket": "1m", "query": [{"expr": "up", "metric": "u"}]},
    "sql": {
        "url": "sqlite:////x.db",
        "query": "SELECT 1 AS at",
        "time": "at",
        "bucket": "1m",
        "kpi": [{"metric": "m", "compute": "count"}],
    },
}


def test_what_is_not_changed_stays_as_written() -> None:
    text, _ = with_source(FILE, "scrape", "node", {"targets": ["127.0.0.1:9101"], "every": "1m"})
    assert text == FILE.replace("9100", "9101")
    text, file = with_source(FILE, "host", "there", {"every": "15s"})
    assert text.startswith(FILE.rstrip())
    assert [one.name for one in file.host] == ["here", "there"]
    assert without_source(text, "there")[0].rstrip() == FILE.rstrip()


@settings(max_examples=40)
@given(steps=st.lists(st.tuples(NAMES, st.sampled_from([*SAID, ""])), max_size=8))
def test_it_declares_what_was_said_last_of_each(steps: list[tuple[str, str]]) -> None:
    text, known = "", dict[str, str]()
    for name, kind in steps:
        if kind:
            text, _ = with_source(text, kind, name, SAID[kind])
            known[name] = kind
        elif name in known:
            text, _ = without_source(text, name)
            del known[name]
    assert {name: declaration_in(text, name) for name in known} == {
        name: (kind, SAID[kind]) for name, kind in known.items()
    }
    assert sum(len(those) for those in tomllib.loads(text).values()) == len(known)


@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        ("host", {"colour": 1}, "host.1.colour: no such key"),
        ("magic", {}, "kind: one of sql, scrape, promql, files, host"),
        ("host", {"name": "x"}, "name: it is no setting"),
        ("sql", SAID["sql"] | {"url": "postgresql://u:hidden@127.0.0.1/x"}, "a password belongs"),
        ("promql", SAID["promql"] | {"url": "http://u:hidden@127.0.0.1/x"}, "a password belongs"),
        ("promql", SAID["promql"] | {"token": "hidden"}, "a secret is named"),
    ],
)
def test_what_cannot_be_declared_is_named_and_not_shown(kind: str, said: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=told) as refused:
        with_source(FILE, kind, "x", said)
    assert "hidden" not in str(refused.value)


def test_what_is_not_there() -> None:
    with pytest.raises(NotFound):
        without_source(FILE, "gone")
    with pytest.raises(BadRequest, match="no TOML"):
        with_source("name =", "host", "x", {})


def test_tables_in_one_line_too() -> None:
    text, file = with_source('host = [{name = "here"}]\n', "host", "there", {})
    assert [one.name for one in file.host] == ["here", "there"]
    assert "[[" not in text
