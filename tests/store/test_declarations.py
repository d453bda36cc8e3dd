"""What people told is kept, and every change of it."""

from __future__ import annotations

from monitor.store.database import Database
from monitor.store.declarations import Declarations


def test_declarations_are_kept_with_their_history(database: Database) -> None:
    told = Declarations(database)
    assert told.metric("share") is None
    assert told.declare_metric("share", {"kind": "ratio"}, at_ms=1, actor="ann")
    assert not told.declare_metric("share", {"kind": "ratio"}, at_ms=2, actor="bob")
    assert told.declare_metric("share", {"kind": "gauge", "cadence_ms": None}, at_ms=3, actor="bob")
    assert told.declare_metric("ä 'x'; DROP", {}, at_ms=4, actor="bob")
    assert told.metrics() == {"share": {"kind": "gauge", "cadence_ms": None}, "ä 'x'; DROP": {}}
    newest, second, first = told.changes()
    assert (first["before"], first["after"], first["actor"]) == (None, {"kind": "ratio"}, "ann")
    assert (second["before"], second["at_ms"], second["subject"]) == (
        {"kind": "ratio"},
        3,
        "metric_declarations",
    )
    assert told.changes(limit=1, before_id=newest["id"]) == [second]


def test_settings_hold_any_json(database: Database) -> None:
    told = Declarations(database)
    assert told.setting("limits") is None
    assert told.put_setting("limits", {"series": [1, 2.5, "x"]}, at_ms=1, actor="ann")
    assert told.setting("limits") == {"series": [1, 2.5, "x"]}
    assert told.put_setting("limits", False, at_ms=2, actor="ann")
    assert told.setting("limits") is False
