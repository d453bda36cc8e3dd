"""Lists in pages: some things in the order of their key, and where to go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
P = TypeVar("P", covariant=True)


class Page(Protocol[P]):
    """Things in the order of their key; ``next`` is the cursor to go on with, or None at the end."""

    @property
    def items(self) -> Sequence[P]: ...

    @property
    def next(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """A page made here."""

    items: Sequence[T]
    next: str | None = None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], str]) -> Rows[T]:
    """A page of up to ``limit`` of ``rows``, which hold one more where there are more.

    >>> page_of([{"id": "a"}, {"id": "b"}], 1, lambda row: row["id"])
    Rows(items=[{'id': 'a'}], next='a')
    """
    kept = list(rows[:limit])
    return Rows(kept, key(kept[-1]) if len(rows) > limit and kept else None)
