"""An assignment: what the learning pass decided for a series at ``final_n`` buckets, put into the arrays.

It takes effect at that bucket exactly: the series is held there until the record is logged, so the log
position of an assignment never changes a score (docs/adr/0003).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.bank import Bank
from learners.base import TAIL_OFFSET, view
from learners.drift.absorbed import Absorbed
from learners.select import Choice
from monitor.shard import state as st

TRUSTED_FROM = 128


@dataclass(frozen=True, slots=True)
class Assignment:
    """``choice`` None keeps everything; without ``models`` only the tail and what the series is are new.
    ``reference``: the record of the level that later passes compare with, None keeps it; ``absorbed``: a
    drift to tell. ``pinned`` is a person's word and asks for no held series: True closes the contest and puts
    back what ``former`` (`monitor.shard.former`) holds, False opens it again. A pass may put back ``former``
    too, which ``bars`` a family until so many final buckets, and says ``why``; ``tried``: it has judged who
    is on probation (`monitor.shard.probation`). What is None or empty may be missing in a body: there was a
    time before it."""

    row: int
    final_n: int
    choice: Choice | None
    models: bool = True
    reference: bytes | None = None
    absorbed: Absorbed | None = None
    pinned: bool | None = None
    former: Mapping[str, Any] | None = None
    tried: bool = False
    bars: tuple[int, int] | None = None
    why: tuple[str, ...] = ()

    def to_body(self) -> dict[str, Any]:
        choice = self.choice.to_body() if self.choice is not None else None
        body: dict[str, Any] = {
            "row": self.row,
            "final_n": self.final_n,
            "choice": choice,
            "models": self.models,
        }
        if self.reference is not None:
            body["reference"] = self.reference
        if self.absorbed is not None:
            body["absorbed"] = self.absorbed.to_body()
        if self.pinned is not None or self.former is not None:
            body |= {"pinned": self.pinned, "former": None if self.former is None else dict(self.former)}
        if self.tried:
            body |= {"tried": True}
        if self.bars is not None:
            body |= {"bars": list(self.bars), "why": list(self.why)}
        return body

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Assignment:
        choice = Choice.from_body(body["choice"]) if body["choice"] is not None else None
        told = body.get("absorbed")
        return Assignment(
            row=body["row"],
            final_n=body["final_n"],
            choice=choice,
            models=body["models"],
            reference=body.get("reference"),
            absorbed=Absorbed.from_body(told) if told is not None else None,
            pinned=body.get("pinned"),
            former=body.get("former"),
            tried=body.get("tried", False),
            bars=tuple(body["bars"]) if "bars" in body else None,
            why=tuple(body.get("why", ())),
        )


def place(bank: Bank, profiles: NDArray[np.void], clocks: NDArray[np.void], assignment: Assignment) -> None:
    """Write the assignment into the row; season tables of the former models are given back."""
    row, choice = assignment.row, assignment.choice
    common = view(bank.common, st.COMMON)
    if assignment.final_n >= TRUSTED_FROM:
        common["flags"][row] |= st.TRUSTED
    if choice is None:
        return
    record = common[row]
    if assignment.models:
        bank.assign(row, choice)
        record["offset"] = choice.offset
        record["unit"] = choice.unit
        record["lowpass"] = 0.0
        record["advantage"] = 0.0
    else:
        record["tail"] = int(choice.tail.family)
        bank.common[row, TAIL_OFFSET:] = np.frombuffer(choice.tail.record, np.uint8)
    record["lowpass_scale"] = choice.lowpass_scale
    profile, clock = profiles[row], clocks[row]
    profile["metric_class"] = choice.class_code
    profile["reach"] = min(round(choice.reach / st.REACH_UNIT), 65_535)
    periods = (*choice.periods, 0, 0)
    profile["period0"], profile["period1"] = periods[0], periods[1]
    clock["gap_max"] = choice.gap_max
    clock["run_max"] = choice.run_max
    clock["n_mean"] = choice.n_mean
