"""What a list of series is asked for, and the text of a name that is searched.

`Asked.fits` is the rule; all else here only says which names need not be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from monitor.domain.series import Identity
from monitor.domain.teams import NOBODY, Rule, Teams

_RULES = 16


class Place(IntEnum):
    """Where in a name a piece must stand."""

    ANYWHERE = 0
    METRIC = 1
    """At the start, and up to the end or to the tags."""
    TAG = 2
    """From a brace or comma up to a comma or brace."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that the searched text of every name that fits holds."""

    text: bytes
    place: Place = Place.ANYWHERE


def searched(text: str) -> bytes:
    """As it is searched: without case, in UTF-8.

    >>> searched("Straße{Host=A}")
    b'strasse{host=a}'
    """
    return text.casefold().encode("utf-8", "surrogatepass")


def of_team(teams: Teams, team: str | None) -> list[list[Piece]] | None:
    """By rule of the team, what the names of its series hold: of a value with ``*``, what stands before it.
    None where any name may be that of such a series, or there are more than 16 rules.

    >>> teams = Teams({"payments": [{"team": "pay*", "country": "NL"}]})
    >>> [[piece.text for piece in way] for way in of_team(teams, "payments")]
    [[b'team=pay', b'country=nl']]
    """
    if team is None or team == NOBODY:
        return None
    rules = teams.rules.get(team, ())
    return [_tagged(rule) for rule in rules] if len(rules) <= _RULES else None


def _tagged(rule: Rule) -> list[Piece]:
    found = []
    for key, value in rule.items():
        start, more, _ = value.partition("*")
        found.append(Piece(searched(f"{key}={start}"), Place.ANYWHERE if more else Place.TAG))
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """Series of a metric, with a tag ``key=value``, whose name as it is shown holds every word of ``q``,
    whatever the case. None or empty: all.

    >>> Asked(q="orders nl").fits(Identity.of("orders_paid", {"country": "NL"}))
    True
    >>> [piece.text for piece in Asked(metric="Orders", q="Web eu", tag="host=A").pieces()]
    [b'orders', b'host=a', b'web', b'eu']
    """

    metric: str | None = None
    q: str | None = None
    tag: str | None = None

    def fits(self, identity: Identity) -> bool:
        if self.metric is not None and identity.metric != self.metric:
            return False
        if self.tag is not None:
            key, _, value = self.tag.partition("=")
            if identity.tag(key) != value:
                return False
        words = self._words()
        if not words:
            return True
        name = str(identity).casefold()
        return all(word in name for word in words)

    def pieces(self) -> list[Piece]:
        """What a name must hold to fit; not all that hold it do."""
        found = []
        if self.metric:
            found.append(Piece(searched(self.metric), Place.METRIC))
        if self.tag:
            found.append(Piece(searched(self.tag), Place.TAG))
        return found + [Piece(searched(word)) for word in dict.fromkeys(self._words())]

    def _words(self) -> list[str]:
        return self.q.casefold().split() if self.q else []
