"""Writes the own series through the intake, at a steady cadence, as anybody's samples are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from monitor.domain.batch import SampleBatch, of_one_time
from monitor.domain.declaring import Declarations, Declare, declare_missing
from monitor.domain.meta import EVERY_MS, FIGURES
from monitor.meta.figures import Facts, Figure, figures


class Reporting:
    """``facts(at_ms)``: what is known now; ``submit`` keeps samples, live; ``declarations`` and ``declare``
    are the Monitor's. One thread."""

    def __init__(
        self,
        facts: Callable[[int], Facts],
        submit: Callable[[SampleBatch], None],
        declarations: Declarations,
        declare: Declare,
        now_ms: Callable[[], int],
    ) -> None:
        self._facts = facts
        self._submit = submit
        self._declarations = declarations
        self._declare = declare
        self._now_ms = now_ms
        self._before: Facts | None = None
        self._told_ms = -1
        self._declared = False

    def report(self) -> None:
        """The values of the interval that is over, once each, however often it is called. Of the interval in
        which the server started nothing is told: it is not whole."""
        at_ms = self._now_ms() // EVERY_MS * EVERY_MS
        if at_ms == self._told_ms:
            return
        now = self._facts(at_ms)
        before, self._before, first = self._before, now, self._told_ms < 0
        self._told_ms = at_ms
        if before is None or first:
            return
        batch = samples(figures(before, now), at_ms)
        if len(batch):
            self._declare_all()
            self._submit(batch)

    def _declare_all(self) -> None:
        """What is said of these metrics where nobody has said anything."""
        if not self._declared:
            wanted = {figure.metric: figure.declared for figure in FIGURES}
            self._declared = declare_missing(self._declarations, self._declare, wanted)


def samples(found: Sequence[Figure], at_ms: int) -> SampleBatch:
    """Columns of one moment's figures."""
    cases = [np.nan if n is None else n for _, _, n in found]
    return of_one_time(at_ms, [(identity, value) for identity, value, _ in found], cases)
