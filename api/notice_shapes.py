"""Shapes of what was sent, what was not, and what would have been."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schemas import Answer, rfc3339
from monitor.alerting.preview import Preview
from monitor.alerts import Correspondence
from monitor.domain.alert import Dispatch, Holding, Kept

SHOWN_MAX = 1_000


class NoticeOut(Answer):
    at: str
    at_ms: int = Field(description="of the decision; in a preview of what was backfilled, event time")
    receiver: str
    route: str
    kind: str
    incident_id: str | None = Field(description="null for a digest")
    title: str
    changed: list[str]


class SentOut(NoticeOut):
    key: str
    sequence: int
    state: str
    attempts: int
    due_ms: int
    done_ms: int | None
    answer: str = Field(description="what became of the newest try")


class WithheldOut(Answer):
    at: str
    at_ms: int
    incident_id: str
    route: str
    why: str
    by: str | None = Field(description="the incident that stood in the way")


class CorrespondenceOut(Answer):
    """``withheld``: why this incident was not told, and which others it silenced."""

    notices: list[SentOut]
    withheld: list[WithheldOut]


class PreviewOut(Answer):
    """Counts of all between ``since_ms`` and ``until_ms``: the days that were asked for, up to where samples
    reach; or, where nothing would have been told in those, the last before in which something would.
    ``notices`` and ``withheld`` are the newest thousand."""

    since_ms: int
    until_ms: int
    count: int
    by_receiver: dict[str, int]
    notices: list[NoticeOut]
    withheld: list[WithheldOut]


def correspondence(told: Correspondence) -> CorrespondenceOut:
    return CorrespondenceOut(
        notices=[_sent(one) for one in told.notices], withheld=[withheld(one) for one in told.holdings]
    )


def preview(found: Preview) -> PreviewOut:
    counts: dict[str, int] = {}
    for one in found.dispatches:
        counts[one.receiver] = counts.get(one.receiver, 0) + 1
    return PreviewOut(
        since_ms=found.since_ms,
        until_ms=found.until_ms,
        count=len(found.dispatches),
        by_receiver=dict(sorted(counts.items())),
        notices=[NoticeOut(**_notice(one)) for one in found.dispatches[-SHOWN_MAX:]],
        withheld=[withheld(one) for one in found.holdings[-SHOWN_MAX:]],
    )


def _notice(told: Dispatch) -> dict[str, Any]:
    digest = len(told.incidents) != 1 or bool(told.key.startswith("digest-"))
    return {
        "at": rfc3339(told.at_ms),
        "at_ms": told.at_ms,
        "receiver": told.receiver,
        "route": told.route,
        "kind": told.kind.value,
        "incident_id": None if digest else told.incidents[0].id,
        "title": told.title or told.incidents[0].title,
        "changed": list(told.changed),
    }


def _sent(kept: Kept) -> SentOut:
    return SentOut(
        **_notice(kept.dispatch),
        key=kept.dispatch.key,
        sequence=kept.id,
        state=kept.state.value,
        attempts=kept.attempts,
        due_ms=kept.dispatch.due_ms,
        done_ms=kept.done_ms,
        answer=kept.answer,
    )


def withheld(one: Holding) -> WithheldOut:
    """A decision not to tell."""
    at = rfc3339(one.at_ms)
    return WithheldOut(
        at=at, at_ms=one.at_ms, incident_id=one.incident_id, route=one.route, why=one.why, by=one.by or None
    )
