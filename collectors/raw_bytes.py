"""Machine words at byte addresses: the few instructions that Numba has no name for.

Addresses are int64 (``array.ctypes.data``). Nothing here checks bounds; callers keep a padded buffer
(`padded`) or stay inside their span.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from learners.compiled import kernel, spliced

PADDING = 64
"""Zero bytes kept behind a body, so that a scanner may read a whole word at its last byte."""

_WORD = ir.IntType(64)


def padded(body: bytes | memoryview) -> NDArray[np.uint8]:
    """A copy of the body with zero bytes behind it."""
    view = np.frombuffer(body, np.uint8)
    buffer = np.empty(len(view) + PADDING, np.uint8)
    buffer[: len(view)] = view
    buffer[len(view) :] = 0
    return buffer


def _loader(bits: int, result: Any) -> Any:
    def load(typingctx: Any, address: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer = builder.inttoptr(args[0], ir.IntType(bits).as_pointer())
            word = builder.load(pointer)
            word.align = 1
            return word if bits == 64 else builder.zext(word, _WORD)

        return result(types.int64), build

    return intrinsic(load)


byte_at: Any = _loader(8, types.int64)
"""The byte at an address, as int64."""
load32: Any = _loader(32, types.uint64)
"""Four bytes, little-endian."""
load64: Any = _loader(64, types.uint64)
"""Eight bytes, little-endian."""


def _mul_high(typingctx: Any, a: Any, b: Any) -> Any:

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), _WORD)

    return types.uint64(types.uint64, types.uint64), build


mul_high: Any = intrinsic(_mul_high)
"""High 64 bits of the 128-bit product."""


def _leading_zeros(typingctx: Any, word: Any) -> Any:

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), build


leading_zeros: Any = intrinsic(_leading_zeros)
"""Zero bits above the highest one bit; the word is not 0."""


def _trailing_zeros(typingctx: Any, word: Any) -> Any:

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), build


trailing_zeros: Any = intrinsic(_trailing_zeros)
"""Zero bits below the lowest one bit; the word is not 0."""


def _float_of_bits(typingctx: Any, word: Any) -> Any:

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), build


float_of_bits: Any = intrinsic(_float_of_bits)
"""The float64 with these bits."""


_MIX = np.uint64(0x9E3779B97F4A7C15)
_LANE = np.uint64(0xD6E8FEB86659FD93)


@spliced
def fold(a: Any, b: Any) -> Any:
    """Both halves of a 128-bit product in one word."""
    return (a * b) ^ mul_high(a, b)


@kernel
def hash_bytes(address: int, length: int, key: Any) -> Any:
    """Keyed 64-bit hash of a span, some 2 ns + 1 ns per 16 bytes; reads nothing outside the span.

    The folded-multiply construction of wyhash (Wang Yi, 2019), keyed by ``key``; for tables only:
    it is neither stable over processes nor cryptographic.
    """
    lane = key ^ _LANE
    a = np.uint64(0)
    b = np.uint64(0)
    if length > 16:
        at = address
        last = address + length - 16
        while at < last:
            key = fold(load64(at) ^ lane, load64(at + 8) ^ key)
            at += 16
        a = load64(last)
        b = load64(last + 8)
    elif length >= 8:
        a = load64(address)
        b = load64(address + length - 8)
    elif length >= 4:
        a = load32(address)
        b = load32(address + length - 4)
    elif length > 0:
        a = np.uint64(byte_at(address)) | (np.uint64(byte_at(address + (length >> 1))) << np.uint64(8))
        b = np.uint64(byte_at(address + length - 1))
    return fold(_MIX ^ np.uint64(length) ^ key, fold(a ^ lane, b ^ key))
