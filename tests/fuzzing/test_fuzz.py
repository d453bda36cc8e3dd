"""Each decoder, fuzzed for ``FUZZ_SECONDS`` (600)."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

NAMES = (
    "remote_write_1",
    "remote_write_2",
    "influx",
    "otlp",
    "otlp_json",
    "json",
    "ndjson",
    "arrow",
    "csv",
    "predictions",
    "outcomes",
    "statsd",
    "scrape",
)
SECONDS = int(os.environ.get("FUZZ_SECONDS", "600"))


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="atheris has wheels for Linux only"
)
@pytest.mark.parametrize("name", NAMES)
def test_no_body_breaks_a_decoder(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing.target", name, str(SECONDS)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4_000:]
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    assert runs
    assert int(runs[1]) > SECONDS  # it did run; how fast is no matter
