"""The text that exporters show: Prometheus text 0.0.4 and OpenMetrics 1.0, line by line.

A line's series is kept as it is written: whoever reads the same target again and again knows it by this
text, and reads its name and labels once (`series_of`). Some 4 µs a line; the parser of ``prometheus_client``,
which this must equal by test, takes some 50 µs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from collectors.errors import BadRequest

OPENMETRICS = "application/openmetrics-text"

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_QUOTED = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_LABELS = rf'\{{[^"}}\n]*(?:{_QUOTED}[^"}}\n]*)*\}}'
_LINE = re.compile(
    rf"[ \t]*((?:{_NAME})?[ \t]*{_LABELS}|{_NAME}(?=[ \t]))[ \t]*([^\s#{{}}]+)"
    r"(?:[ \t]+(-?[0-9.eE+-]+))?[ \t]*(#.*)?"
)
_SERIES = re.compile(rf"({_NAME})?[ \t]*(?:\{{(.*)\}})?", re.DOTALL)
_LABEL = re.compile(rf"[ \t]*(?:({_NAME}|{_QUOTED})[ \t]*=[ \t]*)?({_QUOTED})[ \t]*(?:,|$)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_STEPS = {
    "counter": ("", "_total"),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
}
"""Endings of the samples of a family that only rise, by the family's type."""


@dataclass(frozen=True, slots=True)
class Exposition:
    """``series``, ``values`` and ``times_ms`` (None: of the reading) line by line; ``kinds``: type by
    family."""

    series: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times_ms: list[int | None] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)


def exposition(text: str, *, openmetrics: bool, samples_max: int) -> Exposition:
    """Raises BadRequest, as the whole is then not to be trusted: a line that is neither sample nor comment,
    an OpenMetrics text without its end, more samples than ``samples_max``.

    >>> found = exposition('# TYPE up gauge\\nup{job="a"} 1 60000\\n', openmetrics=False, samples_max=10)
    >>> found.series, found.values, found.times_ms, found.kinds
    (['up{job="a"}'], [1.0], [60000], {'up': 'gauge'})
    """
    found = Exposition()
    ended = False
    for place, line in enumerate(text.split("\n"), 1):
        if not line or line.isspace():
            continue
        if line.lstrip(" \t")[0] == "#":
            words = line.split(None, 3)
            if len(words) == 4 and words[1] == "TYPE":
                found.kinds[words[2].strip('"')] = words[3].strip()
            ended = ended or words == ["#", "EOF"]
            continue
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match is None or "_" in match[2] or not match[2].isascii():
            raise BadRequest(f"line {place} is no sample: {line[:80]}")
        if len(found.series) >= samples_max:
            raise BadRequest(f"more than {samples_max} samples")
        try:
            found.values.append(float(match[2]))
            ts_ms = None if match[3] is None else _ms(match[3], openmetrics)
        except (ValueError, OverflowError):
            raise BadRequest(f"line {place} holds no number: {line[:80]}") from None
        found.series.append(match[1])
        found.times_ms.append(ts_ms)
    if openmetrics and not ended:
        raise BadRequest("the text ends before its # EOF")
    return found


def _ms(text: str, openmetrics: bool) -> int:
    """Seconds in OpenMetrics, else milliseconds."""
    return round(float(text) * 1_000) if openmetrics else int(text)


def series_of(text: str) -> tuple[str, dict[str, str]]:
    """Name and labels of a series as it is written; a label with an empty value is none.

    Raises BadRequest: no name, a label twice, what cannot be read.

    >>> series_of('http_requests_total{code="200",path="/a b",}')
    ('http_requests_total', {'code': '200', 'path': '/a b'})
    >>> series_of('{"http.requests",code="200"}')
    ('http.requests', {'code': '200'})
    """
    match = _SERIES.fullmatch(text.strip(" \t"))
    if match is None:
        raise BadRequest(f"no series: {text[:80]}")
    name, labels = match[1] or "", dict[str, str]()
    for key, value in _pairs(match[2] or ""):
        if key is None:
            if name:
                raise BadRequest(f"two names: {text[:80]}")
            name = value
        elif key in labels:
            raise BadRequest(f"the label {key} twice: {text[:80]}")
        else:
            labels[key] = value
    if not name:
        raise BadRequest(f"no name: {text[:80]}")
    return name, {key: value for key, value in labels.items() if value}


def _pairs(text: str) -> Iterator[tuple[str | None, str]]:
    at, end = 0, len(text.rstrip(" \t"))
    while at < end:
        match = _LABEL.match(text, at)
        if match is None:
            raise BadRequest(f"no labels: {text[:80]}")
        key = match[1]
        yield (_plain(key) if key and key[0] == '"' else key), _plain(match[2])
        at = match.end()


def _plain(quoted: str) -> str:
    inside = quoted[1:-1]
    if "\\" not in inside:
        return inside
    return _ESCAPE.sub(lambda found: {"n": "\n", '"': '"', "\\": "\\"}.get(found[1], found[0]), inside)


def only_rises(name: str, kinds: Mapping[str, str]) -> bool:
    """Is this a sample's name of a counter, by the types that its text declares?

    >>> kinds = {"a_total": "counter", "b": "counter", "c": "histogram", "d": "gauge"}
    >>> [one for one in ("a_total", "b_total", "c_bucket", "c_sum", "d", "d_sum") if only_rises(one, kinds)]
    ['a_total', 'b_total', 'c_bucket', 'c_sum']
    """
    for kind, endings in _STEPS.items():
        for ending in endings:
            if name.endswith(ending) and kinds.get(name[: len(name) - len(ending)]) == kind:
                return True
    return False
