"""Whether a ranking has proven itself, by what it said of later labels before it learned from them.

Its log loss on them is compared with that of the share of true ones (the base rate), which is let know the
share of all labels beforehand. The difference is the log of a likelihood ratio against the best of all
constant rates, so if labels depended on nothing, it would ever reach log(1 / `ERROR`) with a chance of
`ERROR` at most, however often one looks (Ville's inequality; Wasserman, Ramdas and Balakrishnan, "Universal
inference", PNAS 2020). Proven: it has reached that, with `LEAST` labels of each sort, and the newest
`RECENT` labels were foretold better than by the share of true ones before them. So what was right once and
is no more is off again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

LEAST = 20
ERROR = 0.01
NEEDED = math.log(1.0 / ERROR)
RECENT = 50


@dataclass(frozen=True, slots=True)
class Proof:
    """``loss``: summed log loss of the ranking, in nats; ``recent``: by how much it was smaller than that of
    the share of true ones before, for each of the last labels."""

    true: int = 0
    false: int = 0
    loss: float = 0.0
    recent: tuple[float, ...] = ()

    @property
    def base_rate(self) -> float:
        """
        >>> Proof().base_rate, Proof(true=3).base_rate
        (0.5, 0.8)
        """
        return (self.true + 1.0) / (self.true + self.false + 2.0)

    @property
    def labels(self) -> int:
        return self.true + self.false

    @property
    def base_loss(self) -> float:
        """Summed log loss of the share of true ones, known beforehand.

        >>> Proof(true=5).base_loss, round(Proof(true=5, false=5).base_loss, 2)
        (0.0, 6.93)
        """
        return sum(count * math.log(self.labels / count) for count in (self.true, self.false) if count)

    @property
    def evidence(self) -> float:
        """In nats."""
        return self.base_loss - self.loss

    @property
    def proven(self) -> bool:
        return not self.lacks

    @property
    def lacks(self) -> str:
        """What is missing until it is proven, in words; empty if nothing.

        >>> Proof(true=4, false=30).lacks
        'labels: 20 of each sort are needed, and 4 are true, 30 false'
        """
        if min(self.true, self.false) < LEAST:
            return f"labels: {LEAST} of each sort are needed, and {self.true} are true, {self.false} false"
        if self.evidence < NEEDED:
            return (
                f"evidence: later labels must be {1.0 / ERROR:.0f} times as likely by it as by the share of "
                f"true ones alone ({NEEDED:.1f} nats), and it has {self.evidence:.1f}"
            )
        if sum(self.recent) <= 0.0:
            newest = f"the newest {len(self.recent)} labels"
            return f"{newest}: it foretold them no better than the share of true ones"
        return ""

    def with_one(self, foretold: float, true: bool) -> Proof:
        """After a label that was foretold to be true with this probability."""
        base = self.base_rate
        loss = -math.log(foretold if true else 1.0 - foretold)
        gained = -math.log(base if true else 1.0 - base) - loss
        return replace(
            self,
            true=self.true + true,
            false=self.false + (not true),
            loss=self.loss + loss,
            recent=(*self.recent, gained)[-RECENT:],
        )
