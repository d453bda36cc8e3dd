"""What a series lives by, as plain values: kept when it is replaced, so that undo restores it exactly.

Models with their season tables, the tail, scale and low-pass, class and seasons, and what is known of runs,
gaps and n: all that an assignment overwrites. Some 250 bytes, and 4 a slot of a season table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.bank import Bank
from learners.base import FAMILY_OFFSET, Family, Tail
from learners.choice import Choice, Chosen, ChosenTail, Lived
from learners.classify import CLASSES
from monitor.domain.switch import Cause, Lives, Switch
from monitor.shard.assignment import Assignment

_CLOCK = ("gap_max", "run_max", "n_mean")


def kept(bank: Bank, profile: np.void, clock: np.void, row: int) -> dict[str, Any]:
    """What the series of ``row`` lives by now."""
    lived = bank.lived(row)
    return {
        "champion": lived.champion.to_body(),
        "challenger": lived.challenger.to_body(),
        "tail": lived.tail.to_body(),
        "scale": bank.common[row, :FAMILY_OFFSET].tobytes(),
        "profile": profile.tobytes(),
        "clock": [clock[name].tobytes() for name in _CLOCK],
    }


def restore(
    bank: Bank, profiles: NDArray[np.void], clocks: NDArray[np.void], row: int, body: Mapping[str, Any]
) -> None:
    """Put what `kept` told back into ``row``, to the bit; what it lives by now is overwritten."""
    bank.assign(
        row,
        Lived(
            Chosen.from_body(body["champion"]),
            Chosen.from_body(body["challenger"]),
            ChosenTail.from_body(body["tail"]),
        ),
    )
    bank.common[row, :FAMILY_OFFSET] = np.frombuffer(body["scale"], np.uint8)
    profiles[row] = np.frombuffer(body["profile"], profiles.dtype)[0]
    for name, value in zip(_CLOCK, body["clock"], strict=True):
        clocks[name][row] = np.frombuffer(value, clocks.dtype[name])[0]


@dataclass(frozen=True, slots=True, eq=False)
class Was:
    """What an assignment is about to change: ``kept`` if it replaces models that are there."""

    lives: Lives | None
    kept: dict[str, Any] | None


def was(bank: Bank, common: np.void, profile: np.void, clock: np.void, item: Assignment) -> Was:
    """To be asked before the assignment is applied."""
    replaces = item.former is not None or (item.models and item.choice is not None)
    there = replaces and bool(common["tail"])
    return Was(lives(common, profile), kept(bank, profile, clock, item.row) if there else None)


def switched(
    item: Assignment, before: Was, common: np.void, profile: np.void, clock: np.void, following: int
) -> Switch | None:
    """The journal's entry of an assignment that is applied; ``following``: the first bucket for which it
    counts. None where the series lives by the same, in the same state or a new tail of the same family."""
    after, choice = lives(common, profile), item.choice
    changed = (
        item.pinned is not None
        or item.former is not None
        or (choice is not None and (item.models or before.lives != after))
    )
    if after is None or not changed:
        return None
    cause = {None: Cause.LEARNED, True: Cause.UNDO, False: Cause.CONTEST}[item.pinned]
    if item.pinned is None and item.former is not None:
        cause = Cause.ROLLED_BACK
    return Switch(
        row=item.row,
        at_ms=following * int(clock["cadence"]),
        buckets=int(clock["final_n"]),
        cause=cause,
        before=before.lives,
        after=after,
        reasons=item.why if choice is None else (*choice.reasons, *_contest(choice)),
        losses={} if choice is None else choice.best,
        former=before.kept,
    )


def _contest(choice: Choice) -> tuple[str, ...]:
    """How the contest ended, in a line."""
    ranked = list(choice.best.items())
    if len(ranked) < 2:
        return ()
    (first, least), (second, more) = ranked[:2]
    return (f"{first} has the least loss, {least:.3f} nats a value; {second} is next with {more:.3f}",)


def lives(common: np.void, profile: np.void) -> Lives | None:
    """The same in names; None for a series without a model."""
    if not common["tail"]:
        return None
    return Lives(
        champion=Family(int(common["champion"])).name.lower(),
        challenger=Family(int(common["challenger"])).name.lower(),
        threshold=Tail(int(common["tail"])).name.lower(),
        metric_class=CLASSES[int(profile["metric_class"])],
        periods=tuple(int(p) for p in (profile["period0"], profile["period1"]) if p),
    )
