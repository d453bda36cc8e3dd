"""Every row of a file that grows is taken once, however it is cut, renamed and begun anew."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import watched
from collectors.pulled import SourceFailed
from collectors.source_file import validated
from collectors.watched import WatchedFiles
from monitor.domain.errors import BadRequest
from monitor.domain.series import Identity

HEADER = "time,shop,orders\n"
START_S = 1_767_225_600


def follower(path: Path, places: Path | None = None, **changed: Any) -> WatchedFiles:
    said = {"name": "exports", "path": str(path)} | changed
    (one,) = validated({"files": [said]}).files
    return WatchedFiles(one, places)


def rows(begin: int, end: int, shop: str = "north") -> str:
    return "".join(f"{START_S + 60 * i},{shop},{i}\n" for i in range(begin, end))


def pieces(source: WatchedFiles) -> Iterator[list[tuple[str, int]]]:
    while (found := source.next()) is not None:
        batch = found.batch
        names = [str(Identity.from_canonical(batch.identities[one])) for one in batch.fingerprint.tolist()]
        yield list(zip(names, batch.value.astype(int).tolist(), strict=True))
        source.taken()


def read(source: WatchedFiles) -> list[int]:
    return [value for piece in pieces(source) for _, value in piece]


@settings(max_examples=20)
@given(data=st.data())
def test_whatever_is_written_in_whatever_pieces(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("exports")
    path, places = folder / "orders.csv", folder / "places" / "exports.json"
    raw = (HEADER + rows(0, 30)).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=8)))
    source, seen = follower(path, places), []
    path.touch()
    for begin, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        with path.open("ab") as file:
            file.write(raw[begin:end])
        step = data.draw(st.sampled_from(["go on", "restart", "not taken"]))
        if step == "restart":
            source = follower(path, places)
        if step == "not taken":
            source.next()  # handed over and lost: it comes again
        seen += read(source)
    assert seen == list(range(30))


def test_long_files_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "PIECE_BYTES", 100)
    (tmp_path / "a.csv").write_text(HEADER + rows(0, 50))
    found = list(pieces(follower(tmp_path)))
    assert len(found) > 5
    assert [value for piece in found for _, value in piece] == list(range(50))
    assert found[0][0][0] == "orders{shop=north}"


@pytest.mark.parametrize("name", ["orders.csv", "*.csv"])
def test_a_rotated_file_is_read_to_its_end(tmp_path: Path, name: str) -> None:
    path, places = tmp_path / "orders.csv", tmp_path / "places" / "p.json"
    path.write_text(HEADER + rows(0, 3))
    source = follower(tmp_path / name, places)
    assert read(source) == [0, 1, 2]
    with path.open("a") as file:
        file.write(rows(3, 5))
    path.rename(tmp_path / "orders.csv.1")
    path.write_text(HEADER + rows(5, 7))
    assert sorted(read(follower(tmp_path / name, places))) == [3, 4, 5, 6]
    (tmp_path / "orders.csv.1").unlink()
    assert read(source := follower(tmp_path / name, places)) == []
    assert len(source._places._places) == 1


@pytest.mark.parametrize("pattern", ["orders.csv", "*.csv", "*"])
@pytest.mark.parametrize("in_place", [False, True])
def test_a_rotated_and_compressed_file_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, in_place: bool
) -> None:
    """Also where the new file got the inode of the old one, or is the old one cut (copytruncate)."""
    monkeypatch.setattr(watched, "PIECE_BYTES", 200)
    path, places = tmp_path / "orders.csv", tmp_path / "places" / "exports.json"
    path.write_text(HEADER + rows(0, 5))
    assert read(follower(tmp_path / pattern, places)) == list(range(5))
    with path.open("a") as file:
        file.write(rows(5, 40))
    (tmp_path / "orders.csv.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    (tmp_path / "others.csv.gz").write_bytes(gzip.compress((HEADER + rows(90, 99)).encode()))
    (tmp_path / "torn.csv.gz").write_bytes(gzip.compress(b"x" * 9_999)[:30])
    if not in_place:
        path.unlink()
    path.write_text(HEADER + rows(40, 43))
    source = follower(tmp_path / pattern, places)
    seen = read(source)
    assert seen == list(range(5, 43))
    assert read(follower(tmp_path / pattern, places)) == []


def test_a_file_that_is_begun_anew_in_place(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + rows(0, 3))
    source = follower(path)
    assert read(source) == [0, 1, 2]
    path.write_text(HEADER + rows(7, 8))
    assert read(source) == [7]
    path.write_text(HEADER + rows(8, 20))  # longer than before, which only its beginning tells
    assert read(source) == list(range(8, 20))


def test_columns_keep_their_meaning(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + rows(0, 3))
    source = follower(path)
    assert len(read(source)) == 3
    with path.open("a") as file:
        file.write(f"{START_S + 180},north,none\n{START_S + 240},17,4\n")
    ((name, value),) = [one for piece in pieces(source) for one in piece]
    assert (name, value) == ("orders{shop=17}", 4)


def test_a_quoted_line_end(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + f'{START_S},"a,\n')
    source = follower(path)
    assert read(source) == []
    with path.open("a") as file:
        file.write('b",1\n')
    found = source.next()  # one record, whose tag holds a line end: refused as such, not as a torn line
    assert found is not None
    assert [reject.reason for reject in found.rejects] == ["bad_name"]


def table(begin: int, end: int) -> pa.Table:
    times = pa.array([1_000 * (START_S + 60 * i) for i in range(begin, end)], pa.timestamp("ms", "UTC"))
    return pa.table({"time": times, "orders": [float(i) for i in range(begin, end)]})


def test_parquet_when_it_is_whole(tmp_path: Path) -> None:
    places = tmp_path / "places" / "p.json"
    source = follower(tmp_path, places)
    pq.write_table(table(0, 3), tmp_path / "a.parquet")
    raw = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(raw[:-10])
    assert read(source) == []  # it is being written
    (tmp_path / "a.parquet").write_bytes(raw)
    assert read(source) == [0, 1, 2]
    pq.write_table(table(3, 5), tmp_path / "b.parquet")
    assert read(follower(tmp_path, places)) == [3, 4]


def test_a_broken_file_stops_no_other_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe,x\n1,2\n")
    (tmp_path / "good.csv").write_text(HEADER + rows(0, 2))
    source = follower(tmp_path)
    following = pieces(source)
    assert len(next(following)) == 2
    with pytest.raises(SourceFailed, match=r"bad\.csv: "):
        next(following)
    (tmp_path / "bad.csv").unlink()
    assert read(source) == []


def test_a_torn_parquet_is_told_in_time(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 and no end")
    os.utime(path, (START_S, START_S))
    with pytest.raises(SourceFailed, match=r"a\.parquet: "):
        read(follower(tmp_path))


def test_nothing_there(tmp_path: Path) -> None:
    assert read(follower(tmp_path)) == []
    with pytest.raises(SourceFailed, match="no such file"):
        read(follower(tmp_path / "orders.csv"))
    with pytest.raises(SourceFailed, match="No such file"):
        read(follower(tmp_path / "none" / "*.csv"))


@pytest.mark.parametrize(("key", "value"), [("path", "orders.csv"), ("zone", "Mars/Base")])
def test_what_cannot_be_declared(key: str, value: str) -> None:
    with pytest.raises(BadRequest, match=f"files.0: Value error, {key}: "):
        validated({"files": [{"name": "x", "path": "/x"} | {key: value}]})
