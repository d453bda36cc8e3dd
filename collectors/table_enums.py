"""Values of enums: the share of each, and how many were written for the first time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from collectors.lately import Lately
from collectors.pulled import Row, SourceFailed
from collectors.table_settings import TableSettings
from collectors.table_variables import Variable

OTHERS = "(others)"
KNOWN_MAX = 10_000
"""Values of one variable that are remembered, some 4 MB; what has more is text."""

Tags = tuple[tuple[str, str], ...]
Values = Mapping[tuple[int, Tags, str], Mapping[str, int]]
"""By bucket, tags and variable: how often each value was written."""


class Enums:
    """What is known of all enums of a table."""

    def __init__(self, settings: TableSettings) -> None:
        self.settings = settings
        self._values: dict[str, Lately[str]] = {}
        self._written: dict[tuple[Tags, str], Lately[str]] = {}
        self._own: dict[str, list[str]] = {}

    def known(self, variable: str, tags: Tags, counts: Mapping[str, int], at_ms: int) -> None:
        """These were written at that time or before; the most frequent of them have series of their own."""
        for value in sorted(counts, key=lambda value: (-counts[value], value)):
            self._wrote(variable, tags, value, at_ms)

    def forget(self, before_ms: int) -> None:
        for known in (*self._values.values(), *self._written.values()):
            known.forget(before_ms)
        for variable, own in self._own.items():
            own[:] = [value for value in own if value in self._values[variable]]

    def told(self, values: Values, variables: Sequence[Variable], buckets: range) -> Iterator[Row]:
        """Of each bucket with values: their shares, 0 for what is known and was not written. Of each
        bucket at all, once a variable has values: how many were new in it."""
        for (at_ms, tags, name), counts in values.items():
            for value in sorted(counts):
                self._wrote(name, tags, value, at_ms)
        for (at_ms, tags, name), counts in values.items():
            yield from self._shares(at_ms, tags, name, counts)
        for variable in variables:
            known = self._values.get(variable.name)
            if known is not None and len(known):
                yield from self._new(variable.name, known, buckets)

    def _wrote(self, variable: str, tags: Tags, value: str, at_ms: int) -> None:
        memory = self.settings.memory
        known = self._values.setdefault(variable, Lately(memory))
        known.wrote(value, at_ms)
        if len(known) > KNOWN_MAX:
            raise SourceFailed(f"{variable}: more than {KNOWN_MAX} values; declare it as text in kinds")
        self._written.setdefault((tags, variable), Lately(memory)).wrote(value, at_ms)
        own = self._own.setdefault(variable, [])
        if len(own) < self.settings.values_max and value not in own:
            own.append(value)

    def _shares(self, at_ms: int, tags: Tags, variable: str, counts: Mapping[str, int]) -> Iterator[Row]:
        written, own = self._written[tags, variable], self._own[variable]
        whole = float(sum(counts.values()))
        shares = {value: 0 for value in own if value in written and written.awaited(value, at_ms)}
        rest = any(value not in own for value in written)
        for value, count in counts.items():
            key = value if value in own else OTHERS
            shares[key] = shares.get(key, 0) + count
        if rest:
            shares.setdefault(OTHERS, 0)
        for value, count in shares.items():
            pairs = (("variable", variable), ("value", value), *tags)
            yield f"{self.settings.prefix}.share", pairs, at_ms, count / whole, whole

    def _new(self, variable: str, known: Lately[str], buckets: range) -> Iterator[Row]:
        """Not of the variable's first bucket, in which all would be."""
        firsts = [known.first_ms(value) for value in known]
        began = min(firsts)
        for at_ms in buckets:
            if at_ms > began:
                count = float(firsts.count(at_ms))
                yield f"{self.settings.prefix}.new_values", (("variable", variable),), at_ms, count, math.nan
