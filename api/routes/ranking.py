"""What is learned of which incidents people act on, and whether it has proven itself."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from api.routes.common import PREFIX, PROBLEMS, TheMonitor
from api.schemas import Answer
from monitor.likely import Standing

router = APIRouter(prefix=PREFIX, tags=["labels"], responses=PROBLEMS)


class ReliabilityOut(Answer):
    """Of labels foretold with a probability in [low, high): how many, the mean of that, and the share
    true."""

    low: float
    high: float
    labels: int
    said: float
    true: float


class StandingOut(Answer):
    """``of``: what it orders; ``loss`` and ``base_loss``: mean log loss of labels, each before it was learned
    from, and that of the share of true ones alone."""

    of: str
    proven: bool
    lacks: str = Field(description="what is missing until it is proven; empty if nothing")
    true: int
    false: int
    evidence: float = Field(description="nats by which it foretold labels better than the share of true ones")
    loss: float | None
    base_loss: float | None
    reliability: list[ReliabilityOut]


class RankingOut(Answer):
    """``hold_back_below``: notices of incidents with a smaller chance are held back; 0: none are."""

    hold_back_below: float
    rankings: list[StandingOut]


@router.get("/ranking")
def ranking(monitor: TheMonitor) -> RankingOut:
    """How the rankings learned from labels stand: that of the list of incidents, and that of notices."""
    return RankingOut(
        hold_back_below=monitor.settings.ranking.hold_back_below,
        rankings=[_out(one) for one in monitor.ranking.standings()],
    )


def _out(one: Standing) -> StandingOut:
    proof = one.proof
    many = proof.labels
    return StandingOut(
        of="notices" if one.opening else "incidents",
        proven=proof.proven,
        lacks=proof.lacks,
        true=proof.true,
        false=proof.false,
        evidence=proof.evidence,
        loss=proof.loss / many if many else None,
        base_loss=proof.base_loss / many if many else None,
        reliability=[
            ReliabilityOut(low=r.low, high=r.high, labels=r.labels, said=r.said, true=r.true)
            for r in one.reliability
        ],
    )
