"""A freeze: while it holds, learning passes change no models. Why, and by whom, in the log like any word.

It is one value, told anew as a whole: whoever recovers a shard has it from the checkpoint or the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

RELEASED_MAX = 100


@dataclass(frozen=True, slots=True)
class Freeze:
    """``person``: who froze, and why; empty if nobody. ``incidents``: open meta-incidents by id, with their
    titles. ``released``: of those, the ones that a person has unfrozen in spite of."""

    person: str = ""
    incidents: tuple[tuple[str, str], ...] = ()
    released: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why nothing changes now; empty where it may.

        >>> Freeze().reason, Freeze("user:ann: a test").reason
        ('', 'frozen by user:ann: a test')
        >>> Freeze(incidents=(("inc-1", "Source a: fewer"),)).reason
        'frozen while meta-incident inc-1 is open: Source a: fewer'
        >>> Freeze(incidents=(("inc-1", "Source a: fewer"),)).unfrozen().reason
        ''
        """
        if self.person:
            return f"frozen by {self.person}"
        for id, title in self.incidents:
            if id not in self.released:
                return f"frozen while meta-incident {id} is open: {title}"
        return ""

    def frozen(self, who: str, why: str) -> Freeze:
        return replace(self, person=f"{who}: {why}" if why else who)

    def unfrozen(self) -> Freeze:
        """By a person, who knows of the incidents that are open now."""
        known = (*self.released, *(id for id, _ in self.incidents if id not in self.released))
        return replace(self, person="", released=known[-RELEASED_MAX:])

    def seen(self, incidents: Mapping[str, str]) -> Freeze:
        """With these meta-incidents open, by id; what is known of one stays as it was told first."""
        known = dict(self.incidents)
        return replace(
            self,
            incidents=tuple((id, known.get(id, title)) for id, title in sorted(incidents.items())),
            released=tuple(id for id in self.released if id in incidents),
        )

    def to_body(self) -> dict[str, Any]:
        return {
            "person": self.person,
            "incidents": [list(one) for one in self.incidents],
            "released": list(self.released),
        }

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Freeze:
        """
        >>> one = Freeze("user:ann", (("inc-1", "t"),), ("inc-1",))
        >>> Freeze.from_body(one.to_body()) == one
        True
        """
        incidents = tuple((str(id), str(title)) for id, title in body["incidents"])
        return Freeze(body["person"], incidents, tuple(body["released"]))
