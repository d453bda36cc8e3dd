"""A source's own series: is it up, and how far back is the newest that was read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitor.domain.batch import Mode, SampleBatch, of_one_time
from monitor.domain.declaring import declare_missing
from monitor.domain.series import Identity
from monitor.domain.source import (
    DECLARATIONS,
    METRIC_LAG,
    METRIC_STALENESS,
    METRIC_UP,
    REPORT_MS,
    TAG,
    SourceState,
    SourceStatus,
)
from monitor.polling import Submit


class SourceHealth:
    """Tells the intake where sources stand, once a minute; ``declarations`` and ``declare`` are the
    Monitor's."""

    def __init__(
        self,
        statuses: Callable[[], Sequence[SourceStatus]],
        submit: Submit,
        declarations: Callable[[], Mapping[str, Mapping[str, Any]]],
        declare: Callable[[str, Mapping[str, Any]], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._statuses = statuses
        self._submit = submit
        self._declarations = declarations
        self._declare = declare
        self._now_ms = now_ms
        self._declared = False
        self._told_ms = -1
        self._told: set[int] = set()

    def report(self) -> None:
        """One value of each series for the minute that is over; once a minute, however often it is called.
        Of a source that was first tried since the last call, it is told in the same minute."""
        ts_ms = self._now_ms() // REPORT_MS * REPORT_MS
        told = self._told if ts_ms == self._told_ms else set()
        batch = without(samples(self._statuses(), ts_ms), told)
        if not len(batch):
            return
        self._declare_all()
        self._submit(batch, Mode.LIVE, b"").result(REPORT_MS / 1_000)
        self._told_ms, self._told = ts_ms, told | set(batch.identities)

    def _declare_all(self) -> None:
        """What is said of these metrics where nobody has said anything."""
        if self._declared:
            return
        self._declared = declare_missing(self._declarations, self._declare, DECLARATIONS)


def samples(statuses: Sequence[SourceStatus], ts_ms: int) -> SampleBatch:
    """Of sources that were tried, and of their parts: 1 for up, 0 for down; the seconds up to ``ts_ms`` that
    were not read, and those since the newest sample."""
    rows: list[tuple[Identity, float]] = []
    for one in statuses:
        if one.state is not SourceState.STARTING:
            rows.append((Identity.of(METRIC_UP, {TAG: one.name}), float(one.state is SourceState.UP)))
        for part in one.parts:
            up = one.state is SourceState.UP and not part.error
            rows.append((Identity.of(METRIC_UP, {TAG: one.name, one.part_tag: part.name}), float(up)))
        if one.read_until_ms is not None:
            lag_s = max(ts_ms - one.read_until_ms, 0) / 1_000
            rows.append((Identity.of(METRIC_LAG, {TAG: one.name}), lag_s))
        if one.newest_ms is not None:
            staleness_s = max(ts_ms - one.newest_ms, 0) / 1_000
            rows.append((Identity.of(METRIC_STALENESS, {TAG: one.name}), staleness_s))
    return of_one_time(ts_ms, rows)


def without(batch: SampleBatch, told: set[int]) -> SampleBatch:
    """Of one time, what is not of these series."""
    rows = [row for row, number in enumerate(batch.fingerprint.tolist()) if number not in told]
    return SampleBatch(
        batch.fingerprint[rows],
        batch.ts_ms[rows],
        batch.value[rows],
        None,
        {number: text for number, text in batch.identities.items() if number not in told},
    )
