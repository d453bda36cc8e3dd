"""Records and columns by address, for compiled loops over many arrays.

A Numba array that is passed from function to function costs two atomic operations a call for its reference
count; twenty of them cost more than the work itself (1,800 against 150 ns a sample). A record is a bare
pointer and costs nothing. So the shard's loops get one *directory* record with the addresses of all arrays,
and ask here for the record they want. Whoever owns the directory keeps the arrays alive and in place.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import carray, types  # type: ignore[attr-defined]
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from learners.compiled import spliced


def record_type(dtype: np.dtype[np.void]) -> Any:
    """A compiled function from an address to the record of ``dtype`` that lies there."""
    record = numba.from_dtype(dtype)

    @intrinsic
    def at(typingctx: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(record))

        return record(types.int64), codegen

    return at


def _pointer_type(item: Any) -> Any:
    """A compiled function from an address to a pointer to ``item``, for `numba.carray`."""
    pointer: Any = types.CPointer(item)  # type: ignore[no-untyped-call]

    @intrinsic
    def at(typingctx: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(pointer))

        return pointer(types.int64), codegen

    return at


float32_pointer = _pointer_type(types.float32)
float64_pointer = _pointer_type(types.float64)


@spliced
def whole(number: Any) -> int:
    """A field as a signed 64-bit integer: unsigned fields would turn differences into floats."""
    return np.int64(number)  # type: ignore[return-value]


@spliced
def season(s: Any) -> NDArray[np.float32]:
    """The season pool of a directory with its address and length, as an array."""
    return carray(float32_pointer(s.season), (s.max_season,), np.float32)


def function_type(signature: Any) -> Any:
    """A compiled function that calls the C function of ``signature`` at an address with a tuple of arguments.

    A call by address is where compilation stops. Numba optimises all that a kernel calls once more with the
    kernel, so code at the bottom of five calls is compiled five times.
    """

    @intrinsic
    def call(typingctx: Any, address: Any, args: Any) -> Any:
        def codegen(context: Any, builder: Any, given: Any, values: Any) -> Any:
            kinds = [context.get_value_type(kind) for kind in signature.args]
            function = ir.FunctionType(context.get_value_type(signature.return_type), kinds)
            unpacked = cgutils.unpack_tuple(builder, values[1])  # type: ignore[no-untyped-call]
            cast = [
                context.cast(builder, value, kind, wanted)
                for value, kind, wanted in zip(unpacked, given.args[1], signature.args, strict=True)
            ]
            result = builder.call(builder.inttoptr(values[0], function.as_pointer()), cast)
            return context.get_dummy_value() if signature.return_type == types.void else result

        return signature.return_type(types.int64, args), codegen

    return call


@intrinsic
def address_of(typingctx: Any, record: Any) -> Any:
    """Where a record lies."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], context.get_value_type(types.int64))

    return types.int64(record), codegen


@intrinsic
def prefetch(typingctx: Any, address: Any) -> Any:
    """Ask for the cache line at ``address``, to be written soon; harmless for any address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, kind, "llvm.prefetch.p0"
        )
        builder.call(function, [pointer, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(types.int64), codegen
