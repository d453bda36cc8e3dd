"""At each limit N passes and N + 1 is refused."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.batch import Reason
from monitor.domain.series import Identity
from monitor.intake.limits import (
    Limits,
    check_canonical,
    check_identity,
    memory_bytes,
    series_limit,
)

LIMITS = Limits(metric_name_bytes_max=6, tag_name_bytes_max=4, tag_value_bytes_max=5, tags_per_series_max=3)


def test_defaults_are_those_of_the_documents() -> None:
    limits = Limits()
    assert limits.body_wire_bytes_max == 10 * 2**20
    assert limits.body_decoded_bytes_max == 64 * 2**20
    assert limits.samples_per_request_max == 50_000
    assert limits.tags_per_series_max == 40
    assert (limits.tag_name_bytes_max, limits.tag_value_bytes_max, limits.metric_name_bytes_max) == (
        256,
        2048,
        512,
    )
    assert limits.tag_values_max == 10_000
    assert (limits.time_zones_max, limits.declarations_max) == (100, 10_000)
    assert limits.late_ms_max == 3_600_000
    assert limits.future_ms_max == 600_000
    assert limits.backlog_bytes_max == 2 * 2**30
    assert (limits.json_depth_max, limits.number_digits_max, limits.line_bytes_max) == (16, 64, 65_536)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Limits)])
def test_a_limit_is_at_least_one(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Limits(**{field: 0})


@pytest.mark.parametrize(
    ("metric", "tags", "reason"),
    [
        ("abcdef", {}, None),
        ("abcdefg", {}, Reason.BAD_NAME),
        ("äää", {}, None),
        ("ääää", {}, Reason.BAD_NAME),
        ("", {}, Reason.BAD_NAME),
        ("m", {"abcd": "12345"}, None),
        ("m", {"abcde": "1"}, Reason.BAD_NAME),
        ("m", {"a": "123456"}, Reason.BAD_NAME),
        ("m", {"": "1"}, Reason.BAD_NAME),
        ("m", {"a": ""}, Reason.BAD_NAME),
        ("m", {"a": "1", "b": "1", "c": "1"}, None),
        ("m", {"a": "1", "b": "1", "c": "1", "d": "1"}, Reason.BAD_NAME),
        ("\ud800", {}, Reason.BAD_NAME),
        ("m", {"a": "\ud800"}, Reason.BAD_NAME),
    ],
)
def test_names(metric: str, tags: dict[str, str], reason: Reason | None) -> None:
    assert check_identity(Identity.of(metric, tags), LIMITS) is reason


@given(st.sampled_from([*range(0x20), *range(0x7F, 0xA0)]).map(chr), st.integers(0, 2))
def test_no_control_character_anywhere(control: str, place: int) -> None:
    parts = ["metric", "key", "value"]
    parts[place] = f"a{control}b"
    metric, key, value = parts
    assert check_identity(Identity.of(metric, {key: value})) is Reason.BAD_NAME


@given(st.text(min_size=1, max_size=6), st.dictionaries(st.text(min_size=1, max_size=4), st.text(min_size=1)))
def test_an_accepted_identity_has_an_unambiguous_canonical_text(metric: str, tags: dict[str, str]) -> None:
    identity = Identity.of(metric, tags)
    if check_identity(identity) is None:
        assert Identity.from_canonical(identity.canonical()) == identity
        assert check_canonical(identity.canonical()) is None


def test_repeated_tag_and_reserved_prefix() -> None:
    assert check_identity(Identity("m", (("a", "1"), ("a", "2")))) is Reason.BAD_NAME
    own = Identity.of("watchkeeper.lag")
    assert check_identity(own) is Reason.BAD_NAME
    assert check_identity(own, reserved_allowed=True) is None


@pytest.mark.parametrize("text", [b"", b"\xff", b"m\x1fb\x1e1\x1fa\x1e1", b"m\x1fa", b"m\x1f"])
def test_bytes_that_are_no_canonical_identity(text: bytes) -> None:
    assert check_canonical(text) is Reason.BAD_NAME


def test_memory_makes_the_series_limit() -> None:
    assert series_limit(1000, 10, 0.7) == 70
    assert series_limit(1, 400) == 1
    assert memory_bytes() > 1 << 20
