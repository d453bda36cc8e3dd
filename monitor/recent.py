"""What this process told the log a moment ago, until the store has it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Generic, Protocol, TypeVar

from monitor.domain.acts import name_of

KEPT = 1_000


class Undoable(Protocol):
    @property
    def undone_by(self) -> str | None: ...


U = TypeVar("U", bound=Undoable)


class Recent(Generic[U]):
    """Acts, or labels, by id: the store's, or else the one told last. Thread-safe."""

    def __init__(self, stored: Callable[[str], U | None]) -> None:
        self._stored = stored
        self._told: OrderedDict[str, U] = OrderedDict()
        self._lock = Lock()

    def get(self, id: str) -> U | None:
        """An undo counts wherever it is known of first."""
        found = self._stored(id)
        with self._lock:
            told = self._told.get(id)
        return told if found is None or (told is not None and found.undone_by is None) else found

    def put(self, id: str, told: U) -> None:
        with self._lock:
            self._told[id] = told
            self._told.move_to_end(id)
            while len(self._told) > KEPT:
                self._told.popitem(last=False)

    def as_known(self, id: str, stored: U) -> U:
        """Of what is stored, what is known now; the store is not asked again."""
        with self._lock:
            told = self._told.get(id)
        return told if told is not None and stored.undone_by is None else stored

    def beside(self, stored: Iterable[tuple[str, U]], fits: Callable[[U], bool]) -> list[U]:
        """What is stored, as it is known now, and then what was told since and fits."""
        listed = dict(stored)
        with self._lock:
            told = {id: one for id, one in self._told.items() if id not in listed and fits(one)}
        return [self.get(id) or one for id, one in listed.items()] + list(told.values())

    def name(self, *content: object) -> tuple[str, U | None]:
        """The id for what is to be said, and what holds under it already. What was undone may be said again,
        under another id."""
        times = 0
        while True:
            id = name_of(*content, times)
            known = self.get(id)
            if known is None or known.undone_by is None:
                return id, known
            times += 1
