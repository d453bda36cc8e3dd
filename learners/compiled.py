"""The three ways in which a function is compiled, with the options that all kernels share.

Numba compiles a function once for each combination of argument types that its callers happen to use: a
literal ``1``, an int32 of an array and an int64 are three. The machine code hardly differs, and such copies
were a fourth of the first start's compilation. So a call from compiled code widens its numbers first:
integers to int64, floats to float64, literals to their type. All kernels release the GIL, are kept in
Numba's cache, and divide by zero as NumPy does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit, types

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compiled by itself, when it is first called; LLVM may inline it where it is small."""
    return _compiled(function)


def inlined(function: F) -> F:
    """Like `kernel`, and LLVM must inline it into its callers: for the hot path."""
    return _compiled(function, forceinline=True)


def spliced(function: F) -> F:
    """Like `kernel`, and Numba writes its lines into its callers: for accessors of a line or two."""
    return _compiled(function, inline="always")


def _compiled(function: F, **options: Any) -> F:
    compiled: Any = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    resolve = compiled.get_call_template

    def resolve_widened(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return resolve(tuple(map(_widened, args)), {name: _widened(kind) for name, kind in kws.items()})

    compiled.get_call_template = resolve_widened
    found: F = compiled
    return found


def _widened(kind: Any) -> Any:
    kind = types.unliteral(kind)  # type: ignore[no-untyped-call]
    if isinstance(kind, types.Integer) and kind not in (types.int64, types.uint64):
        return types.int64
    return types.float64 if kind == types.float32 else kind
