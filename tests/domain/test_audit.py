"""An entry of the audit log is what it was when it was written, or it shows."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.audit import FIRST, AuditEntry, Deed

TEXT = st.text(max_size=10)
DEEDS = st.builds(Deed, TEXT, TEXT, TEXT, st.none() | st.dictionaries(TEXT, TEXT), st.none(), TEXT, TEXT)


@given(DEEDS, st.sampled_from([f.name for f in fields(AuditEntry)]), st.data())
def test_any_other_field_breaks_the_hash(deed: Deed, name: str, data: st.DataObject) -> None:
    entry = AuditEntry.of(deed, 3, 17, FIRST)
    assert entry.intact
    values: st.SearchStrategy[Any] = st.integers() if name in ("sequence", "at_ms") else TEXT
    value = data.draw(values)
    if value != getattr(entry, name):
        assert not replace(entry, **{name: value}).intact


@given(DEEDS, DEEDS)
def test_fields_do_not_run_into_each_other(one: Deed, two: Deed) -> None:
    hashes = [AuditEntry.of(deed, 1, 0, FIRST).hash for deed in (one, two)]
    assert (hashes[0] == hashes[1]) == (one == two)
