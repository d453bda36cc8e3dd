"""What a Prometheus sender is told, in status and headers."""

from __future__ import annotations

import pytest

from monitor.domain.errors import IntakeUnavailable, Overloaded, UnknownSeries
from tests.api.conftest import App
from tests.fakes import NOW_MS
from tests.hostile.remote_write import NAN, PATH, V1, V2, named, packed
from tests.reference.remote_write import version_1, version_2

WRITTEN = "X-Prometheus-Remote-Write-{}-Written"


def counts(answer: object) -> list[int]:
    headers = getattr(answer, "headers")  # noqa: B009
    return [int(headers[WRITTEN.format(what)]) for what in ("Samples", "Histograms", "Exemplars")]


def test_what_was_written_is_told(app: App) -> None:
    series = [named("m", *((NOW_MS - i, float(i)) for i in range(9))), named("n", (NOW_MS, NAN))]
    answer = app.http.post(PATH, content=packed(version_2(series)), headers=V2)
    assert (answer.status_code, answer.content, counts(answer)) == (204, b"", [10, 0, 0])
    (kept,) = app.engine.submitted
    assert kept.batch.value.tolist() == list(range(9))
    again = app.http.post(PATH, content=packed(version_2(series)), headers=V2)
    assert (again.status_code, counts(again)) == (204, [10, 0, 0])
    assert len(app.engine.submitted) == 1


def test_a_partial_write_is_400_with_exact_counts(app: App) -> None:
    series = [named("m"), named("", (NOW_MS, 1.0)), named("n", (NOW_MS, NAN))]
    answer = app.http.post(PATH, content=packed(version_2(series)), headers=V2)
    assert (answer.status_code, counts(answer)) == (400, [2, 0, 0])
    assert answer.json()["errors"] == [{"reason": "bad_name", "index": 1, "detail": "''"}]


def test_what_the_engine_refuses_counts_too(app: App) -> None:
    app.engine.reject = {"future": 1}
    answer = app.http.post(PATH, content=packed(version_1([named(), named("n")])), headers=V1)
    assert (answer.status_code, counts(answer)) == (400, [1, 0, 0])
    assert "1 future" in answer.json()["detail"]


@pytest.mark.parametrize("error", [Overloaded("full", 7), IntakeUnavailable("disk")])
def test_trouble_is_503_and_worth_a_retry(app: App, error: Exception) -> None:
    app.engine.fail = [error]
    body = packed(version_1([named()]))
    refused = app.http.post(PATH, content=body, headers=V1)
    assert (refused.status_code, counts(refused)) == (503, [0, 0, 0])
    assert int(refused.headers["Retry-After"]) >= 1
    assert app.http.post(PATH, content=body, headers=V1).status_code == 204


def test_a_series_that_a_shard_has_forgotten_comes_with_its_name(app: App) -> None:
    for make, headers in ((version_1, V1), (version_2, V2)):
        app.http.post(PATH, content=packed(make([named()])), headers=headers)
        app.engine.known.clear()
        app.engine.fail = [UnknownSeries("m")]
        answer = app.http.post(PATH, content=packed(make([named("m", (NOW_MS, 2.0))])), headers=headers)
        assert answer.status_code == 204
        assert list(app.engine.known.values()) == [b"m"]
        app.engine.seen.clear()


def test_another_method_is_405(app: App) -> None:
    assert app.http.get(PATH).status_code == 405
