"""Open addressing over an array of keys: which row holds a 64-bit key, in a few memory touches.

A table is int32 row numbers (-1: empty), a power of two long, probed linearly from the key's low
bits; the keys stand in an array by row (0: no key). Removal moves later entries back, so there are no
tombstones, and the table can always be rebuilt from the keys.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from learners.compiled import kernel

LOAD_MAX = 0.6
Table = NDArray[np.int32]
Keys = NDArray[np.uint64]

_AHEAD = 32
_NEAR = 16


@intrinsic
def prefetch(typing_context, array, index):  # type: ignore[no-untyped-def]
    """Ask the processor to fetch ``array[index]`` (one dimension, C-contiguous) for reading."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array_type = signature.args[0]
        struct = context.make_array(array_type)(context, builder, arguments[0])
        pointer = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
            context, builder, array_type, struct, [arguments[1]], wraparound=False
        )
        byte = ir.IntType(8).as_pointer()
        word = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, function_type, "llvm.prefetch.p0"
        )
        read, low_locality, data = (ir.Constant(word, number) for number in (0, 1, 1))
        builder.call(function, [builder.bitcast(pointer, byte), read, low_locality, data])
        return context.get_dummy_value()

    return types.void(array, index), generate


@kernel
def find(table: Table, keys: Keys, key: np.uint64) -> np.int32:
    """The row of ``key``, -1 if it is not there."""
    mask = np.uint64(table.size - 1)
    slot = key & mask
    while True:
        row: np.int32 = table[slot]
        if row < 0 or keys[row] == key:
            return row
        slot = (slot + np.uint64(1)) & mask


@kernel
def find_all(table: Table, keys: Keys, wanted: Keys, rows: Table) -> None:
    """`find` for each of ``wanted``. The slot is fetched 32 keys ahead and the key it leads to 16
    ahead, so two cache misses per key overlap with those of its neighbours."""
    mask = np.uint64(table.size - 1)
    count = wanted.size
    for i in range(count):
        if i + _AHEAD < count:
            prefetch(table, np.int64(wanted[i + _AHEAD] & mask))  # type: ignore[call-arg]
        if i + _NEAR < count:
            near = table[wanted[i + _NEAR] & mask]
            if near >= 0:
                prefetch(keys, np.int64(near))  # type: ignore[call-arg]
        rows[i] = find(table, keys, wanted[i])


@kernel
def place(table: Table, keys: Keys, row: int) -> None:
    """Enter ``row`` under ``keys[row]``, which is not in the table and finds a free slot."""
    mask = np.uint64(table.size - 1)
    slot = keys[row] & mask
    while table[slot] >= 0:
        slot = (slot + np.uint64(1)) & mask
    table[slot] = row


@kernel
def erase(table: Table, keys: Keys, row: int) -> None:
    """Take ``row`` out, which is in the table; ``keys[row]`` still holds its key."""
    mask = np.uint64(table.size - 1)
    one = np.uint64(1)
    hole = keys[row] & mask
    while table[hole] != row:
        hole = (hole + one) & mask
    slot = (hole + one) & mask
    while table[slot] >= 0:
        home = keys[table[slot]] & mask
        # An entry may fill the hole unless its own home lies behind the hole.
        if ((slot - home) & mask) >= ((slot - hole) & mask):
            table[hole] = table[slot]
            hole = slot
        slot = (slot + one) & mask
    table[hole] = -1


@kernel
def fill(table: Table, keys: Keys, height: int) -> None:
    """Make the table anew from the first ``height`` keys."""
    table[:] = -1
    for row in range(height):
        if keys[row] != np.uint64(0):
            place(table, keys, row)


@kernel
def next_free(keys: Keys, start: int, height: int) -> int:
    """The first row from ``start`` on without a key; ``height`` if there is none before it."""
    for row in range(start, height):
        if keys[row] == np.uint64(0):
            return row
    return height


def size_for(count: int) -> int:
    """The smallest power of two that holds ``count`` keys at a load of at most 0.6.

    >>> size_for(0), size_for(614), size_for(615)
    (16, 1024, 2048)
    """
    size = 16
    while count > size * LOAD_MAX:
        size *= 2
    return size
