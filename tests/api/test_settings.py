"""Settings: where they come from, what wins, and that no wrong one is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.settings import HttpLimits, Settings, SettingsError, load


def test_file_then_environment_then_arguments(tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text(
        "port = 1000\nshards = 3\nengine = 'inline'\n[http]\nwatchers = 5\n[limits]\nseries_max = 7\n"
    )
    assert load(file, {}).port == 1000
    environ = {"WATCHKEEPER_PORT": "2000", "WATCHKEEPER_HTTP__CONNECTIONS": "6", "WATCHKEEPER_TOKEN": "x"}
    settings = load(file, environ, engine="processes", host=None)
    assert (settings.port, settings.shards, settings.engine, settings.host) == (
        2000,
        3,
        "processes",
        "127.0.0.1",
    )
    assert (settings.http.watchers, settings.http.connections, settings.limits.series_max) == (5, 6, 7)
    assert settings.limits.tags_per_series_max == 40


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "prot"),
        ("port = 'many'", "port"),
        ("port = 65536", "port"),
        ("auth = 'maybe'", "auth"),
        ("default_timezone = 'Mars'", "Mars"),
        ("[http]\nwatcher = 1", "watcher"),
        ("[limits]\nseries = 1", "series"),
        ("[limits]\nseries_max = 0", "series_max"),
        ("port = ", "w.toml"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_it(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "w.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=named):
        load(file, {})


@pytest.mark.parametrize("name", ["WATCHKEEPER_PROT", "WATCHKEEPER_HTTP__WATCHER", "WATCHKEEPER_LIMITS__X"])
def test_a_wrong_variable_is_an_error(name: str) -> None:
    with pytest.raises(SettingsError):
        load(None, {name: "1"})


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(tmp_path / "none.toml", {})


@pytest.mark.parametrize("model", [Settings, HttpLimits])
def test_every_setting_is_described(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []
