"""The journal: what is kept, what undo would restore, and that a replay says the same again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.switch import Cause, Lives, Switch
from monitor.history.journal import BUFFERED_MAX, ENTRIES_MAX, FILE, Journal


def switch(row: int, number: int, former: bool = True) -> Switch:
    lives = Lives("ema", "kalman", "sigma", "smooth", (24,))
    kept = {"number": number, "bytes": bytes(8)} if former else None
    return Switch(row, number, number, Cause.LEARNED, lives, lives, ("why",), {"ema": 0.5}, kept)


def numbers(journal: Journal, row: int) -> list[int]:
    return [entry["at_ms"] for entry in journal.entries(row)]


def test_entries_come_back_the_newest_first_before_and_after_a_write(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(1, [switch(0, 1), switch(1, 2)])
    journal.append(5, [switch(0, 3, former=False)])
    for _ in range(2):
        assert (numbers(journal, 0), numbers(journal, 1), numbers(journal, 2)) == ([3, 1], [2], [])
        assert [entry["undoable"] for entry in journal.entries(0)] == [False, True]
        assert journal.former(0) == {"number": 1, "bytes": bytes(8)}
        journal.flush()
    assert numbers(Journal(tmp_path, 5), 0) == [3, 1]


@settings(max_examples=20, deadline=None)
@given(told=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=60), cut=st.integers(0, 60))
def test_a_replay_from_an_older_state_gives_the_same_journal(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, bool]], cut: int
) -> None:
    """The file may be ahead of the checkpoint that a restart takes up."""
    directory = tmp_path_factory.mktemp("journal")
    straight, broken = Journal(directory / "none"), Journal(directory)
    for position, (row, former) in enumerate(told, 1):
        straight.append(position, [switch(row, position, former)])
        broken.append(position, [switch(row, position, former)])
        if position % 7 == 0:
            broken.flush()
    broken.flush()
    again = Journal(directory, cut)
    for position, (row, former) in enumerate(told, 1):
        if position > cut:
            again.append(position, [switch(row, position, former)])
    for _ in range(2):
        for row in range(3):
            assert again.entries(row) == straight.entries(row)
            assert again.former(row) == straight.former(row)
        again.flush()


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(1, 3 * ENTRIES_MAX):
        journal.append(number, [switch(0, number)])
        journal.flush()
    assert numbers(journal, 0) == list(range(3 * ENTRIES_MAX - 1, 2 * ENTRIES_MAX - 1, -1))
    with sqlite3.connect(tmp_path / FILE) as file:
        assert file.execute("SELECT count(*), count(former) FROM entries").fetchone() == (ENTRIES_MAX, 1)


def test_the_next_owner_of_a_row_has_a_journal_of_its_own(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(1, [switch(0, 1), switch(1, 1)])
    journal.flush()
    journal.append(2, [switch(0, 2)])
    journal.forget([0])
    journal.append(3, [switch(0, 3)])
    assert (numbers(journal, 0), numbers(journal, 1)) == ([3], [1])
    journal.flush()
    assert (numbers(journal, 0), numbers(journal, 1)) == ([3], [1])


def test_a_disk_that_refuses_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "missing")
    for number in range(1, BUFFERED_MAX + 2):
        journal.append(number, [switch(number % 100, number)])
    assert "cannot be written" in journal.trouble
    with pytest.raises(OSError, match="journal"):
        journal.flush()
    (tmp_path / "missing").mkdir()
    journal.flush()
    assert journal.trouble == ""
    assert len(numbers(journal, 7)) == ENTRIES_MAX


def test_a_file_that_is_none_is_said_and_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, though it is long enough to look like one" * 40)
    journal = Journal(tmp_path)
    assert journal.entries(0) == []
    assert "cannot be read" in journal.trouble
    journal.append(1, [switch(0, 1)])
    journal.flush()
    assert numbers(journal, 0) == [1]
    assert (tmp_path / f"{FILE}.damaged").exists()
