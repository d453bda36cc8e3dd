"""A message means the same alone and among others, and one that cannot be read stops nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.kafka_messages import MessageReader
from collectors.source_file import validated
from monitor.domain.batch import Reason
from monitor.domain.errors import BadRequest

NDJSON = '{{"metric": "orders", "timestamp": {}, "value": {}}}'
GOOD = {
    "ndjson": [NDJSON.format(i, i) for i in range(9)],
    "json": [f'{{"samples": [{NDJSON.format(i, i)}]}}' for i in range(9)],
    "influx": [f"orders value={i} {i}000000" for i in range(9)],
}
POISON = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.text('{}[]":,\\\n sample=1#', max_size=40).map(str.encode),
    st.sampled_from([b'orders value="open', b"orders value=1 \\", b'{"samples": [', b'"', b"\xef\xbb\xbf{}"]),
)


def reader(form: str) -> MessageReader:
    said = {"name": "shop", "brokers": ["127.0.0.1:1"], "topics": ["t"], "format": form}
    (one,) = validated({"kafka": [said]}).kafka
    return MessageReader(one)


def read(form: str, *messages: str | bytes | None) -> tuple[list[float], int]:
    found = reader(form).read([one.encode() if isinstance(one, str) else one for one in messages])
    assert set(found.batch.fingerprint.tolist()) == set(found.batch.identities)
    return found.batch.value.tolist(), found.rejected


@given(form=st.sampled_from(sorted(GOOD)), poison=st.lists(POISON, max_size=6), data=st.data())
def test_alone_and_among_others(form: str, poison: list[bytes | None], data: Any) -> None:
    some = [one.encode() for one in GOOD[form]]
    messages = data.draw(st.permutations([*some, *poison]))
    alone = [read(form, one) for one in messages]
    values, refused = read(form, *messages)
    assert sorted(values) == sorted(value for one, _ in alone for value in one)
    assert refused == sum(count for _, count in alone)


@pytest.mark.parametrize(
    ("form", "messages", "values", "refused"),
    [
        ("ndjson", ["\n".join(GOOD["ndjson"][:2]), "no JSON", GOOD["ndjson"][2]], [0, 1, 2], 1),
        ("json", [GOOD["json"][1], "{", b"\xff", None, GOOD["json"][0]], [0, 1], 2),
        ("influx", ["orders value=x 1"], [], 1),  # and no series without a sample
        ("influx", ["cpu,host=a usage=1,idle=2 60000000000", "cpu", 'cpu a="'], [1, 2], 2),
    ],
)
def test_each_form(form: str, messages: list[Any], values: list[float], refused: int) -> None:
    assert read(form, *messages) == (values, refused)


def test_a_refused_message_has_a_reason() -> None:
    (reject,) = reader("json").read([b"{"]).rejects
    assert (reject.reason, reject.count) == (Reason.BAD_LINE, 1)


def test_patterns_of_topics_are_refused() -> None:
    with pytest.raises(BadRequest, match="no patterns"):
        validated({"kafka": [{"name": "a", "brokers": ["b:1"], "topics": ["^x.*"]}]})
