"""Every hostile case of every push protocol gets its answer: nothing more is kept, never a 500."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.conftest import App, running
from tests.hostile import arrow, csv, influx, ndjson, otlp, predictions, remote_write, samples_json
from tests.hostile.case import Case

PROTOCOLS = (remote_write, influx, otlp, csv, samples_json, ndjson, arrow)
CORPUS = [(protocol.PATH, case) for protocol in PROTOCOLS for case in protocol.cases()]
ROWS = [
    *((predictions.PREDICTIONS, case) for case in predictions.predictions()),
    *((predictions.OUTCOMES, case) for case in predictions.outcomes()),
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
    if path == samples_json.PATH and case.status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail"}
    assert "Traceback" not in answer.text
    for reason, count in case.reasons.items():
        assert f"{count} {reason}" in answer.text or answer.text.count(f'"{reason}"') == count
        assert (
            counted(shared.monitor.telemetry.exposition().decode(), reason) - counted(before, reason) == count
        )


def counted(exposition: str, reason: str) -> float:
    name = f'watchkeeper_samples_rejected_total{{reason="{reason}"}} '
    return sum(float(line[len(name) :]) for line in exposition.splitlines() if line.startswith(name))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """With a real log and state of served models behind it."""
    yield from running(served=tmp_path_factory.mktemp("served"))


@pytest.mark.parametrize(("path", "case"), ROWS, ids=[f"{path} {case}" for path, case in ROWS])
def test_hostile_row(served: App, path: str, case: Case) -> None:
    headers = dict(case.headers) | {"Idempotency-Key": f"{path} {case}"}
    before = served.monitor.telemetry.exposition().decode()
    answer = served.http.post(path + case.query, content=case.body, headers=headers)
    after = served.monitor.telemetry.exposition().decode()
    assert answer.status_code == case.status, answer.text
    assert "Traceback" not in answer.text
    assert answer.json().get("accepted", 0) == case.kept
    for reason, count in case.reasons.items():
        assert answer.text.count(f'"{reason}"') == count
        assert counted(after, reason) - counted(before, reason) == count


def test_served_models_go_on_after_all_of_it(served: App) -> None:
    """What was kept is applied, and does no harm there either."""
    served.monitor.serving.settle(60)
    assert served.monitor.not_ready() == ""
    assert served.http.get("/api/v1/models/m").status_code == 200
