"""What people taught about pairs of series by merging, splitting and moving: which belong together."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.acts import Act, Tie


class Ties:
    """Of a pair the last act that holds at a time decides. Asking costs a look-up, and nothing where nobody
    ever merged or split.

    >>> told = Tie((("0a", "a"),), (("0b", "b"),), since_ms=5)
    >>> ties = Ties([told, Tie(told.one, told.other, since_ms=9, apart=True)])
    >>> [(ties.confirmed("0b", at), ties.apart("0a", "0b", at)) for at in (4, 5, 9)]
    [([], False), (['a'], False), ([], True)]
    """

    def __init__(self, told: Iterable[Tie] = ()) -> None:
        """In the order of the log."""
        self._of: dict[str, dict[str, tuple[str, list[tuple[int, bool]]]]] = {}
        for tie in told:
            for one in tie.one:
                for other in tie.other:
                    if one != other:
                        self._add(one, other, tie)
                        self._add(other, one, tie)

    def __bool__(self) -> bool:
        return bool(self._of)

    @staticmethod
    def of(acts: Iterable[Act]) -> Ties:
        return Ties(tie for act in acts for tie in act.ties)

    def confirmed(self, series_id: str, at_ms: int) -> list[str]:
        """Names of the series that belong together with one that begins then, in order."""
        if series_id not in self._of:
            return []
        known = self._of[series_id].values()
        return sorted(name for name, told in known if _last(told, at_ms) is False)

    def apart(self, series_id: str, other: str, at_ms: int) -> bool:
        """Do they have nothing to do with each other?"""
        if series_id not in self._of or other not in self._of[series_id]:
            return False
        return _last(self._of[series_id][other][1], at_ms) is True

    def _add(self, one: tuple[str, str], other: tuple[str, str], tie: Tie) -> None:
        told = self._of.setdefault(one[0], {}).setdefault(other[0], (other[1], []))[1]
        told.append((tie.since_ms, tie.apart))


def _last(told: list[tuple[int, bool]], at_ms: int) -> bool | None:
    return next((apart for since_ms, apart in reversed(told) if since_ms <= at_ms), None)
