"""What the ranking doubts is held back: openings only, with the reason, and told when the doubt is gone."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.alerting.ruling import Rules
from monitor.domain.incident import Incident
from monitor.domain.route import Route
from monitor.domain.series import Identity
from tests.alerting.stepping import Server, step

OPS = Route("ops", ("pager",), interval_s=0)


class Doubt:
    """``share``: what is said; None where there is no doubt."""

    def __init__(self) -> None:
        self.share: int | None = 4

    def __call__(self, _incident: Incident, _series: Sequence[Identity]) -> str | None:
        return None if self.share is None else f"held by the ranking: people act on {self.share} %"


def test_an_opening_is_held_in_the_words_of_first_and_told_when_the_doubt_is_gone() -> None:
    doubt = Doubt()
    server = Server(Rules((OPS,), doubted=doubt)).hear(step())
    doubt.share = 5
    server.look(2)
    assert server.dispatches == []
    assert [one.why for one in server.holdings] == ["held by the ranking: people act on 4 %"]
    doubt.share = None
    server.look(4)
    (told,) = server.dispatches
    assert told.kind.value == "opened"
    assert "not told before: held by the ranking" in told.changed[0]


def test_the_end_of_what_was_told_is_told_whatever_is_doubted() -> None:
    doubt = Doubt()
    doubt.share = None
    server = Server(Rules((OPS,), doubted=doubt)).hear(step())
    doubt.share = 4
    server.hear(step("closed", 5, sequence=2))
    assert [kind for _, kind, _ in server.said()] == ["opened", "closed"]
