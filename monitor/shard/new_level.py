"""The level that an open level shift has come to, as a second hypothesis beside the forecast that holds.

From `SETTLED` buckets on a level shift has a level of its own. What is as expected there is no news, and what
is surprising at both levels begins an episode inside the other; one that shifts the level again becomes part
of the outer one (docs/adr/0022).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.compiled import kernel
from learners.memory import whole
from learners.score import L_CLOSE, supported
from monitor.shard.seen import Seen
from monitor.shard.state import LEVEL_SHIFT, clock_at, common_at, episode_at
from monitor.shard.surprise import residual_surprise
from monitor.shard.width import band

SHIFT_BUCKETS = 16
SETTLED = 2 * SHIFT_BUCKETS
_MEMORY = 32
_SPREAD_MEMORY = 256
_SIGMA = 1.2533  # of a Gaussian, in mean distances
_CLIP = 3.0


@kernel
def settled(s: Any, row: int) -> int:
    """The open episode of ``row`` that has a level of its own; -1 if none has."""
    e = common_at(s, row).episode
    if e < 0:
        return -1
    if episode_at(s, e).outer >= 0:
        return int(episode_at(s, e).outer)
    episode = episode_at(s, e)
    if episode.kind == LEVEL_SHIFT and episode.adopted_at == 0 and episode.age >= SETTLED:
        return int(e)
    return -1


@kernel
def at_new_level(
    s: Any, row: int, outer: int, seen: Seen, unit: float, plain: float, n: float, counted: bool
) -> tuple[float, Seen]:
    """Surprise of the residual from the level of the open shift ``outer``, and the value as seen from there.
    ``plain``: how wide a residual of the forecast may be."""
    episode = episode_at(s, outer)
    shift = np.float64(episode.shift)
    expected = seen.expected + shift * unit
    wide = max(plain, _SIGMA * np.float64(episode.spread))
    r = (seen.deviation - shift) / wide
    spike = residual_surprise(s, row, seen.value, expected, r, n, counted)
    spike = min(spike, supported(episode.age, r, whole(clock_at(s, row).cadence)))
    lower, upper = band(s, row, expected, wide, n, counted)
    return spike, Seen(seen.value, expected, lower, upper, seen.deviation, r)


@kernel
def learn_level(episode: Any, deviation: float) -> None:
    """The provisional level follows the values, once it is settled by clipped steps."""
    apart: float = deviation - np.float64(episode.shift)
    if episode.age > SETTLED:
        most = _CLIP * max(np.float64(episode.spread), 1e-9)
        apart = min(max(apart, -most), most)
    episode.spread += (abs(apart) - episode.spread) / min(episode.age, _SPREAD_MEMORY)
    episode.shift += apart / min(episode.age, _MEMORY)


@kernel
def grow_outer(s: Any, e: int, bucket: int, level: float) -> None:
    """One more bucket for the level shift ``e`` inside which another anomaly is open; ``level``: of the value
    as seen from the forecast."""
    episode = episode_at(s, e)
    episode.age += 1
    if level >= L_CLOSE:
        episode.last = bucket
        episode.count += 1
