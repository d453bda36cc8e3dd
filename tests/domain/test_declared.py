"""Declarations by name and pattern: who decides for a metric."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.declared import Declared, matches, rank

names = st.text("ab.", max_size=6)
patterns = st.text("ab.*", max_size=6)


@given(patterns, names)
def test_a_star_is_any_characters(pattern: str, name: str) -> None:
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    assert matches(pattern, name) == bool(re.fullmatch(expression, name))


def test_many_stars_do_not_take_long() -> None:
    assert not matches("*a" * 250 + "b", "a" * 512)


@given(st.dictionaries(patterns, st.integers(1, 3), max_size=5), names)
def test_the_name_before_the_most_specific_pattern(said: dict[str, int], metric: str) -> None:
    declared = Declared({name: {"cadence_ms": ms} for name, ms in said.items()})
    fitting = sorted((p for p in said if "*" in p and matches(p, metric)), key=rank)
    wanted = metric if metric in said else fitting[0] if fitting else None
    assert declared.holding(metric) == wanted
    assert declared.of(metric) == ({} if wanted is None else {"cadence_ms": said[wanted]})


@given(st.lists(st.tuples(patterns, st.sampled_from([{}, {"unit": "s"}, {"unit": "ms"}])), max_size=6), names)
def test_only_metrics_that_a_declaration_decides_for_change(
    steps: list[tuple[str, dict[str, str]]], metric: str
) -> None:
    declared = Declared()
    for name, body in steps:
        before, decides = dict(declared.of(metric)), declared.decides(name, metric)
        declared.declare(name, body)
        if not decides:
            assert dict(declared.of(metric)) == before
        elif body:
            assert declared.of(metric) == body


def test_an_empty_declaration_takes_the_one_before_back() -> None:
    declared = Declared({"latency.*": {"unit": "ms"}, "latency.db": {"unit": "s"}})
    declared.declare("latency.db", {"unit": None})
    assert (declared.holding("latency.db"), len(declared), declared.patterns) == ("latency.*", 1, 1)
    declared.declare("latency.*", {})
    assert (declared.holding("latency.db"), len(declared)) == (None, 0)


def test_one_declaration_holds_as_a_whole() -> None:
    declared = Declared({"*": {"polarity": "up"}, "orders": {"unit": "pieces"}})
    assert declared.of("orders") == {"unit": "pieces"}
