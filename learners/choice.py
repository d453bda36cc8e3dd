"""What the learning pass decides for one series: class, scale, models and their warm state, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import MODEL_BYTES, Family, Tail
from learners.classify import CLASSES

SHOWN = 5
"""Candidates whose losses are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A baseline: family, its record (32 bytes, table at 0) and its season table (float32[slots])."""

    family: Family
    record: bytes
    season: NDArray[np.float32]

    def to_body(self) -> dict[str, Any]:
        season = self.season.astype("<f4").tobytes()
        return {"family": int(self.family), "record": self.record, "season": season}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Chosen:
        season = np.frombuffer(body["season"], "<f4").astype(np.float32)
        return Chosen(Family(body["family"]), bytes(body["record"]), season)


@dataclass(frozen=True, slots=True)
class ChosenTail:
    """A tail family and its record (bytes 32-63 of the common row)."""

    family: Tail
    record: bytes

    def to_body(self) -> dict[str, Any]:
        return {"family": int(self.family), "record": self.record}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> ChosenTail:
        return ChosenTail(Tail(body["family"]), bytes(body["record"]))


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """Both models and the tail of a series, with their states of one moment."""

    champion: Chosen
    challenger: Chosen
    tail: ChosenTail


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """``periods`` in buckets; ``reach`` in units (`learners.horizon`); a value is ``offset + unit * y``;
    ``gap_max`` and ``run_max`` in buckets, at most 65,535; ``n_mean`` NaN where no sample has an n;
    ``losses``: candidate -> mean prequential loss in nats.
    """

    metric_class: str
    reasons: tuple[str, ...]
    periods: tuple[int, ...]
    offset: float
    unit: float
    champion: Chosen
    challenger: Chosen
    tail: ChosenTail
    lowpass_scale: float
    reach: float
    gap_max: int
    run_max: int
    n_mean: float
    losses: dict[str, float] = field(default_factory=dict)

    @property
    def class_code(self) -> int:
        """Place of the class in `classify.CLASSES`."""
        return CLASSES.index(self.metric_class)

    @property
    def best(self) -> dict[str, float]:
        """The losses of the few that lost least, the least first."""
        return dict(sorted(self.losses.items(), key=lambda one: one[1])[:SHOWN])

    def to_body(self) -> dict[str, Any]:
        """Plain values and bytes, for the log; `from_body` is its exact inverse."""
        return {
            "metric_class": self.metric_class,
            "reasons": list(self.reasons),
            "periods": list(self.periods),
            "offset": self.offset,
            "unit": self.unit,
            "champion": self.champion.to_body(),
            "challenger": self.challenger.to_body(),
            "tail": self.tail.to_body(),
            "lowpass_scale": self.lowpass_scale,
            "reach": self.reach,
            "gap_max": self.gap_max,
            "run_max": self.run_max,
            "n_mean": None if np.isnan(self.n_mean) else self.n_mean,
            "losses": dict(self.losses),
        }

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Choice:
        """Raises ValueError or KeyError on a body that `to_body` did not make."""
        choice = Choice(
            metric_class=str(body["metric_class"]),
            reasons=tuple(body["reasons"]),
            periods=tuple(body["periods"]),
            offset=float(body["offset"]),
            unit=float(body["unit"]),
            champion=Chosen.from_body(body["champion"]),
            challenger=Chosen.from_body(body["challenger"]),
            tail=ChosenTail.from_body(body["tail"]),
            lowpass_scale=float(body["lowpass_scale"]),
            reach=float(body["reach"]),
            gap_max=int(body["gap_max"]),
            run_max=int(body["run_max"]),
            n_mean=float("nan") if body["n_mean"] is None else float(body["n_mean"]),
            losses=dict(body["losses"]),
        )
        for record in (choice.champion.record, choice.challenger.record, choice.tail.record):
            if len(record) != MODEL_BYTES:
                raise ValueError(f"a record has {MODEL_BYTES} bytes, not {len(record)}")
        return choice
