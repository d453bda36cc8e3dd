"""The file of a catalogue: kept, damaged, gone, and when it is built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.catalogue.asking import Asked, of_team
from monitor.catalogue.built import Built, build
from monitor.catalogue.catalogue import Catalogue
from monitor.catalogue.order import BEFORE_ALL, Spot
from monitor.domain.errors import CorruptLog
from monitor.domain.series import Identity
from monitor.domain.teams import Teams
from tests.catalogue.test_laws import by_looking, names_of, spot

NAMES = [
    Identity.of("requests" if i % 2 else "errors", {"country": ("NL", "DE", "BE")[i % 3], "host": f"web-{i}"})
    for i in range(3_000)
]
PRINTS = np.array([name.fingerprint() for name in NAMES], np.uint64)


def found(catalogue: Catalogue, asked: Asked) -> list[Spot]:
    by_print = {name.fingerprint(): name for name in NAMES}
    return [one for one in catalogue.search(asked) if asked.fits(by_print[one.fingerprint])]


@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked(q="x"),
        Asked(q="W"),
        Asked(q="eb"),
        Asked(q="web-2999"),
        Asked(q="ERR nl web-1"),
        Asked(metric="errors"),
        Asked(metric="error"),
        Asked(tag="host=web-1"),
        Asked(tag="ost=web-1"),
        Asked(q="quests{country=de,"),
    ],
    ids=str,
)
def test_thousands_are_searched_as_by_looking(asked: Asked) -> None:
    catalogue = Catalogue(Path("names-not-written"))
    catalogue.adopt(build(names_of(NAMES)))
    assert found(catalogue, asked) == by_looking(NAMES, asked)


def test_a_rare_word_is_not_looked_for_in_every_name() -> None:
    built = build(names_of(NAMES))
    looked_at = [one for some in built.search(Asked(q="web-2999").pieces(), BEFORE_ALL) for one in some]
    assert len(looked_at) == 1
    assert built.nbytes < 3_000 * 120 + 2**20


def test_for_a_team_only_names_with_its_tags_are_looked_at() -> None:
    catalogue = Catalogue(Path("names-not-written"))
    catalogue.adopt(build(names_of(NAMES)))
    teams = Teams({"few": [{"host": "web-2999"}, {"host": "web-77*", "country": "DE"}]})
    expected = [spot(name) for name in NAMES if teams.of(name) == "few"]
    looked_at = list(catalogue.search(Asked(), among=of_team(teams, "few")))
    assert looked_at == sorted(expected)
    assert 1 < len(looked_at) < 10


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "names"
    catalogue = Catalogue(path, new_max=100)
    for name in NAMES:
        catalogue.add(name.fingerprint(), name)
    assert catalogue.due
    catalogue.begin()
    assert not catalogue.due
    catalogue.adopt(catalogue.build(names_of(NAMES)))
    again = Catalogue(path)
    assert len(again) == 3_000
    more = np.append(PRINTS[:-10], np.uint64(7))
    assert again.unknown(more).tolist() == [7]
    assert found(again, Asked(q="web-77")) == by_looking(NAMES, Asked(q="web-77"))


@pytest.mark.parametrize("harm", ["cut", "bit", "empty", "other"])
def test_a_damaged_file_is_left_out(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "names"
    build(names_of(NAMES)).write(path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    harmed = {
        "cut": whole[:-1],
        "bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "empty": b"",
        "other": b"Parquet!" + whole[8:],
    }[harm]
    path.write_bytes(harmed)
    with pytest.raises((CorruptLog, ValueError)):
        Built.read(path)
    again = Catalogue(path, new_max=100)
    assert len(again) == 0
    assert again.unknown(PRINTS).tolist() == PRINTS.tolist()


def test_a_build_that_was_cut_off_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "names"
    build(names_of(NAMES[:10])).write(path)
    (tmp_path / "names.tmp").write_bytes(b"half of the next")
    assert len(Catalogue(path)) == 10
    build(names_of(NAMES)).write(path)
    assert [one.name for one in tmp_path.iterdir()] == ["names"]


def test_a_disk_that_refuses_leaves_all_searchable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    catalogue = Catalogue(tmp_path / "file" / "names", new_max=100)
    for name in NAMES[:200]:
        catalogue.add(name.fingerprint(), name)
    catalogue.begin()
    catalogue.adopt(catalogue.build(names_of(NAMES[:200])))
    assert found(catalogue, Asked(q="web-77")) == by_looking(NAMES[:200], Asked(q="web-77"))
    assert not catalogue.due
    for name in NAMES[200:500]:
        catalogue.add(name.fingerprint(), name)
    assert catalogue.due


def test_forgotten_series_bring_a_build(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "names", new_max=100)
    catalogue.begin()
    catalogue.adopt(build(names_of(NAMES)))
    for name in NAMES[:376]:
        assert not catalogue.due
        catalogue.discard(name.fingerprint())
    assert catalogue.due
