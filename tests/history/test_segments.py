"""Arrow and Parquet hold the same rows; what a row costs on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.observation import COLUMNS, Observations
from monitor.history import compact, segments
from monitor.history.compact import ColdReader, Job, Policy, choose, merge
from monitor.history.listing import Entry, Table
from monitor.history.segments import BATCH_ROWS, HotReader, block_bounds, sort_order, write_segment
from tests.history.streams import assert_equal, noise, observations

NOTHING = np.empty(0, np.int64)


def write(path: Path, number: int, stream: Observations) -> Entry:
    order = sort_order(stream.row, stream.ts_ms)
    return write_segment(
        path / f"observations-{number:012d}.arrow",
        Table.OBSERVATIONS,
        {name: getattr(stream, name)[order] for name in COLUMNS},
        number,
    )


def job(path: Path, *sources: Entry) -> Job:
    return Job(path, sources, (NOTHING,) * len(sources), -(1 << 62), 9, 8)


def test_both_formats_open_in_other_tools_and_hold_equal_rows(tmp_path: Path) -> None:
    stream = noise(200_000, 3000)
    sources = [
        write(tmp_path, i + 1, stream.take(part))
        for i, part in enumerate(np.array_split(np.arange(len(stream)), 3))
    ]
    product = merge(job(tmp_path, *sources))
    assert product is not None
    with pa.OSFile(str(tmp_path / sources[0].name), "rb") as file:
        arrow = pa.ipc.open_file(file).read_all()
    assert arrow.num_rows == sources[0].rows
    cold = pq.read_table(tmp_path / product.name)
    order = np.lexsort((stream.ts_ms, stream.row))
    assert_equal(Observations(**{n: cold[n].to_numpy() for n in COLUMNS}), stream.take(order))
    groups = pq.read_metadata(tmp_path / product.name)
    assert groups.num_row_groups == 4
    assert groups.row_group(0).num_rows == 65_536
    assert (product.rows, product.serial, product.level) == (200_000, 3, 1)
    per_sample = [sum(s.bytes for s in sources) / 200_000, product.bytes / 200_000]
    assert max(per_sample) < 40, per_sample


def test_one_series_is_found_by_reading_few_blocks(tmp_path: Path) -> None:
    stream = noise(300_000, 5000)
    entry = write(tmp_path, 1, stream)
    product = merge(job(tmp_path, entry))
    assert product is not None
    for reader in (
        HotReader(tmp_path / entry.name, Table.OBSERVATIONS),
        ColdReader(tmp_path / product.name, Table.OBSERVATIONS),
    ):
        blocks = list(reader.index.of_row(4321, 0, 1 << 60))
        assert len(blocks) <= 2 < len(reader.index)
        found = [reader.block(at, ["row", "value"]) for at in blocks]
        value = np.concatenate([part["value"][part["row"] == 4321] for part in found])
        np.testing.assert_array_equal(value, stream.value[stream.row == 4321])
        assert list(reader.index.of_row(4321, 1 << 60, 1 << 61)) == []
        assert list(reader.index.of_row(5000, 0, 1 << 60)) == []
        reader.close()


def test_a_long_series_is_cut_into_batches() -> None:
    row = np.zeros(3 * BATCH_ROWS + 1, np.int32)
    assert [high - low for low, high in block_bounds(row)] == [BATCH_ROWS] * 3 + [1]
    assert block_bounds(row[:0]) == []


@settings(max_examples=80, deadline=None)
@given(
    parts=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=30), min_size=1, max_size=4),
    batch=st.sampled_from([(1, 1), (3, 2), (7, 100)]),
    hidden=st.sets(st.integers(0, 9), max_size=3),
    expired=st.integers(0, 40),
)
def test_a_merge_is_one_stable_sort(
    parts: list[list[int]], batch: tuple[int, int], hidden: set[int], expired: int
) -> None:
    times = iter(range(200))
    streams = [observations(rows, [next(times) for _ in rows], [0.5] * len(rows)) for rows in parts]
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(segments, "BATCH_ROWS", batch[0])
        patch.setattr(segments, "BATCH_SERIES", batch[1])
        patch.setattr(compact, "GROUP_ROWS", 5)
        path = Path(folder)
        sources = tuple(write(path, i + 1, stream) for i, stream in enumerate(streams))
        gone = np.array(sorted(hidden), np.int64)
        # Deleted from the first source only: later ones belong to the row's next owner.
        product = merge(Job(path, sources, (gone, *[NOTHING] * (len(sources) - 1)), expired, 9, 8))
        first = streams[0].take(~np.isin(streams[0].row, gone))
        whole = Observations.concat([first, *streams[1:]])
        whole = whole.take(whole.ts_ms >= expired)
        if product is None:
            assert len(whole) == 0
            return
        found = pq.read_table(path / product.name)
        assert_equal(
            Observations(**{n: found[n].to_numpy() for n in COLUMNS}),
            whole.take(np.lexsort((whole.ts_ms, whole.row))),
        )
        assert pq.read_metadata(path / product.name).num_row_groups == -(-len(whole) // 5)
        assert product.rows == len(whole)
        assert (product.first_row, product.last_row) == (whole.row.min(), whole.row.max())
        assert (product.min_ts_ms, product.max_ts_ms) == (whole.ts_ms.min(), whole.ts_ms.max())


def entry(serial: int, level: int, rows: int = 10, max_ts_ms: int = 0) -> Entry:
    return Entry(f"f{serial}", Table.OBSERVATIONS, serial, 0, level, rows, 1, 0, 0, 9, 0, max_ts_ms)


@pytest.mark.parametrize(
    ("levels", "chosen"),
    [([0, 0], []), ([0, 0, 0], [0, 1, 2]), ([1, 1, 0, 0, 0], [2, 3, 4]), ([1, 1, 1, 0], [0, 1, 2])],
)
def test_neighbours_of_one_level_are_merged(levels: list[int], chosen: list[int]) -> None:
    entries = [entry(i, level) for i, level in enumerate(levels)]
    assert [e.serial for e in choose(entries, Policy(fanout=3), -1)] == chosen


def test_old_segments_are_merged_though_few_and_large_files_never() -> None:
    young = [entry(0, 0, max_ts_ms=5), entry(1, 0, max_ts_ms=50)]
    assert [e.serial for e in choose(young, Policy(fanout=3), 20)] == [0]
    large = [entry(i, 1, rows=60) for i in range(3)]
    assert choose(large, Policy(fanout=3, rows_max=100), 20) == ()
    # Full files do not keep younger ones behind them from being merged.
    mixed = [entry(0, 1, rows=99), *(entry(i, 1) for i in (1, 2, 3))]
    assert [e.serial for e in choose(mixed, Policy(fanout=3, rows_max=100), 20)] == [1, 2, 3]
