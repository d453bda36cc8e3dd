"""Writes the own series through the intake, at a steady cadence, as anybody's samples are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from monitor.domain.batch import SampleBatch
from monitor.domain.declared import Declared
from monitor.domain.errors import IntakeUnavailable, Refused
from monitor.domain.meta import EVERY_MS, FIGURES
from monitor.meta.figures import Facts, Figure, figures

log = logging.getLogger(__name__)


class Reporting:
    """``facts(at_ms)``: what is known now; ``submit`` keeps samples, live; ``declarations`` and ``declare``
    are the Monitor's. One thread."""

    def __init__(
        self,
        facts: Callable[[int], Facts],
        submit: Callable[[SampleBatch], None],
        declarations: Callable[[], Mapping[str, Mapping[str, Any]]],
        declare: Callable[[str, Mapping[str, Any]], None],
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
        if self._declared:
            return
        known = Declared(self._declarations())
        for figure in FIGURES:
            try:
                if known.holding(figure.metric) is None:
                    self._declare(figure.metric, figure.declared)
            except Refused as error:
                log.warning("%s stays undeclared: %s", figure.metric, error)
            except IntakeUnavailable:
                return
        self._declared = True


def samples(found: Sequence[Figure], at_ms: int) -> SampleBatch:
    """Columns of one moment's figures."""
    prints = [identity.fingerprint() for identity, _, _ in found]
    n = [np.nan if cases is None else cases for _, _, cases in found]
    return SampleBatch(
        np.array(prints, np.uint64),
        np.full(len(found), at_ms, np.int64),
        np.array([value for _, value, _ in found], np.float64),
        np.array(n, np.float64),
        {number: one[0].canonical() for number, one in zip(prints, found, strict=True)},
    )
