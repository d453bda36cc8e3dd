"""The answers of RELIABILITY.md section 4: hostile samples over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain.batch import Mode
from monitor.domain.errors import IntakeUnavailable, Overloaded, UnknownSeries
from monitor.domain.records import Tick
from tests.api.conftest import ARROW, JSON, NDJSON, SAMPLES, App, sample, samples
from tests.fakes import NOW_MS


def test_good_samples_are_kept_and_counted(app: App) -> None:
    answer = app.send(samples(1.0, 2.0, 3.0))
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 3, "rejected": 0, "errors": [], "repeated": False}
    (kept,) = app.engine.submitted
    assert kept.batch.value.tolist() == [1.0, 2.0, 3.0]
    assert kept.mode is Mode.LIVE
    assert kept.arrival_ms == NOW_MS


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (sample("12"), "bad_value"),
        (sample(True), "bad_value"),
        (sample(None), "missing_value"),
        (sample(metric=""), "bad_name"),
        (sample(metric="a\x00b"), "bad_name"),
        (sample(metric="x" * 513), "bad_name"),
        (sample(metric=3), "bad_name"),
        (sample(timestamp="yesterday"), "bad_timestamp"),
        (sample(timestamp="2026-01-01T00:00:00"), "bad_timestamp"),
        (sample(timestamp=-1), "bad_timestamp"),
        ({"metric": "m", "value": 1}, "bad_timestamp"),
    ],
)
def test_a_faulty_sample_is_named_and_the_rest_kept(app: App, bad: dict[str, Any], reason: str) -> None:
    answer = app.send({"samples": [sample(), bad, sample(2.0)]})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert [(e["reason"], e["index"]) for e in body["errors"]] == [(reason, 1)]
    assert len(body["errors"][0]["detail"]) <= 64
    only = app.send({"samples": [bad]})
    assert only.status_code == 400
    assert (only.json()["accepted"], only.json()["rejected"]) == (0, 1)
    assert len(app.engine.submitted) == 1


def test_ndjson_keeps_good_lines_and_names_bad_ones(app: App) -> None:
    good = json.dumps(sample()).encode()
    lines = [good, b"{not json", b"", good + b"\r", b'{"metric": "\xff"}', b'"' + b"x" * 70_000 + b'"', good]
    answer = app.send(b"\n".join(lines), NDJSON)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 3
    assert [(e["reason"], e["line"]) for e in answer.json()["errors"]] == [
        ("bad_line", 2),
        ("bad_line", 5),
        ("bad_line", 6),
    ]


def arrow(**columns: Any) -> bytes:
    rows = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_batch(rows)
    return bytes(sink.getvalue().to_pybytes())


def test_arrow_takes_columns_and_the_mode_from_the_query(app: App) -> None:
    body = arrow(metric=["a", "b"], timestamp=[1_000, 2_000], value=[1.0, 2.0], country=["NL", None])
    answer = app.send(body, ARROW, "?mode=backfill")
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert app.engine.submitted[0].mode is Mode.BACKFILL
    assert {row["series"] for row in app.http.get("/api/v1/series").json()["items"]} == {"a{country=NL}", "b"}


def test_the_mode_of_the_query_wins_over_that_of_the_body(app: App) -> None:
    app.send({**samples(1.0), "mode": "backfill"})
    app.send({**samples(2.0), "mode": "backfill"}, query="?mode=live")
    assert [s.mode for s in app.engine.submitted] == [Mode.BACKFILL, Mode.LIVE]


def test_strict_keeps_nothing_if_anything_is_wrong(app: App) -> None:
    answer = app.send({"samples": [sample(), sample("x")]}, query="?strict=1")
    assert answer.status_code == 422
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (0, 1)
    assert answer.json()["errors"][0]["reason"] == "bad_value"
    later = app.send({"samples": [sample(timestamp=NOW_MS + 11 * 60_000)]}, query="?strict=1")
    assert (later.status_code, later.json()["errors"][0]["reason"]) == (422, "future")
    assert app.engine.submitted == []
    assert app.send(samples(1.0), query="?strict=1").status_code == 200


def test_what_the_shards_refuse_is_told(app: App) -> None:
    app.engine.reject = {"future": 1}
    answer = app.send(samples(1.0, 2.0)).json()
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert answer["errors"] == [{"reason": "future", "detail": "1 samples"}]
    app.engine.reject = {"series_limit": 1}
    assert app.send(samples(9.0)).status_code == 400


def test_a_retry_has_no_second_effect(app: App) -> None:
    first, again = app.send(samples(1.0)), app.send(samples(1.0))
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    assert again.status_code == 200
    keyed = [app.send(samples(x), Idempotency_Key="k-1").json()["repeated"] for x in (5.0, 6.0)]
    assert keyed == [False, True]
    assert app.send(samples(7.0), X_Request_Id="k-1").json()["repeated"] is True
    assert len(app.engine.submitted) == 2
    assert all(len(s.request_id) == 16 for s in app.engine.submitted)
    assert app.send(samples(1.0), Idempotency_Key="k" * 256).status_code == 400


def test_a_shard_that_forgot_a_series_is_told_again(app: App) -> None:
    app.send(samples(1.0))
    app.engine.known.clear()
    assert app.send(samples(2.0)).status_code == 200
    assert app.engine.submitted[1].batch.identities
    app.engine.fail = [UnknownSeries("x"), UnknownSeries("x")]
    assert app.send(samples(3.0)).status_code == 503


def test_complete_is_logged_after_the_samples(app: App) -> None:
    assert app.send(samples(1.0), query=f"?mode=backfill&complete={NOW_MS}").status_code == 200
    (tick,) = app.engine.controls
    assert isinstance(tick, Tick)
    assert (tick.ts_ms, tick.complete, len(tick.request_id)) == (NOW_MS, True, 16)


def test_a_full_backlog_is_counted_and_nothing_is_kept(app: App) -> None:
    app.engine.fail = [Overloaded("full", 2, limit="backlog_bytes_max")]
    answer = app.send({"samples": [sample()]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (answer.json()["type"], app.engine.submitted) == ("urn:watchkeeper:problem:overloaded", [])
    told = app.http.get("/metrics").text
    assert 'watchkeeper_limit_hits_total{limit="backlog_bytes_max"} 1.0' in told
    assert 'watchkeeper_limit_used{limit="backlog_s_max"} 0.0' in told
    assert app.send({"samples": [sample()]}).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("error", "wait"), [(Overloaded("full", 7), "7"), (IntakeUnavailable("disk full"), "1")]
)
def test_trouble_below_is_503_with_the_time_to_wait(app: App, error: Exception, wait: str) -> None:
    app.engine.fail = [error]
    answer = app.send(samples(1.0))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, wait)
    assert app.send(samples(1.0)).status_code == 200


def test_the_unexpected_is_500_without_a_trace(app: App, caplog: pytest.LogCaptureFixture) -> None:
    app.engine.fail = [RuntimeError("secret detail")]
    answer = app.send(samples(1.0))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["reference"] in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_only_post(app: App, method: str) -> None:
    answer = app.http.request(method, SAMPLES)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": ""},
        {"content-type": JSON, "content-encoding": "br"},
        {"content-type": JSON, "content-encoding": "gzip, gzip"},
    ],
)
def test_other_types_and_encodings_are_415(app: App, headers: dict[str, str]) -> None:
    answer = app.http.post(SAMPLES, content=b'{"samples": []}', headers=headers)
    assert answer.status_code == 415


def test_doubled_headers_are_415(app: App) -> None:
    for name, value in (("content-type", JSON), ("content-encoding", "gzip")):
        headers = [("content-type", JSON), (name, value), (name, value)]
        assert app.http.post(SAMPLES, content=b"{}", headers=headers).status_code == 415


@pytest.mark.parametrize("query", ["?mode=replay", "?complete=soon", "?complete=-1", "?strict=maybe"])
def test_parameters_that_cannot_be_are_400(app: App, query: str) -> None:
    assert app.send(samples(1.0), query=query).status_code == 400
    assert app.engine.submitted == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), kind=st.sampled_from([JSON, NDJSON, ARROW]))
def test_no_bytes_are_answered_with_a_5xx(app: App, body: bytes, kind: str) -> None:
    assert app.send(body, kind).status_code in (200, 400)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["metric", "value", "n"]), inner)
    ),
    max_leaves=6,
)
_odd = st.fixed_dictionaries(
    {}, optional={"metric": _json, "tags": _json, "timestamp": _json, "value": _json, "n": _json}
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listed=st.lists(_odd | _json, max_size=4))
def test_every_sample_is_either_accepted_or_refused(app: App, listed: list[Any]) -> None:
    answer = app.send(json.dumps({"samples": listed}).encode(), query="?mode=backfill")
    assert answer.status_code in (200, 400)
    if "accepted" in answer.json():
        assert answer.json()["accepted"] + answer.json()["rejected"] == len(listed)
