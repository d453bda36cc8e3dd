"""A family whose learning is broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from learners.base import Family
from learners.baseline import ema
from learners.choice import Choice, Chosen


def stuck(choice: Choice) -> Choice:
    """Their exponential average takes over, and hardly learns any more."""
    if choice.challenger.family is not Family.EMA:
        return choice
    record = np.frombuffer(choice.challenger.record, ema.dtype).copy()
    record["alpha"], record["beta"] = 1e-9, 1e-9
    average = Chosen(Family.EMA, record.tobytes(), choice.challenger.season)
    return replace(choice, champion=average, challenger=choice.champion)
