"""Routes and command of the topology: what they show, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.commands.topology import read_links
from monitor.domain.acts import Tie
from monitor.domain.errors import BadRequest
from monitor.domain.lineage import Lineage, Link
from monitor.domain.records import Control, Kind
from monitor.domain.topology import LearnedEdge
from tests.api.conftest import App
from tests.fakes import NOW_MS

A, B, C = "0a" * 8, "0b" * 8, "0c" * 8
EDGES = [
    LearnedEdge(A, B, "orders", "payments", 6.5, 120_000, 3, 4, 1_000),
    LearnedEdge(A, C, "orders", "refunds", 5.5, 0, 3, 5, 2_000),
    LearnedEdge("0d" * 8, "0e" * 8, "cpu", "load", 5.5, 0, 3, 5, 2_000),
]


def test_edges_say_who_goes_before_and_how_often(app: App) -> None:
    app.story.topology.found = EDGES
    page = app.http.get("/api/v1/topology").json()
    assert page["items"][0]["text"] == "payments began 2 min after orders, 3 of 4 times"
    assert len(app.http.get(f"/api/v1/topology?focus={B}").json()["items"]) == 1
    assert app.http.get("/api/v1/topology?focus=x").status_code == 422
    assert page["version_ms"] is None


def test_communities_are_the_parts_that_hang_together(app: App) -> None:
    app.story.topology.found = EDGES
    items = app.http.get("/api/v1/topology/communities").json()["items"]
    assert [one["members"] for one in items] == [["orders", "payments", "refunds"], ["cpu", "load"]]
    assert items[0]["hubs"][0] == "orders"


def links(app: App) -> list[object]:
    told = [c for c in app.engine.controls if isinstance(c, Control) and c.kind is Kind.LINEAGE]
    return list(told[-1].body["links"])


def test_a_link_holds_from_now_on_unless_it_was_declared_before_or_says_so(app: App) -> None:
    app.story.topology.links = Lineage([Link("a", "b", 7)])
    asked = [{"upstream": up, "downstream": down} for up, down in (("a", "b"), ("b", "c"))]
    asked.append({"upstream": "c", "downstream": "d", "since_ms": 5})  # type: ignore[dict-item]
    assert app.http.put("/api/v1/lineage", json={"links": asked}).status_code == 200
    assert links(app) == [["a", "b", 7], ["b", "c", NOW_MS], ["c", "d", 5]]


@pytest.mark.parametrize("up", ["", "m{", "m{a}", "x" * 600, "a\x00"])
def test_what_selects_no_series_is_refused(app: App, up: str) -> None:
    body = {"links": [{"upstream": up, "downstream": "b"}]}
    assert app.http.put("/api/v1/lineage", json=body).status_code in (400, 422)
    assert app.engine.controls == []


def test_a_change_is_told_through_the_log(app: App) -> None:
    told = app.http.post("/api/v1/changes", json={"title": "web 1.2", "tags": {"service": "web"}}).json()
    assert (told["at_ms"], told["kind"], told["tags"]) == (NOW_MS, "change", {"service": "web"})
    (control,) = app.engine.controls
    assert isinstance(control, Control)
    assert control.kind is Kind.CHANGE
    assert app.http.post("/api/v1/changes", json={"title": "a\nb"}).status_code == 422
    assert app.http.post("/api/v1/changes", json={"title": ""}).status_code == 422


def test_a_file_of_links(tmp_path: Path) -> None:
    table, text = tmp_path / "a.csv", tmp_path / "a.json"
    table.write_text("upstream,downstream,since_ms\na,b,\nb,c,5\n")
    wanted = [{"upstream": "a", "downstream": "b"}, {"upstream": "b", "downstream": "c", "since_ms": 5}]
    assert read_links(table) == wanted
    text.write_text(json.dumps({"links": wanted}))
    assert read_links(text) == wanted
    table.write_text("from,to\na,b\n")
    with pytest.raises(BadRequest, match="no links"):
        read_links(table)


def test_beside_what_was_learned_stands_what_was_declared_and_what_people_said(app: App) -> None:
    app.story.topology.found = EDGES
    app.story.topology.links = Lineage([Link("db.*", "web.*", 5)])
    app.story.topology.told_ties = [Tie(((A, "orders"),), ((B, "payments"),), 7, apart=True)]
    page = app.http.get("/api/v1/topology?limit=1").json()
    assert page["lineage"] == [{"upstream": "db.*", "downstream": "web.*", "since_ms": 5}]
    assert page["ties"] == [{"one": ["orders"], "other": ["payments"], "apart": True, "since_ms": 7}]
    following = app.http.get("/api/v1/topology", params={"limit": 1, "cursor": page["next"]}).json()
    assert (following["lineage"], following["ties"]) == ([], [])
