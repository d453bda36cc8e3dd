"""Which series a person means: by its id, by its name as lists show it, or by a metric and some tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from monitor.domain.errors import BadRequest, NotFound
from monitor.domain.paging import Page
from monitor.domain.series import Identity
from monitor.shards import Row

MOST = 1_000
"""Series of a metric that are looked through for some tags."""
_ID = re.compile("[0-9a-f]{16}")


def series_named(text: str, one: Callable[[str], Row | None], some: Callable[..., Page[Row]]) -> Row:
    """The row of the series with that id, else that name; of a metric with some of its tags, if it is the
    only one. ``one`` finds a series by id, ``some`` lists those of a metric with a tag. Raises NotFound, or
    BadRequest where several fit."""
    wanted = named(text)
    ids = [text] if _ID.fullmatch(text) else []
    for id in (*ids, f"{wanted.fingerprint():016x}"):
        if (row := one(id)) is not None:
            return row
    tag = "=".join(wanted.tags[0]) if wanted.tags else None
    return _only(some(metric=wanted.metric, tag=tag, limit=MOST).items, wanted)


def named(text: str) -> Identity:
    """The series that a text names: ``metric``, or ``metric{tag=value,…}`` as lists show it. A piece between
    commas without ``=`` belongs to the value before it. Raises BadRequest.

    >>> named("orders{country=NL,city=Den Haag, West}").tags
    (('city', 'Den Haag, West'), ('country', 'NL'))
    >>> named("orders").tags
    ()
    """
    metric, brace, inner = text.partition("{")
    if not brace or not inner.endswith("}"):
        return Identity.of(text)
    tags: dict[str, str] = {}
    last = ""
    for piece in inner[:-1].split(","):
        key, equals, value = piece.partition("=")
        if equals:
            last = key.strip()
            tags[last] = value
        elif last:
            tags[last] += "," + piece
        elif piece:
            raise BadRequest(f"series: {piece[:64]!r} is no tag=value")
    return Identity.of(metric, tags)


def _only(rows: Iterable[Row], wanted: Identity) -> Row:
    """The one series of a metric that has all the wanted tags. Raises NotFound, or BadRequest for several."""
    tags = set(wanted.tags)
    found = [row for row in rows if tags <= set(row["tags"].items())]
    if not found:
        raise NotFound(f"no series {str(wanted)[:128]}")
    if len(found) > 1:
        some = ", ".join(str(row["series"])[:128] for row in found[:3])
        raise BadRequest(f"series: {len(found)} and perhaps more fit {str(wanted)[:128]}, among them {some}")
    return found[0]
