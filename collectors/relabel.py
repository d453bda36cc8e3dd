"""Simple rules over the tags of a scraped series: keep, drop, rename, set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collectors.source_fields import Strict, Text

NAME = "__name__"
"""The tag that is the metric's name, as users of Prometheus know it."""


class Rule(Strict):
    """``keep`` and ``drop``: series whose ``tag`` fits ``matches`` as a whole (a regular expression; a tag
    that is not there is empty); ``rename``: ``tag`` is called ``to``; ``set``: it gets ``value``, and is
    gone where that is empty."""

    action: Literal["keep", "drop", "rename", "set"]
    tag: Text
    matches: Annotated[str, Field(max_length=500)] | None = None
    to: str | None = None
    value: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wanted = {"keep": "matches", "drop": "matches", "rename": "to", "set": "value"}[self.action]
        for name in ("matches", "to", "value"):
            if (getattr(self, name) is not None) != (name == wanted):
                raise ValueError(f"{self.action} {'needs' if name == wanted else 'takes no'} {name}")
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"matches: no regular expression: {error}") from None
        if self.to == "":
            raise ValueError("to: a name")
        return self


def relabelled(tags: Mapping[str, str], rules: Sequence[Rule]) -> dict[str, str] | None:
    """The tags after all rules, one after another; None where the series is left out.

    >>> rules = [Rule(action="drop", tag="__name__", matches="go_.*")]
    >>> rules.append(Rule(action="rename", tag="pod", to="host"))
    >>> relabelled({"__name__": "up", "pod": "a"}, rules), relabelled({"__name__": "go_threads"}, rules)
    ({'__name__': 'up', 'host': 'a'}, None)
    """
    changed = dict(tags)
    for rule in rules:
        value = changed.get(rule.tag, "")
        if rule.matches is not None:
            if (re.fullmatch(rule.matches, value) is not None) is not (rule.action == "keep"):
                return None
        elif rule.to is not None:
            if changed.pop(rule.tag, ""):
                changed[rule.to] = value
        elif rule.value:
            changed[rule.tag] = rule.value
        else:
            changed.pop(rule.tag, None)
    return changed
