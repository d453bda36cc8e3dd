"""Targets that show their metrics as text, read all at once; what they do not show is missing, never zero."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from collectors.base import TS_MS_MAX, Decoded
from collectors.errors import BadRequest, Fault, Tally
from collectors.exposition import OPENMETRICS, exposition, only_rises, series_of
from collectors.http_reading import HttpReading
from collectors.names import canonical
from collectors.pulled import ReadSecret, SourceFailed, joined
from collectors.relabel import NAME, relabelled
from collectors.scrape_settings import ScrapeSettings
from collectors.targets import Resolve, instances, resolved
from monitor.domain.batch import Reason, SampleBatch
from monitor.domain.series import fingerprint

WORKERS = 16
_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
_OWN = ("job", "instance")


@dataclass(frozen=True, slots=True)
class Series:
    """``name``: as the target has it, of which ``metric`` was made."""

    fingerprint: int
    identity: bytes
    metric: str
    name: str


Known = Series | Reason | None
"""Of a series as it is written; or why it is refused; None: a rule leaves it out."""


@dataclass(slots=True)
class Target:
    """What is remembered of one target: its series as it writes them, those of the newest reading only."""

    instance: str
    known: dict[str, Known] = field(default_factory=dict)
    counters: frozenset[str] = frozenset()
    error: str = ""


class ScrapeSource:
    """All targets of one job. A target that fails fails alone; the source fails where all do."""

    remembers = False
    step_ms = 1_000

    def __init__(
        self, settings: ScrapeSettings, read_secret: ReadSecret, resolve: Resolve = resolved
    ) -> None:
        self.settings = settings
        self._resolve = resolve
        self._http = HttpReading(settings, settings.timeout, read_secret)
        self._targets: dict[str, Target] = {}

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        """Samples of now, that is ``until_ms``, unless their line says when."""
        there = instances(self.settings.targets, self.settings.dns, self._resolve)
        self._targets = {one: self._targets.get(one, Target(one)) for one in there}
        targets = list(self._targets.values())
        with ThreadPoolExecutor(min(WORKERS, len(targets)), "scrape") as pool:
            read = list(pool.map(lambda one: self._one(one, until_ms), targets))
        if all(one.error for one in targets):
            raise SourceFailed("; ".join(f"{one.instance}: {one.error}" for one in targets[:5]))
        return joined([one for one in read if one is not None])

    def parts(self) -> Mapping[str, str]:
        """Each target of the newest reading, and why it failed, empty where it did not."""
        return {name: target.error for name, target in self._targets.items()}

    def counters(self) -> frozenset[str]:
        """Metrics that targets declare to only rise."""
        return frozenset().union(*(target.counters for target in self._targets.values()))

    def close(self) -> None:
        self._http.close()

    def _one(self, target: Target, now_ms: int) -> Decoded | None:
        try:
            found = self._read(target, now_ms)
        except (SourceFailed, BadRequest) as error:
            target.error = str(error)[:300]
            return None
        target.error = ""
        return found

    def _read(self, target: Target, now_ms: int) -> Decoded:
        url = f"{self.settings.scheme}://{target.instance}{self.settings.path}"
        status, kind, body = self._http.get(url, {"accept": _ACCEPT})
        if status != 200:
            raise SourceFailed(f"it answers {status}")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise SourceFailed("the answer is not UTF-8") from None
        openmetrics = kind.startswith(OPENMETRICS)
        shown = exposition(text, openmetrics=openmetrics, samples_max=self.settings.samples_max)
        tally, aside = Tally(), 0
        prints, values, times = list[int](), list[float](), list[int]()
        identities, known = dict[int, bytes](), dict[str, Known]()
        for place, (written, value, ts_ms) in enumerate(
            zip(shown.series, shown.values, shown.times_ms, strict=True)
        ):
            if written in target.known:
                one = known[written] = target.known[written]
            else:
                one = known[written] = self._known(target, written)
            if one is None:
                continue
            if isinstance(one, Reason):
                tally.add(one, place, written)
            elif math.isnan(value):
                aside += 1
            elif math.isinf(value):
                tally.add(Reason.NOT_FINITE, place, written)
            elif ts_ms is not None and not 0 <= ts_ms <= TS_MS_MAX:
                tally.add(Reason.BAD_TIMESTAMP, place, written)
            else:
                identities[one.fingerprint] = one.identity
                prints.append(one.fingerprint)
                values.append(value)
                times.append(now_ms if ts_ms is None else ts_ms)
        names = {(one.metric, one.name) for one in known.values() if isinstance(one, Series)}
        rising = (metric for metric, name in names if only_rises(name, shown.kinds))
        target.known, target.counters = known, frozenset(rising)
        batch = SampleBatch(
            np.array(prints, np.uint64),
            np.array(times, np.int64),
            np.array(values, np.float64),
            None,
            identities,
        )
        return Decoded(batch, tally.rejects(), aside={Reason.MISSING_VALUE: aside} if aside else {})

    def _known(self, target: Target, written: str) -> Known:
        """Name and labels as the target has them, with ``job`` and ``instance`` of ours: its own of these
        names become ``exported_job`` and ``exported_instance``, as Prometheus has it."""
        name, labels = series_of(written)
        tags = {f"exported_{key}" if key in _OWN else key: value for key, value in labels.items()}
        tags |= self.settings.tags | {"job": self.settings.name, "instance": target.instance, NAME: name}
        changed = relabelled(tags, self.settings.relabel)
        if changed is None:
            return None
        metric = changed.pop(NAME, "")
        try:
            text = canonical(metric, changed.items())
        except Fault as fault:
            return fault.reason
        return Series(fingerprint(text), text, metric, name)
