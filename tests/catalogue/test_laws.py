"""Searching a catalogue finds what looking at each name finds, however its names came to it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.catalogue import catalogue as catalogue_module
from monitor.catalogue.asking import Asked, of_team
from monitor.catalogue.built import Built, Names, build
from monitor.catalogue.catalogue import Catalogue
from monitor.catalogue.order import BEFORE_ALL, HEAD_BYTES, Spot, spot_from, spot_of, written
from monitor.domain.series import Identity
from monitor.domain.teams import Teams
from monitor.intake.index import SeriesIndex

TEXT = st.text("aAbBnN{},= éßKﬁ-", min_size=1, max_size=6)
NAMES = st.builds(
    Identity.of, TEXT, st.dictionaries(TEXT.filter(lambda text: "=" not in text), TEXT, max_size=2)
)
MANY = st.lists(NAMES, min_size=1, max_size=30, unique=True)


@st.composite
def askings(draw: st.DrawFn, names: Sequence[Identity]) -> Asked:
    """Questions that some of the names fit, as often as not."""
    metric, q = draw(st.none() | TEXT), draw(st.none() | TEXT)
    tag: str | None = None
    one = draw(st.sampled_from(names))
    if draw(st.booleans()):
        metric = draw(st.sampled_from([None, one.metric]))
        if draw(st.booleans()):
            tag = draw(st.sampled_from(["=".join(pair) for pair in one.tags] or ["a=b"]))
        whole = str(one)
        pieces = []
        for _ in range(draw(st.integers(0, 3))):
            first = draw(st.integers(0, len(whole)))
            pieces.append(whole[first : first + draw(st.integers(1, 5))].swapcase())
        q = " ".join(pieces)
    return Asked(metric, q, tag)


def spot(name: Identity) -> Spot:
    return spot_of(str(name).casefold().encode("utf-8", "surrogatepass"), name.fingerprint())


def by_looking(names: Iterable[Identity], asked: Asked, after: Spot = BEFORE_ALL) -> list[Spot]:
    """The slow twin: every name, one after the other."""
    return sorted(spot(name) for name in names if asked.fits(name) and spot(name) > after)


def by_searching(catalogue: Catalogue, asked: Asked, after: Spot, there: dict[int, Identity]) -> list[Spot]:
    found = list(catalogue.search(asked, after))
    assert found == sorted(set(found))
    return [one for one in found if (name := there.get(one.fingerprint)) is not None and asked.fits(name)]


def names_of(names: Iterable[Identity]) -> Names:
    index = SeriesIndex()
    for name in names:
        index.insert(name.fingerprint(), name.canonical())
    return Names(*index.names())


def contents(built: Built) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names"
        built.write(path)
        return path.read_bytes()


@settings(max_examples=60)
@given(st.data(), MANY, st.sampled_from([0, 1, 4, 100]))
def test_any_split_of_additions_is_searched_as_one_built_at_once(
    data: st.DataObject, names: list[Identity], fresh_max: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue_module, "FRESH_MAX", fresh_max)
        searched_as_at_once(data, names)


def searched_as_at_once(data: st.DataObject, names: list[Identity]) -> None:
    asked = data.draw(askings(names))
    gone = data.draw(st.sets(st.sampled_from(names)))
    after = data.draw(st.sampled_from([BEFORE_ALL, *map(spot, names)]))
    catalogue = Catalogue(Path("names-not-written"), new_max=0)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(names)), max_size=3)))
    there: dict[int, Identity] = {}
    for place, name in enumerate(names):
        for _ in range(cuts.count(place)):
            catalogue.begin()
            catalogue.adopt(build(names_of(there.values())) if data.draw(st.booleans()) else None)
        catalogue.add(name.fingerprint(), name)
        there[name.fingerprint()] = name
        if data.draw(st.booleans()):
            assert by_searching(catalogue, asked, after, there) == by_looking(there.values(), asked, after)
        if name in gone:
            catalogue.discard(name.fingerprint())
            del there[name.fingerprint()]
    assert by_searching(catalogue, asked, after, there) == by_looking(there.values(), asked, after)
    catalogue.begin()
    assert by_searching(catalogue, asked, after, there) == by_looking(there.values(), asked, after)


@settings(max_examples=20)
@given(MANY, st.randoms())
def test_a_build_does_not_depend_on_the_order(names: list[Identity], order: object) -> None:
    other = list(names)
    order.shuffle(other)  # type: ignore[attr-defined]
    assert contents(build(names_of(names))) == contents(build(names_of(other)))


@settings(max_examples=20)
@given(st.data(), MANY, st.integers(1, 7))
def test_pages_are_stable(data: st.DataObject, names: list[Identity], size: int) -> None:
    """Page after page, with a build in between: each series once, in order."""
    asked = data.draw(askings(names))
    there = {name.fingerprint(): name for name in names}
    catalogue = Catalogue(Path("names-not-written"), new_max=0)
    for name in names:
        catalogue.add(name.fingerprint(), name)
    seen: list[Spot] = []
    while page := by_searching(catalogue, asked, seen[-1] if seen else BEFORE_ALL, there)[:size]:
        seen += page
        catalogue.begin()
        catalogue.adopt(build(names_of(names)))
    assert seen == by_looking(names, asked)


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(Identity.of, st.text("aB", min_size=HEAD_BYTES - 1, max_size=HEAD_BYTES + 2)), max_size=9
    )
)
def test_names_that_begin_alike_are_each_listed_once(names: list[Identity]) -> None:
    there = {name.fingerprint(): name for name in names}
    catalogue = Catalogue(Path("names-not-written"))
    catalogue.adopt(build(names_of(there.values())))
    seen: list[Spot] = []
    while page := by_searching(
        catalogue, Asked(), spot_from(written(seen[-1])) if seen else BEFORE_ALL, there
    )[:2]:
        seen += page
    assert seen == sorted(map(spot, there.values()))


RULES = st.dictionaries(
    st.sampled_from(["a", "A", "ß", "n"]), st.text("aAbßK*,", max_size=3), min_size=1, max_size=2
)


@settings(max_examples=60)
@given(
    st.lists(st.builds(Identity.of, TEXT, RULES), min_size=1, max_size=20, unique=True),
    st.dictionaries(st.sampled_from("xyz"), st.lists(RULES, min_size=1, max_size=3)),
    st.booleans(),
)
def test_what_is_searched_for_a_team_misses_none_of_its_series(
    names: list[Identity], rules: dict[str, list[dict[str, str]]], on_disk: bool
) -> None:
    catalogue, teams = Catalogue(Path("names-not-written")), Teams(rules)
    if on_disk:
        catalogue.adopt(build(names_of(names)))
    else:
        for name in names:
            catalogue.add(name.fingerprint(), name)
    for team in ("", "x", "y", "nobody declared it"):
        found = list(catalogue.search(Asked(), among=of_team(teams, team)))
        assert found == sorted(set(found))
        assert {spot(name) for name in names if teams.of(name) == team} <= set(found)
