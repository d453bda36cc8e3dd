"""What all tests share: where caches lie, Hypothesis profiles, the minutes of each group, no skips in CI."""

from __future__ import annotations

import hashlib
import os
import socket
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

ROOT = Path(__file__).resolve().parent.parent


def _kernels() -> str:
    """Names the state of all sources: Numba does not notice that a function another one calls has changed."""
    whole = hashlib.sha256()
    for package in ("learners", "monitor", "collectors"):
        for path in sorted((ROOT / package).rglob("*.py")):
            whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


# The own series of a system are told by the wall clock, of which no test is to know.
os.environ.setdefault("WATCHKEEPER_META__ENABLED", "false")
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba" / _kernels()))

# Cores are shared, so time per example says nothing; in CI the examples are the same in every run.
_common = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=DirectoryBasedExampleDatabase(ROOT / ".cache" / "hypothesis"),
    print_blob=True,
)
settings.register_profile("default-run", _common)
settings.register_profile("ci", _common, derandomize=True, database=None)
settings.register_profile("thorough", _common, max_examples=1_000)
_in_ci = os.environ.get("CI") == "true"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if _in_ci else "default-run"))

_seconds_of_group: dict[str, float] = defaultdict(float)
_skipped: list[str] = []


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def free_port() -> int:
    """A port of the loopback interface that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def group_of(nodeid: str) -> str:
    """The top folder of a test: below tests/ the next one, elsewhere the doctests of a package.

    >>> group_of("tests/intake/test_log.py::test_a"), group_of("monitor/domain/series.py::x")
    ('tests/intake', 'doctests of monitor')
    >>> group_of("tests/test_docs.py::test_b"), group_of("README.md::README.md")
    ('tests', 'doctests of README.md')
    """
    parts = nodeid.split("::", 1)[0].split("/")
    if parts[0] != "tests":
        return f"doctests of {parts[0]}"
    return "/".join(parts[: min(2, len(parts) - 1)])


@pytest.hookimpl
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds_of_group[group_of(report.nodeid)] += report.duration
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


@pytest.hookimpl
def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _in_ci and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if len(_seconds_of_group) > 1:
        terminalreporter.section("minutes per group")
        for group, seconds in sorted(_seconds_of_group.items(), key=lambda item: -item[1]):
            terminalreporter.write_line(f"{seconds / 60:6.2f}  {group}")
        terminalreporter.write_line(f"{sum(_seconds_of_group.values()) / 60:6.2f}  in all")
    if _in_ci and _skipped:
        terminalreporter.section("skipped, which CI=true does not allow")
        for nodeid in _skipped:
            terminalreporter.write_line(nodeid)
