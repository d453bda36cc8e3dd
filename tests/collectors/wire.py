"""What the tests of the wire formats share: damage to bodies, and decoders held against their twins."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from collectors.base import Decoded
from monitor.domain.series import fingerprint
from tests.naive.remote_write import Outcome


@st.composite
def damaged(draw: st.DrawFn, bodies: st.SearchStrategy[bytes], with_: st.SearchStrategy[bytes]) -> bytes:
    """A body with at most three places cut, doubled or replaced."""
    body = bytearray(draw(bodies))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(body)))
        body[at : at + draw(st.integers(0, 3))] = draw(with_)
    return bytes(body)


def faults(decoded: Decoded) -> list[tuple[str, int]]:
    return sorted((r.reason, place) for r in decoded.rejects for place, _ in r.examples)


def assert_same(decoded: Decoded, expected: Outcome) -> None:
    batch = decoded.batch
    rows = list(
        zip(batch.fingerprint.tolist(), batch.ts_ms.tolist(), map(repr, batch.value.tolist()), strict=True)
    )
    assert rows == [(fingerprint(i), ts_ms, repr(value)) for i, ts_ms, value in expected.samples]
    assert faults(decoded) == sorted(expected.faults)
    assert dict(decoded.aside) == dict(expected.aside)
    names = {fingerprint(i): i for i, _, _ in expected.samples}
    assert names.items() <= dict(batch.identities).items()
    assert all(fingerprint(text) == one for one, text in batch.identities.items())
    for column in (batch.fingerprint, batch.ts_ms, batch.value):
        assert column.flags.c_contiguous
        assert column.flags.writeable
    assert np.isfinite(batch.value).all()
