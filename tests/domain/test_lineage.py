"""Declared lineage: selectors, links up and down, and when they hold."""

from __future__ import annotations

import pytest

from monitor.domain.errors import BadRequest
from monitor.domain.lineage import Lineage, Link, selector
from monitor.domain.series import Identity

CHAIN = [
    Link("table.rows", "feature.*"),
    Link("feature.*", "accuracy{model=a}"),
    Link("accuracy{model=a}", "orders", 500),
]
ACCURACY = Identity.of("accuracy", {"model": "a", "zone": "x"})


def test_links_lead_up_and_down_two_at_a_time() -> None:
    lineage = Lineage(CHAIN)
    near = lineage.near(ACCURACY, 500)
    assert near == {"accuracy{model=a}": 0, "feature.*": 1, "orders": 1, "table.rows": 2}
    assert lineage.near(Identity.of("accuracy", {"model": "b"}), 500) == {}


def test_a_link_holds_from_its_time_on() -> None:
    assert "orders" not in Lineage(CHAIN).near(ACCURACY, 499)
    assert Lineage(CHAIN).upstream(Identity.of("orders"), 499) == frozenset()


def test_what_feeds_a_series_over_any_number_of_links() -> None:
    above = Lineage(CHAIN).upstream(Identity.of("orders"), 500)
    assert above == {"accuracy{model=a}", "feature.*", "table.rows"}


def test_a_circle_ends() -> None:
    circle = Lineage([Link("a", "b"), Link("b", "a")])
    assert circle.upstream(Identity.of("a"), 0) == {"a", "b"}
    assert circle.near(Identity.of("a"), 0) == {"a": 0, "b": 1}


@pytest.mark.parametrize("text", ["", "{a=b}", "m{a=b", "m{a}", "m{=b}", "m\n", "m" * 600])
def test_what_names_no_series_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        selector(text)
    with pytest.raises(BadRequest):
        Lineage([Link(text, "b")])
