"""What a shard does when a label is said or taken back: its opinions follow, at that place of the log.

- Opinions are made anew of the labels in force.
- Series of which something was confirmed are looked at more closely (`state.ATTENTIVE`), the others no more.
- An open anomaly that was quieted is told now if nothing speaks against it any more.
- "New normal" makes the level of an open anomaly the normal one, as time would have; taken back, the old
  level is the normal one again, as long as it is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.domain.labels import Label, Said
from monitor.shard import adoption, episodes
from monitor.shard.judgements import hushed
from monitor.shard.labelled import Placed
from monitor.shard.shard import Shard
from monitor.shard.state import ATTENTIVE, DIP, LEVEL_SHIFT, NOTHING, SPIKE


def told(shard: Shard, body: Mapping[str, Any]) -> None:
    """A label, with the ``rows`` of its shapes, or an undo."""
    if "undoes" in body:
        placed = shard.labelled.undo(body["undoes"])
        if placed is not None:
            _give_back(shard, placed)
    else:
        label = Label.from_body(body)
        placed = shard.labelled.tell(label, body.get("rows", [NOTHING] * len(label.shapes)))
        if placed is not None and label.said is Said.NEW_NORMAL:
            shard.labelled.adopt(placed, _adopted(shard, placed.rows))
    if placed is not None:
        heed(shard)


def heed(shard: Shard) -> None:
    """Make opinions anew and let what follows from them hold."""
    shard.hear(*shard.labelled.opinions(shard.rules, shard.clocks["rule"][: shard.rows]))
    shard.unheard = False
    confirmed = shard.opinions["row"][shard.opinions["quieter"] == 0]
    _attend(shard, confirmed.tolist())
    quiet = np.flatnonzero((shard.episodes["row"] >= 0) & (shard.episodes["hushed"] != 0))
    for e in sorted(quiet.tolist(), key=lambda e: int(shard.episodes["row"][e])):
        if not hushed(shard.directory[0], e):
            shard.results.make_room_to_tell()
            episodes.reveal(shard.directory[0], e, shard.final_ms(int(shard.episodes["row"][e])))


def _attend(shard: Shard, confirmed: Sequence[int]) -> None:
    wanted = {row for row in confirmed if row < shard.rows}
    for row in sorted(wanted | shard.attentive):
        mark = ATTENTIVE if row in wanted else NOTHING
        e = int(shard.common["episode"][row])
        if e < 0:
            shard.common["episode"][row] = mark
            continue
        while int(shard.episodes["outer"][e]) >= 0:
            e = int(shard.episodes["outer"][e])
        shard.episodes["outer"][e] = mark
    shard.attentive = wanted


def _adopted(shard: Shard, rows: Sequence[int]) -> list[tuple[int, int]]:
    """Take the levels of these rows' open anomalies for normal; by row, since which bucket."""
    found = []
    for row in dict.fromkeys(rows):
        e = _outermost(shard, row)
        if e < 0 or int(shard.episodes["adopted_at"][e]) or int(shard.episodes["kind"][e]) not in _LEVELS:
            continue
        bucket = shard.newest_final(row)
        shard.results.make_room_to_tell()
        inner = int(shard.common["episode"][row])
        if inner != e:
            end = int(shard.episodes["last"][inner]) + 1
            episodes.close(shard.directory[0], inner, shard.final_ms(row), end)
        adoption.adopt(shard.directory[0], e, bucket, shard.final_ms(row))
        found.append((row, bucket))
    return found


def _give_back(shard: Shard, placed: Placed) -> None:
    for row, bucket in placed.adopted:
        e = _outermost(shard, row)
        if e >= 0 and int(shard.episodes["adopted_at"][e]) == bucket:
            adoption.restore(shard.directory[0], e)


def _outermost(shard: Shard, row: int) -> int:
    e = int(shard.common["episode"][row]) if 0 <= row < shard.rows else NOTHING
    while e >= 0 and int(shard.episodes["outer"][e]) >= 0:
        e = int(shard.episodes["outer"][e])
    return e


_LEVELS = (SPIKE, DIP, LEVEL_SHIFT)
