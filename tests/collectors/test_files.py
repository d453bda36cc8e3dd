from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import BadRequest
from collectors.files import FileSamples, chunks, merged_in_time, read_file
from monitor.domain.batch import Reject, SampleBatch
from monitor.domain.series import Identity

HEAD = "timestamp,metric,value\n"


def read(tmp_path: Path, text: str | bytes, **kwargs: Any) -> FileSamples:
    path = tmp_path / "in.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(path, **kwargs)


def by_reason(rejects: tuple[Reject, ...]) -> dict[str, list[int]]:
    return {r.reason: [line for line, _ in r.examples] for r in rejects}


def names(samples: FileSamples) -> list[str]:
    return [
        str(Identity.from_canonical(samples.batch.identities[p])) for p in samples.batch.fingerprint.tolist()
    ]


def test_every_class_of_bad_row_is_told_by_count_and_line(tmp_path: Path) -> None:
    long = "x" * 131_073
    samples = read(
        tmp_path,
        HEAD
        + "60,m,1\n"  # 2
        + "120,m,abc\n"
        + "180,m,\n"
        + "240,m,NaN\n"
        + "300,m,-inf\n"
        + "soon,m,1\n"  # 7
        + "360,m\n"
        + "420,m,1,2\n"
        + "\n"
        + "timestamp,metric,value\n"  # 11
        + "480,m,1_000\n"
        + "540,m, inf \n"
        + "600,m,١٢\n"
        + '660,m,"1,5"\n'
        + "720,m,\x00\n"  # 16
        + f"780,m,{long}\n"
        + "840,,1\n"
        + "60,m,1\n"  # 19
        + "60,m,2\n"
        + "30,m,3\n"
        + "900,m,=1+1\n"
        + "960,m,4",
    )
    assert by_reason(samples.rejects) == {
        "bad_value": [3, 12, 13, 14, 15, 22],
        "missing_value": [4],
        "not_finite": [5, 6],
        "bad_timestamp": [7],
        "bad_line": [8, 9, 16, 17],
        "repeated_header": [11],
        "bad_name": [18],
    }
    assert by_reason(samples.notes) == {"duplicate": [19], "conflict": [20], "unordered": [21]}
    assert samples.line.tolist() == [2, 19, 20, 21, 23]
    assert samples.batch.value.tolist() == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert samples.batch.ts_ms.tolist() == [60_000, 60_000, 60_000, 30_000, 960_000]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_line_ends_marks_and_delimiters(tmp_path: Path, end: str, bom: str, mark: str) -> None:
    rows = [
        ["time", "metric", "value", "host"],
        ["1", "m", "2.5", '"a ""b"" ; , \r\n c"'],
        ["2", "m", "3", ""],
        ["3", "m", "4", "z"],
    ]
    text = bom + end.join(mark.join(row) for row in rows) + end
    samples = read(tmp_path, text)
    assert not [r for r in samples.rejects if r.reason != "bad_name"]
    # The line feed inside the quotes makes a bad name, and the lines behind it keep their numbers.
    assert by_reason(samples.rejects) == {"bad_name": [2]}
    assert samples.line.tolist() == [4, 5]
    assert names(samples) == ["m", "m{host=z}"]


def test_bytes_that_are_no_utf8_cost_their_line_only(tmp_path: Path) -> None:
    samples = read(tmp_path, HEAD.encode() + b"1,m,2\n2,\xff,3\n3,k\xc3\xa4se,4\n")
    assert by_reason(samples.rejects) == {"bad_line": [3]}
    assert names(samples) == ["m", "käse"]


def test_a_stray_quote_costs_its_line_only(tmp_path: Path) -> None:
    samples = read(tmp_path, HEAD + '1,m,1\n2,"m,2\n3,m,3\n')
    assert by_reason(samples.rejects) == {"bad_line": [3]}
    assert samples.batch.value.tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"\n\r\n", "empty"),
        (HEAD.encode("utf-16"), "UTF-16"),
        (HEAD.encode("utf-16-le"), "UTF-16"),
        (b"time\n1\n", "one column"),
        (b"time,\xff\n1,2\n", "header"),
        (b"time,a\x00\n1,2\n", "header"),
        (b"time,a,a\n1,2,3\n", "repeated"),
        (b"time,,a\n1,2,3\n", "empty"),
        (b"time,host\n1,a\n2,b\n", "no metric"),
        (b"PAR1 and then nothing", "Parquet"),
    ],
)
def test_an_unreadable_file_is_refused_in_clear_words(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words) as refused:
        read(tmp_path, body)
    assert "in.csv" in str(refused.value)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no such file"):
        read_file(tmp_path / "none.csv")
    with pytest.raises(BadRequest):
        read_file(tmp_path)


def test_wide_files_give_one_metric_a_column_and_text_columns_as_tags(tmp_path: Path) -> None:
    text = "host,ts,cpu,mem,label,n,weight\na,1,2,3,0,10,9\nb,2,x,5,1,,9\n,3,,7,,5,9\n"
    samples = read(tmp_path, text)
    assert names(samples) == ["cpu{host=a}", "mem{host=a}", "mem{host=b}", "mem"]
    assert samples.batch.value.tolist() == [2.0, 3.0, 5.0, 7.0]
    assert samples.line.tolist() == [2, 2, 3, 4]
    assert samples.label is not None
    assert samples.label.tolist() == [0, 0, 1, -1]
    assert samples.batch.n is not None
    np.testing.assert_array_equal(samples.batch.n, [10, 10, np.nan, 5])
    assert by_reason(samples.rejects) == {"bad_value": [3], "missing_value": [4]}


def test_tags_may_be_named(tmp_path: Path) -> None:
    text = "time,metric,value,host,zone,rack\n1,m,2,a,eu,7\n"
    assert names(read(tmp_path, text)) == ["m{host=a,zone=eu}"]
    assert names(read(tmp_path, text, tags=["rack"])) == ["m{rack=7}"]
    assert names(read(tmp_path, text, tags=[])) == ["m"]
    with pytest.raises(BadRequest, match="no column 'pod'"):
        read(tmp_path, text, tags=["pod"])
    with pytest.raises(BadRequest, match="cannot be tags"):
        read(tmp_path, text, tags=["metric"])


@pytest.mark.parametrize(
    ("cell", "ts_ms"),
    [
        ("1360368000", 1_360_368_000_000),
        ("1360368000.5", 1_360_368_000_500),
        ("1360368000500", 1_360_368_000_500),
        ("99999999999", 99_999_999_999_000 if 99_999_999_999_000 <= 41_024_448_000_000 else None),
        ("100000000000", 100_000_000_000),
        ("2013-02-09T00:00:00Z", 1_360_368_000_000),
        ("2013-02-09 00:00:00.500+00:00", 1_360_368_000_500),
        ("2013-02-08T19:00:00-0500", 1_360_368_000_000),
        ("2013-02-09", 1_360_368_000_000),
        ("2013-02-09 00:00", 1_360_368_000_000),
        ("2013-02-09T00:00:00.25", 1_360_368_000_250),
        ("20130209T000000Z", 1_360_368_000_000),
        ("-5", None),
        ("1e9", None),
        ("09/02/2013", None),
        ("2013-02-30", None),
        (" 5", None),
        ("", None),
    ],
)
def test_times(tmp_path: Path, cell: str, ts_ms: int | None) -> None:
    samples = read(tmp_path, HEAD + f"{cell},m,1\n")
    assert samples.batch.ts_ms.tolist() == ([] if ts_ms is None else [ts_ms])
    assert by_reason(samples.rejects) == ({"bad_timestamp": [2]} if ts_ms is None else {})


def test_naive_times_are_read_in_the_zone_given(tmp_path: Path) -> None:
    new_york = ZoneInfo("America/New_York")
    text = (
        HEAD
        + "2013-02-08 19:00,m,1\n2013-07-08 20:00,m,1\n2013-02-09T00:00:00Z,m,1\n"
        + "1360368000,m,1\n2013-11-03 01:30,m,1\n"
    )
    samples = read(tmp_path, text, tz=new_york)
    assert samples.batch.ts_ms.tolist() == [
        1_360_368_000_000,
        1_373_328_000_000,
        1_360_368_000_000,
        1_360_368_000_000,
        1_383_456_600_000,
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1.0),
        ("-0.5", -0.5),
        ("+5", 5.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("007", 7.0),
        ("1E3", 1000.0),
        ("0x1", None),
        ("1e999", None),
        ("1" * 60, float("1" * 60)),
        ("1" * 81, None),
        ("1 ", None),
        ("1,5", None),
        ("--1", None),
    ],
)
def test_values(tmp_path: Path, cell: str, value: float | None) -> None:
    samples = read(tmp_path, HEAD + f'1,m,"{cell}"\n2,m,1\n')
    assert samples.batch.value.tolist() == ([] if value is None else [value]) + [1.0]


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 10**9), st.sampled_from("ab"), st.floats(allow_nan=False, allow_infinity=False)
        ),
        min_size=1,
    )
)
def test_csv_and_parquet_agree_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, float]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    seconds, metric, value = (list(column) for column in zip(*rows, strict=True))
    (folder / "x.csv").write_text(HEAD + "".join(f"{t},{m},{v!r}\n" for t, m, v in rows))
    table = pa.table(
        {"timestamp": pa.array(seconds, pa.timestamp("s", tz="UTC")), "metric": metric, "value": value}
    )
    pq.write_table(table, folder / "x.parquet")
    a, b = read_file(folder / "x.csv"), read_file(folder / "x.parquet")
    assert a.batch.value.tobytes() == b.batch.value.tobytes() == np.array(value).tobytes()
    assert a.batch.ts_ms.tolist() == b.batch.ts_ms.tolist()
    assert a.batch.fingerprint.tolist() == b.batch.fingerprint.tolist()
    assert {(r.reason, r.count) for r in a.notes} == {(r.reason, r.count) for r in b.notes}
    assert (b.line + 1 == a.line).all()


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200).map(lambda tail: HEAD.encode() + b"1,m,2\n" + tail))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.mktemp("files") / "x.csv"
    path.write_bytes(body)
    try:
        samples = read_file(path)
    except BadRequest:
        return
    assert np.isfinite(samples.batch.value).all()


PIECES = st.sampled_from(
    ["1", "m", ",", '"', '""', "\n", "\r\n", "\r", "2.5", "é", " ", ",,", "\n\n", "1,m,2\n"]
)


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, max_size=25))
def test_odd_csv_never_loses_the_rows_around_it(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    path = tmp_path_factory.mktemp("files") / "x.csv"
    path.write_bytes((HEAD + "7,first,1\n" + "".join(pieces) + "\n9,last,1\n").encode())
    samples = read_file(path)
    assert samples.line[0] == 2
    assert names(samples)[0] == "first"


def test_a_typed_file_says_itself_what_is_text(tmp_path: Path) -> None:
    table = pa.table(
        {
            "when": pa.array([1_000, None, 3_000], pa.timestamp("ms")),
            "code": pa.array(["1", "2", "1"]).dictionary_encode(),
            "cpu": pa.array([1.0, 2.0, np.nan]),
            "up": pa.array([True, False, None]),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    samples = read_file(tmp_path / "x.parquet")
    assert names(samples) == ["cpu{code=1}", "up{code=1}"]
    assert by_reason(samples.rejects) == {"bad_timestamp": [2], "missing_value": [3], "not_finite": [3]}


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 3),
            st.integers(0, 3),
            st.sampled_from([0.0, -0.0, 1.0]),
            st.sampled_from([np.nan, 1.0, 2.0]),
        ),
        max_size=12,
    ),
    seed=st.integers(0, 99),
)
def test_the_order_of_rows_never_changes_the_stream(
    rows: list[tuple[int, int, float, float]], seed: int
) -> None:
    def streamed(order: list[int]) -> list[tuple[str, ...]]:
        picked = [rows[i] for i in order]
        batch = SampleBatch(
            np.array([r[0] for r in picked], np.uint64),
            np.array([r[1] for r in picked], np.int64),
            np.array([r[2] for r in picked], np.float64),
            np.array([r[3] for r in picked], np.float64),
            {1: b"a", 2: b"b", 3: b"c"},
        )
        out = []
        for chunk in chunks(batch, merged_in_time(batch), 4):
            assert chunk.n is not None
            assert set(chunk.identities) == set(chunk.fingerprint.tolist())
            out += list(
                zip(
                    *(map(repr, c.tolist()) for c in (chunk.fingerprint, chunk.ts_ms, chunk.value, chunk.n)),
                    strict=True,
                )
            )
        return out

    order = list(range(len(rows)))
    shuffled = np.random.default_rng(seed).permutation(len(rows)).tolist()
    assert streamed(order) == streamed(shuffled)
    times = [int(row[1]) for row in streamed(order)]
    assert times == sorted(times)
