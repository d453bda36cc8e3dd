"""Searching a shard's series: the short way finds what looking at each of them finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.series import Identity
from monitor.engine.queries import _matches, telling_part
from monitor.intake.index import SeriesIndex

TEXT = st.text("aAbK{},= \u00e9\u00df\u212a\ufb01fis", min_size=1, max_size=5)
NAMES = st.builds(
    Identity.of, TEXT, st.dictionaries(TEXT.filter(lambda text: "=" not in text), TEXT, max_size=2)
)


@settings(max_examples=150)
@given(
    st.lists(NAMES, min_size=1, max_size=12, unique=True),
    st.none() | TEXT,
    st.none() | TEXT,
    st.sets(st.integers(0, 11)),
    st.data(),
)
def test_the_short_way_leaves_nothing_out(
    names: list[Identity], metric: str | None, q: str | None, gone: set[int], data: st.DataObject
) -> None:
    index = SeriesIndex()
    rows = {index.insert(name.fingerprint(), name.canonical()): name for name in names}
    for row in sorted(gone & set(rows)):
        index.remove(row)
        del rows[row]
    again = Identity.of("again", {"a": "b"})
    rows[index.insert(again.fingerprint(), again.canonical())] = again
    if data.draw(st.booleans()):
        whole = str(data.draw(st.sampled_from(list(rows.values()))))
        first = data.draw(st.integers(0, len(whole)))
        q = whole[first : first + 4].upper()
    wanted = {row for row, name in rows.items() if _matches(name, metric, q, None)}
    part = telling_part(metric, q, None)
    found = index.containing(part, 1_000) if part else None
    assert found is None or wanted <= set(found.tolist()) <= set(rows)
