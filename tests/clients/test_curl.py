"""The lines of pages that are sent by hand, by the shell as they stand there."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.docs.tables import ROOT, section
from tests.faults.serving import Server

pytestmark = pytest.mark.slow


def test_the_line_of_influx(server: Server) -> None:
    (line,) = re.findall(
        "^    (curl .*)$", section(ROOT / "docs" / "sources" / "influx.md", "## By hand"), re.M
    )
    script = line.replace("http://127.0.0.1:8321", server.url) + " -w '%{http_code}'"
    done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, check=True)
    assert done.stdout == "204"
    server.settled()
    assert {"country": "NL"} in [one["tags"] for one in server.items("series", metric="checkout_orders")]
