"""What is counted of tags: each series once, whatever came and went."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.series import Identity
from monitor.intake.tags import KEYS_WORTH, TagCounts

NAMES = st.sampled_from(["a", "b", "a=b"])
IDENTITIES = st.builds(Identity.of, NAMES, st.dictionaries(NAMES, NAMES, max_size=3))


@given(st.lists(IDENTITIES), st.lists(IDENTITIES))
def test_what_is_gone_leaves_no_trace(stay: list[Identity], go: list[Identity]) -> None:
    counts, alone = TagCounts(5), TagCounts(5)
    for identity in [*stay, *go]:
        counts.add(identity)
    for identity in go:
        counts.discard(identity)
    for identity in stay:
        alone.add(identity)
    assert counts.by_name() == alone.by_name()
    assert counts.most == alone.most
    values = {key: {v for i in stay for k, v in i.tags if k == key} for i in stay for key, _ in i.tags}
    assert counts.most == max(map(len, values.values()), default=0)


def user(name: str, **more: str) -> Identity:
    return Identity.of("m", {"user": name, **more})


def test_one_value_of_a_key_more_than_there_may_be() -> None:
    counts = TagCounts(values_max=3)
    for name in "ab":
        counts.add(user(name, zone="z"))
    assert not counts.full(user("c", zone="y"))
    counts.add(user("c"))
    assert counts.full(user("d"))
    assert not counts.full(user("a", zone="y"))
    counts.discard(user("a", zone="z"))
    assert not counts.full(user("d"))


def test_all_keys_together_are_limited_too() -> None:
    counts = TagCounts(values_max=2)
    for i in range(KEYS_WORTH * 2):
        assert not counts.full(Identity.of("m", {f"k{i}": "v"}))
        counts.add(Identity.of("m", {f"k{i}": "v"}))
    assert counts.full(Identity.of("m", {"one more": "v"}))
    assert not counts.full(Identity.of("other", {"k0": "v"}))


def test_memory_is_what_is_said_of_it() -> None:
    values = [Identity.from_canonical(user(f"user-{i:05d}").canonical()) for i in range(20_000)]
    tracemalloc.start()
    counts = TagCounts(20_000)
    for identity in values:
        counts.add(identity)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / len(values) < 250
