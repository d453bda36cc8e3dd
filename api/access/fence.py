"""Which series a bound token may write: those of its team, whose metrics begin with its prefix."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock

import numpy as np

from collectors.base import Decoded
from collectors.keys import WireKeys
from monitor.domain.access import Principal
from monitor.domain.batch import Reason, Reject, SampleBatch
from monitor.domain.series import Identity
from monitor.domain.teams import Teams

_FENCES_MAX = 64
_SERIES_MAX = 1_000_000
_MINE, _FOREIGN = np.uint64(1), np.uint64(2)


class Fence:
    """Remembers by fingerprint what was decided by name: 10 ns a sample, 32 to 64 bytes a series. ``key``
    keeps the names of requests of different writers apart."""

    def __init__(self, team: str | None, prefix: str, teams: Teams) -> None:
        self._team = team
        self._prefix = prefix
        self._teams = teams
        self._decided = WireKeys(seed=0, series_max=_SERIES_MAX)
        self.key = hashlib.blake2b(f"{team!r} {prefix!r}".encode(), digest_size=16).digest()

    def through(self, decoded: Decoded, again: Callable[[], Decoded]) -> Decoded:
        """What of a body may pass; the rest is refused with a reason. ``again``: the same body decoded with
        every identity in it."""
        batch = decoded.batch
        decided, missing = self._decided.find(batch.fingerprint)
        if len(missing):
            fresh = np.unique(batch.fingerprint[missing])
            identities = batch.identities
            if not all(fingerprint in identities for fingerprint in fresh.tolist()):
                identities = again().batch.identities
            mine = [
                self.owns(Identity.from_canonical(identities[fingerprint])) for fingerprint in fresh.tolist()
            ]
            self._decided.put(fresh, np.where(mine, _MINE, _FOREIGN))
            # Decided here and now: another thread may have emptied the memory meanwhile.
            places = np.searchsorted(fresh, batch.fingerprint[missing])
            decided[missing] = np.where(mine, _MINE, _FOREIGN)[places]
        passes = decided == _MINE
        if passes.all():
            return decoded
        foreign = Reject(Reason.FOREIGN_SERIES, int(len(passes) - passes.sum()))
        return replace(decoded, batch=_only(batch, passes), rejects=(*decoded.rejects, foreign))

    def owns(self, series: Identity) -> bool:
        """Is it one that may be written?"""
        return series.metric.startswith(self._prefix) and (
            self._team is None or self._teams.of(series) == self._team
        )


class Fences:
    """One fence for each team and prefix that writes, made anew when teams are declared."""

    def __init__(self, teams: Callable[[], Teams]) -> None:
        self._teams = teams
        self._made_for: Teams | None = None
        self._known: OrderedDict[tuple[str | None, str], Fence] = OrderedDict()
        self._lock = Lock()

    def of(self, principal: Principal) -> Fence | None:
        """None for one who may write any series. Raises what asking for the teams raises."""
        if principal.team is None and not principal.prefix:
            return None
        key = (principal.team, principal.prefix)
        with self._lock:
            if (teams := self._teams()) is not self._made_for:
                self._known.clear()
                self._made_for = teams
            fence = self._known.pop(key, None) or Fence(*key, teams)
            self._known[key] = fence
            if len(self._known) > _FENCES_MAX:
                self._known.popitem(last=False)
            return fence


def _only(batch: SampleBatch, passes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> SampleBatch:
    fingerprint = np.ascontiguousarray(batch.fingerprint[passes])
    kept = set(np.unique(fingerprint).tolist())
    identities: Mapping[int, bytes] = {f: text for f, text in batch.identities.items() if f in kept}
    n = None if batch.n is None else batch.n[passes]
    return SampleBatch(fingerprint, batch.ts_ms[passes], batch.value[passes], n, identities)
