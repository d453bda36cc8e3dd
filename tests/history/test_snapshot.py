"""Any array of plain values comes back as it was; nothing else gets in or out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from monitor.history.snapshot import SnapshotError, read_snapshot, write_snapshot

DTYPES = st.one_of(
    npst.scalar_dtypes(), npst.array_dtypes(npst.scalar_dtypes(), min_size=1, allow_subarrays=True)
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_arrays_come_back_as_they_were(tmp_path: Path, data: st.DataObject) -> None:
    dtypes = data.draw(st.lists(DTYPES, max_size=3))
    arrays: dict[str, NDArray[Any]] = {}
    for i, dtype in enumerate(dtypes):
        shape = data.draw(npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
        size = int(np.prod(shape)) * dtype.itemsize
        seed = data.draw(st.integers(0, 1 << 32))
        raw = np.frombuffer(np.random.default_rng(seed).bytes(size), np.uint8)
        arrays[f"a{i}"] = raw.view(dtype).reshape(shape) if size else np.empty(shape, dtype)
    write_snapshot(tmp_path / "s", arrays)
    found = read_snapshot(tmp_path / "s")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
        assert found[name].flags.writeable


def test_packed_aligned_and_strided_records_come_back(tmp_path: Path) -> None:
    fields = [("verdict", "u1"), ("level", "<f8"), ("season", "<f4", (2, 3)), ("inner", [("x", ">i2")])]
    arrays: dict[str, NDArray[Any]] = {
        "packed": np.ones(5, np.dtype(fields)),
        "aligned": np.ones(5, np.dtype(fields, align=True)),
        "strided": np.arange(20)[::3],
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "scalar": np.array(3.5),
        "empty": np.empty((0, 4), "<M8[ms]"),
    }
    write_snapshot(tmp_path / "s", arrays)
    for name, array in read_snapshot(tmp_path / "s").items():
        assert array.dtype == arrays[name].dtype
        np.testing.assert_array_equal(array, arrays[name])


def test_python_objects_are_refused_and_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Python objects"):
        write_snapshot(tmp_path / "s", {"a": np.array([{}], object)})
    assert list(tmp_path.iterdir()) == []


def test_every_damaged_byte_that_matters_is_found(tmp_path: Path) -> None:
    path = tmp_path / "s"
    write_snapshot(path, {"a": np.arange(16), "b": np.arange(8)})
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            arrays = read_snapshot(path)
        except SnapshotError:
            continue
        assert 8 <= at < 64, "only the padding after the first mark is not covered"
        np.testing.assert_array_equal(arrays["a"], np.arange(16))
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(SnapshotError):
            read_snapshot(path)
