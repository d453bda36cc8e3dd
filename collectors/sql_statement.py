"""The one statement of a SQL source: its own SELECT inside, buckets and aggregates around it.

Which bucket a row is of is a CASE over the buckets' ends, so it is the same in every database, whatever its
functions of time are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Select,
    Subquery,
    case,
    cast,
    column,
    func,
    literal,
    select,
    text,
)

from collectors.sql_settings import DatabaseSettings, Kpi, SqlSettings

BUCKET = "watchkeeper_bucket"
PERCENTILE = "watchkeeper_percentile"
"""SQLite has none: this one is given to every connection."""
NUMBER = "watchkeeper_number"
"""So is this one: text as the number that it reads as."""


def statement(settings: SqlSettings, dialect: str, from_ms: int, until_ms: int) -> Select[Any]:
    """Rows: bucket's place, tags, then of each KPI its value, or numerator and denominator. One row more
    than ``rows_max`` at most."""
    names = dict.fromkeys([settings.time, *settings.tags, *_columns(settings.kpi)])
    query = settings.query.strip().rstrip(";") + "\n"  # it may end in a comment
    raw = text(query.replace(":", "\\:"))
    source = raw.columns(*(column(name) for name in names)).subquery("source")
    inner = bucketed(settings, source, dialect, from_ms, until_ms, settings.bucket)
    keys = [inner.c[BUCKET], *(inner.c[name] for name in settings.tags)]
    sums = [one for kpi in settings.kpi for one in _aggregates(kpi, inner.c, dialect)]
    return select(*keys, *sums).group_by(*keys).limit(settings.rows_max + 1)


def bucketed(
    settings: DatabaseSettings,
    source: FromClause,
    dialect: str,
    from_ms: int,
    until_ms: int,
    bucket_ms: int,
) -> Subquery:
    """All columns of the rows of a span, and as `BUCKET` which bucket each is of, from 0."""
    moment = _Moments(settings.time_type, dialect)
    at = source.c[settings.time]
    ends = range(from_ms + bucket_ms, until_ms, bucket_ms)
    place: ColumnElement[Any] = literal(0)
    if ends:
        whens = [(at < moment.of(end), i) for i, end in enumerate(ends)]
        place = case(*whens, else_=len(ends))
    span = (at >= moment.of(from_ms), at < moment.of(until_ms))
    return select(place.label(BUCKET), *source.c).where(*span).subquery("bucketed")


def _columns(kpis: Sequence[Kpi]) -> list[str]:
    return [name for kpi in kpis for name in (kpi.column, kpi.numerator, kpi.denominator) if name]


def _aggregates(kpi: Kpi, columns: Any, dialect: str) -> list[ColumnElement[Any]]:
    """Two of each KPI: value, or numerator, and n, or nothing."""
    if kpi.compute == "count" or (kpi.compute == "rate" and not kpi.column):
        return [func.count(), literal(None)]
    if kpi.compute in ("sum", "rate"):
        return [func.sum(_number(columns[kpi.column], dialect)), literal(None)]
    if kpi.compute == "distinct":
        return [func.count(columns[kpi.column].distinct()), literal(None)]
    if kpi.compute == "percentile":
        number, count = _float(columns[kpi.column], dialect), func.count(columns[kpi.column])
        if dialect == "sqlite":
            return [getattr(func, PERCENTILE)(number, kpi.quantile), count]
        return [func.percentile_cont(kpi.quantile).within_group(number), count]
    if kpi.compute == "mean":
        return [func.avg(_float(columns[kpi.column], dialect)), func.count(columns[kpi.column])]
    return [func.sum(_number(columns[name], dialect)) for name in (kpi.numerator, kpi.denominator)]


def _number(value: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """As it is, and where SQLite has text in it an error rather than 0, unless the text is a number."""
    if dialect != "sqlite":
        return value
    return case((func.typeof(value).in_(("text", "blob")), getattr(func, NUMBER)(value)), else_=value)


def _float(value: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    return cast(_number(value, dialect), Float(53))


class _Moments:
    """Times as the time column is compared with them."""

    def __init__(self, kind: str, dialect: str) -> None:
        self._kind = kind
        self._as_text = dialect == "sqlite"

    def of(self, ts_ms: int) -> Any:
        if self._kind == "epoch_ms":
            return ts_ms
        if self._kind == "epoch_s":
            return ts_ms // 1_000
        moment = datetime.fromtimestamp(ts_ms // 1_000, UTC)
        if self._kind == "iso_text":
            return moment.strftime("%Y-%m-%dT%H:%M:%S")
        # SQLite has no times: text, whose beginning is a whole second and sorts before its fractions.
        return literal(moment.strftime("%Y-%m-%d %H:%M:%S")) if self._as_text else _zoned(moment)


def _zoned(moment: datetime) -> Any:
    from sqlalchemy import DateTime

    return literal(moment, DateTime(timezone=True))
