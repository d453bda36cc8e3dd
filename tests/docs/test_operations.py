"""docs/operations.md says what there is: settings, limits, routes, commands with their options, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer

from api.cli import app
from monitor.settings import unknown_variables
from monitor.telemetry import Telemetry
from tests.docs import tables
from tests.docs.tables import OPERATIONS, section, table


def commands() -> Iterator[tuple[str, set[str]]]:
    """Every command line with its long options, asked of Typer itself."""
    root = typer.main.get_command(app)
    pending = [("watchkeeper", root)]
    while pending:
        path, command = pending.pop()
        inner = getattr(command, "commands", None)
        if inner is not None:
            pending += [(f"{path} {name}", one) for name, one in inner.items()]
        if inner is None or getattr(command, "invoke_without_command", False):
            names = (o for parameter in command.params for o in (*parameter.opts, *parameter.secondary_opts))
            yield path, {name for name in names if name.startswith("--") and name != "--help"}


def test_the_table_of_settings_is_the_code() -> None:
    assert table(section(OPERATIONS, "## Settings")) == list(tables.settings())


def test_the_table_of_limits_is_the_code() -> None:
    rows = table(section(OPERATIONS, "## Limits"))
    assert [row[:2] for row in rows] == list(tables.limits())
    assert all(len(row) == 3 and row[2] for row in rows)


def test_every_route_has_its_row() -> None:
    rows = table(section(OPERATIONS, "## Routes").split("What a sender")[0])
    assert sorted(row[:2] for row in rows) == sorted(tables.routes())


def test_every_command_and_option_has_its_row() -> None:
    rows = table(section(OPERATIONS, "## Commands"))
    told = {row[0]: set(re.findall(r"--[a-z-]+", row[2])) for row in rows}
    assert told == dict(commands())


def test_every_metric_has_its_row() -> None:
    from tests.fakes import fake_monitor

    monitor, _, _ = fake_monitor()
    monitor.start()
    told = {row[0]: row[1] for row in table(section(OPERATIONS, "## Metrics"))}
    assert set(told) == {family.name for family in monitor.telemetry.registry.collect()}
    monitor.stop()


@pytest.mark.parametrize(
    ("name", "label"), [("samples_rejected", "reason"), ("http_answers", "status"), ("limit", "limit")]
)
def test_the_labels_of_metrics(name: str, label: str) -> None:
    telemetry = Telemetry()
    telemetry.samples(1, {"future": 1}, repeated=False)
    telemetry.answered(200)
    telemetry.limits.enter("x", 1)
    exposition = telemetry.exposition().decode()
    assert re.search(rf"^watchkeeper_{name}(_total)?\{{{label}=", exposition, re.MULTILINE)
    told = {row[0]: row[1] for row in table(section(OPERATIONS, "## Metrics"))}
    assert told[f"watchkeeper_{name}"] == label


def test_every_variable_that_is_shown_is_known() -> None:
    shown = set(re.findall(r"`(WATCHKEEPER_[A-Z0-9_]*[A-Z0-9])`", OPERATIONS.read_text()))
    assert len(shown) > 50
    assert unknown_variables(dict.fromkeys(shown, "")) == []
