"""What the README shows is what happens: its first sample, sent as it stands there, and its settings."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

from starlette.testclient import TestClient

from api.app import create_app
from monitor.settings import load
from tests.docs.tables import ROOT, section
from tests.fakes import fake_monitor

README = ROOT / "README.md"


def blocks(heading: str) -> list[str]:
    """Indented blocks under a heading, without their indentation."""
    found = re.findall(r"(?:^    .*\n?|^\n(?=    ))+", section(README, heading), re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip() for block in found]


def test_the_first_sample_is_answered_as_shown() -> None:
    curl, answer = blocks("## The first sample")
    command, _, url, _, header, _, body = (part for part in shlex.split(curl) if part != "\n")
    assert command == "curl"
    monitor, engine, _ = fake_monitor()
    monitor.start()
    with TestClient(create_app(monitor), base_url="http://127.0.0.1:8321") as http:
        name, _, kind = header.partition(": ")
        said = http.post(url, content=body.encode(), headers={name: kind})
    assert (said.status_code, said.json()) == (200, json.loads(answer))
    assert engine.submitted[0].batch.value.tolist() == [42.0]
    monitor.stop()


def test_the_configuration_shown_is_read(tmp_path: Path) -> None:
    (shown,) = blocks("## Configuration")
    file = tmp_path / "watchkeeper.toml"
    file.write_text(shown)
    settings = load(file, {})
    assert settings.default_timezone == tomllib.loads(shown)["default_timezone"]
    assert settings.limits.samples_per_request_max == 50_000


def test_the_declaration_shown_is_taken() -> None:
    text = section(ROOT / "docs" / "operations.md", "## Declaring a metric")
    found = re.search(r"-X PUT (\S+) .*?-d '\s*(\{.*?\})'", text, re.DOTALL)
    assert found
    monitor, engine, _ = fake_monitor()
    monitor.start()
    with TestClient(create_app(monitor), base_url="http://127.0.0.1:8321") as http:
        said = http.put(found[1], json=json.loads(found[2]))
    assert said.status_code == 200
    assert engine.controls
    monitor.stop()
