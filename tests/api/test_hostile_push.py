"""Every hostile case of every push protocol gets its answer: nothing more is kept, never a 500."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.conftest import App, running
from tests.hostile import csv, influx, otlp, remote_write
from tests.hostile.case import Case

CORPUS = [
    (protocol.PATH, case) for protocol in (remote_write, influx, otlp, csv) for case in protocol.cases()
]


@pytest.fixture(scope="module")
def shared() -> Iterator[App]:
    yield from running()


@pytest.mark.parametrize(("path", "case"), CORPUS, ids=[f"{path} {case}" for path, case in CORPUS])
def test_hostile_case(shared: App, path: str, case: Case) -> None:
    shared.engine.seen.clear()
    shared.engine.submitted.clear()
    before = shared.monitor.telemetry.exposition().decode()
    answer = shared.http.post(path + case.query, content=case.body, headers=dict(case.headers))
    assert answer.status_code == case.status, answer.text
    assert sum(len(one.batch) for one in shared.engine.submitted) == case.kept
    assert "Traceback" not in answer.text
    for reason, count in case.reasons.items():
        assert f"{count} {reason}" in answer.text or answer.text.count(f'"{reason}"') == count
        assert (
            counted(shared.monitor.telemetry.exposition().decode(), reason) - counted(before, reason) == count
        )


def counted(exposition: str, reason: str) -> float:
    name = f'watchkeeper_samples_rejected_total{{reason="{reason}"}} '
    return sum(float(line[len(name) :]) for line in exposition.splitlines() if line.startswith(name))
