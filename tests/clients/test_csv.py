"""The lines of the page on CSV, by the shell as they stand there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.tables import ROOT, section
from tests.faults.serving import Server

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "sources" / "csv.md"


def test_the_example_of_the_page(server: Server, tmp_path: Path) -> None:
    shown = [line.strip() for line in re.findall("^    .*$", section(PAGE, "## Send a file"), re.MULTILINE)]
    *commands, answer = shown
    script = "\n".join(commands).replace("http://127.0.0.1:8321", server.url)
    done = subprocess.run(["bash", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads(answer)
    server.settled()
    assert [one["tags"] for one in server.items("series", metric="orders") if "country" in one["tags"]]
