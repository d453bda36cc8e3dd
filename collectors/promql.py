"""PromQL range queries of a server that speaks Prometheus' API: a span in, its values step by step out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from collectors.base import TS_MS_MAX, Decoded
from collectors.http_reading import HttpReading
from collectors.promql_settings import PromqlSettings, Query
from collectors.pulled import ReadSecret, Row, SourceFailed, decoded

NAME = "__name__"


class _Line(msgspec.Struct):
    metric: dict[str, str] = {}
    values: list[tuple[float, str]] = []
    histograms: list[Any] = []


class _Matrix(msgspec.Struct):
    result: list[_Line] = []


class _Answer(msgspec.Struct):
    status: str = ""
    error: str = ""
    data: _Matrix | None = None


class PromqlSource:
    """The declared expressions of one server. A value bears the time at which the server evaluated it."""

    remembers = True

    def __init__(self, settings: PromqlSettings, read_secret: ReadSecret) -> None:
        self.settings = settings
        self.step_ms = settings.bucket
        self._http = HttpReading(settings, settings.timeout, read_secret)

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        """One request an expression. Steps for which the server has no value have none."""
        rows: list[Row] = []
        for query in self.settings.query:
            rows += self._rows(query, self._asked(query, from_ms, until_ms))
        return decoded(rows)

    def close(self) -> None:
        self._http.close()

    def _asked(self, query: Query, from_ms: int, until_ms: int) -> list[_Line]:
        settings = self.settings
        said = {
            "query": query.expr,
            "start": _seconds(from_ms),
            "end": _seconds(until_ms - settings.bucket),
            "step": _seconds(settings.bucket),
            "timeout": f"{settings.timeout}ms",
        }
        url = f"{settings.url.rstrip('/')}/api/v1/query_range"
        status, _, body = self._http.get(url, {"accept": "application/json"}, said)
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SourceFailed(f"it answers {status}, and nothing that a Prometheus says") from None
        if status != 200 or answer.status != "success" or answer.data is None:
            raise SourceFailed(f"it answers {status}: {answer.error[:300]}")
        if len(answer.data.result) > settings.series_max:
            raise SourceFailed(
                f"{query.expr[:80]}: {len(answer.data.result)} series, more than {settings.series_max}: "
                "sum over some labels, or a larger series_max"
            )
        return answer.data.result

    def _rows(self, query: Query, lines: list[_Line]) -> Iterator[Row]:
        """NaN and infinity are how a server says that it can say nothing, as of a ratio of nothing."""
        for line in lines:
            metric = query.metric or line.metric.get(NAME, "")
            tags = {key: value for key, value in line.metric.items() if key != NAME and value}
            pairs = tuple((tags | self.settings.tags).items())
            for at_s, text in line.values:
                value = _number(text)
                if not 0 <= at_s * 1_000 <= TS_MS_MAX:
                    raise SourceFailed(f"{query.expr[:80]}: a value has the time {at_s:g}")
                if math.isfinite(value):
                    yield metric, pairs, round(at_s * 1_000), value, math.nan


def _number(text: str) -> float:
    try:
        if text.isascii() and "_" not in text:
            return float(text)
    except ValueError:
        pass
    raise SourceFailed(f"a value is no number: {text[:64]}")


def _seconds(ms: int) -> str:
    """
    >>> _seconds(1_500), _seconds(60_000)
    ('1.500', '60.000')
    """
    return f"{ms // 1_000}.{ms % 1_000:03}"
