"""Lists in pages: some things in the order of their key, and where to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Things in the order of their key; ``next`` is the cursor to go on with, or None at the end."""

    items: Sequence[T]
    next: str | None = None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """A page of up to ``limit`` of ``rows``, which hold one more where there are more.

    >>> page_of([{"id": "a"}, {"id": "b"}], 1, lambda row: row["id"])
    Page(items=[{'id': 'a'}], next='a')
    """
    kept = list(rows[:limit])
    return Page(kept, key(kept[-1]) if len(rows) > limit and kept else None)


def every(page: Callable[[str], Page[T]]) -> Iterator[T]:
    """All things of a list, page by page; ``page`` is asked with a cursor, empty for the first.

    >>> pages = {"": Page([1, 2], "2"), "2": Page([3])}
    >>> list(every(lambda after: pages[after]))
    [1, 2, 3]
    """
    after: str | None = ""
    while after is not None:
        found = page(after)
        yield from found.items
        after = found.next
