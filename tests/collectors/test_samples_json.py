from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from collectors.base import Decoded
from collectors.errors import BadRequest, TooManySamples
from collectors.keys import WireKeys
from collectors.samples_json import JsonDecoder, NdjsonDecoder
from monitor.domain.batch import Mode
from monitor.domain.series import Identity, fingerprint
from tests.collectors.json_bodies import damaged, documents, lines
from tests.naive import json_samples as naive

GOOD = {"metric": "m", "tags": {"a": "b"}, "timestamp": 60_000, "value": 1.5}


def json_decoder() -> JsonDecoder:
    return JsonDecoder(WireKeys(seed=3))


def body_of(*samples: object) -> bytes:
    return json.dumps({"samples": samples}).encode()


def raw_sample(**members: str) -> bytes:
    parts = {"metric": '"m"', "timestamp": "1", "value": "1"} | members
    return ('{"samples":[{' + ",".join(f'"{k}":{v}' for k, v in parts.items()) + "}]}").encode()


def faults(decoded: Decoded) -> list[tuple[str, int]]:
    return sorted((r.reason, place) for r in decoded.rejects for place, _ in r.examples)


def assert_same(decoded: Decoded, expected: naive.Outcome) -> None:
    batch = decoded.batch
    n = [None] * len(batch) if batch.n is None else [None if np.isnan(x) else x for x in batch.n.tolist()]
    rows = list(
        zip(batch.fingerprint.tolist(), batch.ts_ms.tolist(), map(repr, batch.value.tolist()), n, strict=True)
    )
    assert rows == [(fingerprint(i), ts_ms, repr(value), n) for i, ts_ms, value, n in expected.samples]
    assert faults(decoded) == sorted(expected.faults)
    assert batch.identities == {fingerprint(i): i for i, _, _, _ in expected.samples} | {
        p: i for p, i in batch.identities.items() if p not in batch.fingerprint
    }
    assert decoded.mode == expected.mode
    for column in (batch.fingerprint, batch.ts_ms, batch.value):
        assert column.flags.c_contiguous
        assert column.flags.writeable


def outcome_or_none(decode: Callable[[bytes], naive.Outcome], body: bytes) -> naive.Outcome | None:
    try:
        return decode(body)
    except naive.Refused:
        return None


@settings(max_examples=250, deadline=None)
@given(damaged(documents()))
def test_json_equals_its_naive_twin(body: bytes) -> None:
    expected = outcome_or_none(naive.decode_json, body)
    decoded: Decoded | None
    try:
        decoded = json_decoder().decode(body)
    except BadRequest as refusal:
        assume("escapes" not in str(refusal))
        decoded = None
    assert (decoded is None) == (expected is None)
    if decoded is not None and expected is not None:
        assert_same(decoded, expected)


@settings(max_examples=250, deadline=None)
@given(damaged(lines()))
@example(b"\n\n\r\n{}\r")
def test_ndjson_equals_its_naive_twin(body: bytes) -> None:
    decoded = NdjsonDecoder(WireKeys(seed=3)).decode(body)
    assert_same(decoded, naive.decode_ndjson(body))


@settings(max_examples=50, deadline=None)
@given(st.lists(documents(), min_size=1, max_size=4))
def test_a_warm_memory_changes_no_answer_but_the_identities(bodies: list[bytes]) -> None:
    warm = json_decoder()
    for body in bodies * 2:
        expected = outcome_or_none(naive.decode_json, body)
        if expected is None:
            continue
        decoded = warm.decode(body)
        assert decoded.batch.fingerprint.tolist() == [fingerprint(i) for i, *_ in expected.samples]
        assert faults(decoded) == sorted(expected.faults)
        complete = warm.decode(body, all_identities=True).batch.identities
        assert {fingerprint(i): i for i, *_ in expected.samples}.items() <= complete.items()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nul",
        b"17",
        b"{}",
        b'"samples"',
        b'{"samples": null}',
        b'{"samples": {}}',
        b'{"samples": [}',
        b'{"samples": []} x',
        b'{"samples": [], "samples": []}',
        b'{"sampl\\u0065s": []}',
        b'{"samples": [], "mode": "fast"}',
        b'{"samples": [], "mode": 1}',
        b"\xef\xbb\xbf" + body_of(GOOD),
        body_of(GOOD).decode().encode("utf-16"),
        body_of(GOOD).replace(b'"m"', b'"\xff"'),
        raw_sample(value="NaN"),
        raw_sample(value="Infinity"),
        raw_sample(value="-Infinity"),
        raw_sample(value="1" * 65),
        raw_sample(value="1" * 5000),
        raw_sample(metric='"\\ud800"'),
        raw_sample(other="[" * 14 + "]" * 14),
        raw_sample(other="[" * 100_000),
        raw_sample(value="1,"),
        raw_sample(metric='"a\nb"'),
    ],
)
def test_a_body_that_is_no_strict_json_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BadRequest):
        json_decoder().decode(body)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"value": '"5"'}, "bad_value"),
        ({"value": "true"}, "bad_value"),
        ({"value": "[1]"}, "bad_value"),
        ({"value": "null"}, "missing_value"),
        ({"value": "1e999"}, "not_finite"),
        ({"n": "-1"}, "bad_value"),
        ({"n": '"1"'}, "bad_value"),
        ({"n": "1e999"}, "bad_value"),
        ({"timestamp": "null"}, "bad_timestamp"),
        ({"timestamp": "-1"}, "bad_timestamp"),
        ({"timestamp": "1e12"}, "bad_timestamp"),
        ({"timestamp": "41024448000001"}, "bad_timestamp"),
        ({"timestamp": '"yesterday"'}, "bad_timestamp"),
        ({"timestamp": '"2013-02-08T19:00:00"'}, "bad_timestamp"),
        ({"metric": '""'}, "bad_name"),
        ({"metric": "5"}, "bad_name"),
        ({"metric": '"a\\u0000b"'}, "bad_name"),
        ({"metric": f'"{"x" * 513}"'}, "bad_name"),
        ({"metric": '"watchkeeper.up"'}, "bad_name"),
        ({"tags": '{"a": 1}'}, "bad_name"),
        ({"tags": '{"a": "1", "a": "2"}'}, "bad_name"),
        ({"tags": '{"a": ""}'}, "bad_name"),
        ({"tags": json.dumps({f"k{i}": "v" for i in range(41)})}, "bad_name"),
        ({"tags": json.dumps({"k": "v" * 2049})}, "bad_name"),
        ({"tags": json.dumps({"k" * 257: "v"})}, "bad_name"),
    ],
)
def test_a_faulty_sample_is_counted_by_reason_and_the_rest_kept(members: dict[str, str], reason: str) -> None:
    decoder = json_decoder()
    good = body_of(GOOD)[len('{"samples": [') : -2]
    body = raw_sample(**members)[:-2] + b"," + good + b"]}"
    for _ in range(2):
        decoded = decoder.decode(body)
        assert faults(decoded) == [(reason, 0)]
        assert decoded.batch.value.tolist() == [1.5]
        assert all(len(detail) <= 64 for r in decoded.rejects for _, detail in r.examples)


def test_limits_themselves_pass() -> None:
    tags = {f"k{i}": "v" * 2048 for i in range(39)} | {"k" * 256: "v"}
    sample = GOOD | {"metric": "x" * 512, "tags": tags}
    decoded = json_decoder().decode(body_of(sample))
    assert decoded.batch.identities == {fingerprint(i): i for i in [Identity.of("x" * 512, tags).canonical()]}
    assert not json_decoder().decode(raw_sample(other="[" * 13 + "]" * 13, value="1" * 64)).rejects


@pytest.mark.parametrize("body", [b"[]", b'{"samples": []}', b'{"mode": null, "samples": [ ]}'])
def test_nothing_is_nothing(body: bytes) -> None:
    decoded = json_decoder().decode(body)
    assert len(decoded.batch) == 0
    assert decoded.rejects == ()
    assert decoded.mode is None


def test_mode_comes_from_the_body() -> None:
    assert json_decoder().decode(b'{"mode": "backfill", "samples": []}').mode is Mode.BACKFILL


def test_unknown_keys_and_any_order_are_fine() -> None:
    sample = b'{"v": 1, "value": 2, "meta": {"value": 3}, "timestamp": 4, "metric": "m"}'
    body = b'{"x": [1, {"y": null}], "samples": [' + sample + b"]}"
    decoded = json_decoder().decode(memoryview(body))
    assert decoded.batch.value.tolist() == [2.0]
    assert decoded.batch.ts_ms.tolist() == [4]


def test_too_many_samples_are_refused_whole() -> None:
    keys = WireKeys(seed=1)
    assert len(JsonDecoder(keys, samples_max=3).decode(body_of(GOOD, GOOD, GOOD)).batch) == 3
    with pytest.raises(TooManySamples):
        JsonDecoder(keys, samples_max=3).decode(body_of(*[GOOD] * 4))
    line = json.dumps(GOOD).encode() + b"\n"
    assert len(NdjsonDecoder(keys, samples_max=3).decode(line * 3 + b"\n").batch) == 3
    with pytest.raises(TooManySamples):
        NdjsonDecoder(keys, samples_max=3).decode(line * 4)


def test_examples_stop_at_a_hundred() -> None:
    decoded = json_decoder().decode(body_of(*[GOOD | {"metric": ""}] * 300, *[GOOD | {"value": "x"}] * 300))
    assert [(r.reason, r.count, len(r.examples)) for r in decoded.rejects] == [
        ("bad_value", 300, 100),
        ("bad_name", 300, 100),
    ]


def test_ndjson_keeps_the_good_lines() -> None:
    good = json.dumps(GOOD).encode()
    long = json.dumps(GOOD | {"note": "x" * 65_536}).encode()
    body = b"\r\n".join(
        [
            good,
            b"{oops",
            b"",
            good,
            long,
            good.replace(b'"b"', b'"\xff"'),
            b"\xef\xbb\xbf" + good,
            b"[]",
            good,
        ]
    )
    decoded = NdjsonDecoder(WireKeys(seed=1)).decode(body)
    assert len(decoded.batch) == 3
    assert faults(decoded) == [("bad_line", line) for line in (2, 5, 6, 7, 8)]


def test_a_line_of_exactly_64_kib_passes() -> None:
    empty = len(json.dumps(GOOD | {"note": ""}))
    line = json.dumps(GOOD | {"note": "x" * (65_536 - empty)}).encode()
    assert len(line) == 65_536
    assert len(NdjsonDecoder(WireKeys(seed=1)).decode(line + b"\r\n").batch) == 1


def test_identities_come_once_and_again_when_asked() -> None:
    keys = WireKeys(seed=1)
    decoder = JsonDecoder(keys)
    identity = Identity.of("m", {"a": "b"}).canonical()
    assert decoder.decode(body_of(GOOD, GOOD)).batch.identities == {fingerprint(identity): identity}
    assert decoder.decode(body_of(GOOD)).batch.identities == {}
    assert decoder.decode(body_of(GOOD), all_identities=True).batch.identities == {
        fingerprint(identity): identity
    }
    keys.forget()
    assert decoder.decode(body_of(GOOD)).batch.identities == {fingerprint(identity): identity}
