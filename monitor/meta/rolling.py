"""Which changes of models a roll-back takes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.domain.switch import Cause


def undoable(entry: Mapping[str, Any], family: str | None = None, *, undone: bool = False) -> bool:
    """Is this newest entry of a series' journal a pass' change that can be taken back, to or from ``family``?
    With ``undone``, is it one that was taken back?

    >>> lives = {"champion": "ema"}
    >>> entry = {"cause": "learning pass", "before": lives, "after": lives, "undoable": True}
    >>> undoable(entry), undoable(entry, "ema"), undoable(entry, "kalman"), undoable(entry, undone=True)
    (True, True, False, False)
    """
    wanted = Cause.UNDO if undone else Cause.LEARNED
    if entry["cause"] != wanted.value or entry["before"] is None or not (undone or entry["undoable"]):
        return False
    return family is None or family in (entry["before"]["champion"], entry["after"]["champion"])
