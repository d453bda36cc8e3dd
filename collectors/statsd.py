"""StatsD lines, with DogStatsD's tags, gathered over an interval and handed over as samples.

    name:value|type[|@rate][|#tag:value,tag]

| type | becomes, once an interval |
|---|---|
| ``c`` counter | ``name``: the sum, each value divided by its rate; 0 while nothing comes |
| ``g`` gauge | ``name``: the last value, if one came; ``+1`` and ``-1`` change the last |
| ``ms``, ``h``, ``d`` timer | ``name.count``, ``.mean``, ``.min``, ``.max``, ``.p50``, ``.p95``, ``.p99`` |
| ``s`` set | ``name``: how many different values |

A tag without a value is ``true``. Several values of one line may be joined by colons. Events, service checks,
container ids and timestamps of single lines are left out.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, field

import numpy as np

from collectors.errors import Fault
from collectors.names import canonical
from monitor.domain.batch import Reason, SampleBatch
from monitor.domain.series import fingerprint

LINE_BYTES_MAX = 8_192
SAMPLE_VALUES_MAX = 1_000
"""Values that quantiles of one timer and interval are taken from: a random choice of this many."""

SET_VALUES_MAX = 10_000
"""Different values that are told apart; of more, this number is told."""

IDLE_INTERVALS = 60
"""After as many without a line a name is forgotten, and a counter's zeros end."""

_LINE = re.compile(
    rb"(?P<name>[^|:\x00-\x20]+):(?P<values>[^|]+)\|(?P<type>c|g|ms|h|d|s)(?P<rest>(?:\|[^|]*)*)"
)
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_OTHERS = (b"_e{", b"_sc|")
_QUANTILES = ((".p50", 0.5), (".p95", 0.95), (".p99", 0.99))


@dataclass(slots=True)
class _Gathered:
    """One name with its tags over one interval, and what lasts beyond it (a gauge's value)."""

    kind: bytes
    identities: dict[str, bytes]
    touched: bool = False
    idle: int = 0
    total: float = 0.0
    count: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    seen: int = 0
    values: list[float] = field(default_factory=list)
    members: set[bytes] = field(default_factory=set)


class StatsdTable:
    """All names of one listener, at most ``series_max``; some 2 µs a line. Not thread-safe.

    >>> table = StatsdTable(series_max=10)
    >>> table.take(b"orders:2|c|#country:NL\\norders:1|c|@0.5|#country:NL\\nbroken")
    >>> batch = table.flush(60_000)
    >>> batch.value.tolist(), list(batch.identities.values()), table.refused
    ([4.0], [b'orders\\x1fcountry\\x1eNL'], {<Reason.BAD_LINE: 'bad_line'>: 1})
    """

    def __init__(self, series_max: int) -> None:
        self._series_max = series_max
        self._known: dict[bytes, _Gathered] = {}
        self._random = random.Random(1)
        self.refused: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def take(self, lines: bytes) -> None:
        """Gather whole lines; bad ones are counted in ``refused``."""
        for line in lines.split(b"\n"):
            line = line.rstrip(b"\r")
            if line and not line.startswith(_OTHERS):
                try:
                    self._take(line)
                except Fault as fault:
                    self.refused[fault.reason] = self.refused.get(fault.reason, 0) + 1

    def _take(self, line: bytes) -> None:
        found = _LINE.fullmatch(line) if len(line) <= LINE_BYTES_MAX else None
        if found is None:
            raise Fault(Reason.BAD_LINE)
        rate, tags = 1.0, b""
        for part in found["rest"].split(b"|")[1:]:
            if part.startswith(b"@"):
                rate = _number(part[1:])
            elif part.startswith(b"#"):
                tags = part[1:]
        if not 0 < rate <= 1:
            raise Fault(Reason.BAD_VALUE)
        kind = found["type"]
        values = found["values"].split(b":")
        numbers = [] if kind == b"s" else [_number(value) for value in values]
        one = self._gathered(found["name"], kind, tags)
        one.touched = True
        if kind == b"c":
            one.total += sum(numbers) / rate
        elif kind == b"g":
            for value, number in zip(values, numbers, strict=True):
                one.total = one.total + number if value[:1] in (b"+", b"-") else number
        elif kind == b"s":
            for value in values:
                if len(one.members) < SET_VALUES_MAX:
                    one.members.add(value[:64])
        else:
            for number in numbers:
                self._observe(one, number, 1.0 / rate)

    def _gathered(self, name: bytes, kind: bytes, tags: bytes) -> _Gathered:
        key = b"|".join((kind, name, tags))
        one = self._known.get(key)
        if one is None:
            if len(self._known) >= self._series_max:
                raise Fault(Reason.SERIES_LIMIT)
            suffixes = _suffixes(kind)
            one = _Gathered(kind, {suffix: _identity(name, suffix, tags) for suffix in suffixes})
            self._known[key] = one
        return one

    def _observe(self, one: _Gathered, number: float, weight: float) -> None:
        one.total += number * weight
        one.count += weight
        one.low, one.high = min(one.low, number), max(one.high, number)
        one.seen += 1
        if len(one.values) < SAMPLE_VALUES_MAX:
            one.values.append(number)
        elif (place := self._random.randrange(one.seen)) < SAMPLE_VALUES_MAX:
            one.values[place] = number

    def flush(self, ts_ms: int) -> SampleBatch:
        """The interval that ends at ``ts_ms`` as samples, and a new one begun."""
        told: list[tuple[bytes, float]] = []
        for key, one in list(self._known.items()):
            told += [(one.identities[suffix], value) for suffix, value in _told(one) if math.isfinite(value)]
            one.idle = 0 if one.touched else one.idle + 1
            if one.idle >= IDLE_INTERVALS:
                del self._known[key]
            one.touched, one.count, one.seen = False, 0.0, 0
            one.low, one.high = math.inf, -math.inf
            one.values, one.members = [], set()
            if one.kind != b"g":
                one.total = 0.0
        prints = np.array([fingerprint(identity) for identity, _ in told], np.uint64)
        return SampleBatch(
            fingerprint=prints,
            ts_ms=np.full(len(told), ts_ms, np.int64),
            value=np.array([value for _, value in told], np.float64),
            identities={int(one): identity for one, (identity, _) in zip(prints, told, strict=True)},
        )


def _suffixes(kind: bytes) -> tuple[str, ...]:
    if kind in (b"c", b"g", b"s"):
        return ("",)
    return (".count", ".mean", ".min", ".max", *(suffix for suffix, _ in _QUANTILES))


def _told(one: _Gathered) -> list[tuple[str, float]]:
    if one.kind == b"c":
        return [("", one.total)]
    if not one.touched:
        return []
    if one.kind == b"g":
        return [("", one.total)]
    if one.kind == b"s":
        return [("", float(len(one.members)))]
    with np.errstate(over="ignore", invalid="ignore"):  # between the ends of what there is lies nothing
        ranked = np.quantile(one.values, [q for _, q in _QUANTILES])
    named = zip((suffix for suffix, _ in _QUANTILES), ranked.tolist(), strict=True)
    summed = [(".count", one.count), (".mean", one.total / one.count), (".min", one.low), (".max", one.high)]
    return [*summed, *named]


def _identity(name: bytes, suffix: str, tags: bytes) -> bytes:
    try:
        texts = [tag.partition(":") for tag in tags.decode().split(",") if tag]
        return canonical(name.decode() + suffix, [(key, value or "true") for key, _, value in texts])
    except UnicodeDecodeError:
        raise Fault(Reason.BAD_NAME) from None


def _number(written: bytes) -> float:
    if len(written) > 64 or not _NUMBER.fullmatch(written):
        raise Fault(Reason.BAD_VALUE)
    value = float(written)
    if not math.isfinite(value):
        raise Fault(Reason.NOT_FINITE)
    return value
