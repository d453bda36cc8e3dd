"""One figure of a benchmark, with its goal where it has one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``; the goal is a least value, or a greatest where ``at_most``.

    >>> Figure("bank", 120.0, "×", goal=100.0).reached, Figure("rows", 300.0, "bytes").reached
    (True, None)
    >>> Figure("start", 7.0, "s", goal=5.0, at_most=True).reached
    False
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "reached": self.reached}


def figure_of(figures: list[Figure], name: str) -> Figure:
    """The figure of that name. Raises KeyError."""
    for figure in figures:
        if figure.name == name:
            return figure
    raise KeyError(name)
