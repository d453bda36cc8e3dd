"""What was wrong with the input: whole bodies (``BadRequest``) and single samples (``Fault``)."""

from __future__ import annotations

from monitor.domain.batch import Reason, Reject
from monitor.domain.errors import BadRequest

__all__ = ["EXAMPLES_MAX", "BadRequest", "Fault", "Tally", "TooManySamples", "cut"]

EXAMPLES_MAX = 100
"""Places named for one reason; the rest is only counted."""

_DETAIL_MAX = 64


class TooManySamples(BadRequest):
    """The body holds more samples than one request may; nothing of it was kept."""


class Fault(Exception):
    """One sample is refused: for which reason, and the offending text."""

    def __init__(self, reason: Reason, detail: object = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = str(detail)


def cut(text: str) -> str:
    """The text as an example may show it: at most 64 characters, lone surrogates replaced.

    >>> len(cut("x" * 100))
    64
    """
    return text[:_DETAIL_MAX].encode("utf-8", "replace").decode()


class Tally:
    """Counts faults by reason and keeps the first hundred places of each."""

    def __init__(self) -> None:
        self._counts: dict[Reason, int] = {}
        self._examples: dict[Reason, list[tuple[int, str]]] = {}

    def add(self, reason: Reason, place: int, detail: str = "") -> None:
        self._counts[reason] = self._counts.get(reason, 0) + 1
        examples = self._examples.setdefault(reason, [])
        if len(examples) < EXAMPLES_MAX:
            examples.append((place, cut(detail)))

    def add_many(self, reason: Reason, examples: list[tuple[int, str]], count: int) -> None:
        """``count`` faults, of which ``examples`` names the first ones."""
        if not count:
            return
        self._counts[reason] = self._counts.get(reason, 0) + count
        known = self._examples.setdefault(reason, [])
        known.extend((place, cut(detail)) for place, detail in examples[: EXAMPLES_MAX - len(known)])

    def wants(self, reason: Reason) -> int:
        """How many more examples of this reason are kept."""
        return EXAMPLES_MAX - len(self._examples.get(reason, ()))

    def rejects(self) -> tuple[Reject, ...]:
        """In the order of the vocabulary; examples by place."""
        return tuple(
            Reject(reason.value, self._counts[reason], tuple(sorted(self._examples.get(reason, ()))))
            for reason in Reason
            if reason in self._counts
        )
