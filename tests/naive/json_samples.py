"""A slow, obvious twin of the JSON and NDJSON decoders: the standard library, one object a sample."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.domain.series import Identity

TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
TS_MS_MAX = 41_024_448_000_000


class Refused(Exception):
    """The whole body, or one sample with its reason."""


class Number(str):
    pass


class Pairs(list[tuple[str, Any]]):
    pass


@dataclass
class Outcome:
    """Accepted samples in order (canonical identity, ts_ms, value, n or None); faults by (reason, place)."""

    samples: list[tuple[bytes, int, float, float | None]] = field(default_factory=list)
    faults: list[tuple[str, int]] = field(default_factory=list)
    mode: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(reason for reason, _ in self.faults))


def decode_json(body: bytes) -> Outcome:
    document = strict_json(body)
    outcome = Outcome()
    if isinstance(document, Pairs):
        keys = [key for key, _ in document]
        if keys.count("samples") != 1 or keys.count("mode") > 1:
            raise Refused("samples")
        members = dict(document)
        samples, mode = members["samples"], members.get("mode")
        if mode is not None and (isinstance(mode, Number) or mode not in ("live", "backfill")):
            raise Refused("mode")
        outcome.mode = mode
    else:
        samples = document
    if not isinstance(samples, list) or isinstance(samples, Pairs):
        raise Refused("samples")
    for index, sample in enumerate(samples):
        take(sample, index, outcome)
    return outcome


def decode_ndjson(body: bytes) -> Outcome:
    outcome = Outcome()
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip(b" \t\r"):
            continue
        try:
            if len(line.removesuffix(b"\r")) > 65_536:
                raise Refused("long")
            sample = strict_json(line)
        except Refused:
            outcome.faults.append(("bad_line", number))
            continue
        take(sample, number, outcome)
    return outcome


def strict_json(body: bytes) -> Any:
    try:
        document = json.loads(
            body.decode("utf-8"),
            parse_int=Number,
            parse_float=Number,
            parse_constant=refuse,
            object_pairs_hook=Pairs,
        )
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from None
    check(document, 0)
    return document


def refuse(token: str) -> None:
    raise Refused(token)


def check(value: Any, depth: int) -> None:
    if isinstance(value, Number):
        if sum(c.isdigit() for c in value) > 64:
            raise Refused("digits")
    elif isinstance(value, str):
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise Refused("surrogate")
    elif isinstance(value, list):
        if depth + 1 > 16:
            raise Refused("depth")
        for item in value:
            for part in item if isinstance(value, Pairs) else (item,):
                check(part, depth + 1)


def take(sample: Any, place: int, outcome: Outcome) -> None:
    try:
        outcome.samples.append(read(sample))
    except Refused as refused:
        outcome.faults.append((str(refused), place))


def read(sample: Any) -> tuple[bytes, int, float, float | None]:
    if not isinstance(sample, Pairs):
        raise Refused("bad_line")
    keys = [key for key, _ in sample]
    members = dict(sample)
    # Name first, then time, value, n: the order in which faults count.
    if keys.count("metric") != 1 or keys.count("tags") > 1:
        raise Refused("bad_name")
    tags = members.get("tags")
    tags = Pairs() if tags is None else tags
    if not isinstance(tags, Pairs) or len({key for key, _ in tags}) != len(tags) or len(tags) > 40:
        raise Refused("bad_name")
    name(members["metric"], 512, True)
    for key, value in tags:
        name(key, 256, True)
        name(value, 2048, False)
    if keys.count("timestamp") != 1:
        raise Refused("bad_timestamp")
    ts_ms = time(members["timestamp"])
    if keys.count("value") != 1:
        raise Refused("bad_value")
    if members["value"] is None:
        raise Refused("missing_value")
    if not isinstance(members["value"], Number):
        raise Refused("bad_value")
    value = float(members["value"])
    if not math.isfinite(value):
        raise Refused("not_finite")
    n = members.get("n")
    if keys.count("n") > 1 or (n is not None and not isinstance(n, Number)):
        raise Refused("bad_value")
    if n is not None and not 0 <= float(n) < math.inf:
        raise Refused("bad_value")
    identity = Identity.of(members["metric"], dict(tags)).canonical()
    return identity, ts_ms, value, None if n is None else float(n)


def name(text: Any, limit: int, reserved: bool) -> None:
    if isinstance(text, Number) or not isinstance(text, str) or not text or len(text.encode()) > limit:
        raise Refused("bad_name")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise Refused("bad_name")
    if reserved and text.startswith("watchkeeper."):
        raise Refused("bad_name")


def time(written: Any) -> int:
    ts_ms = -1
    if isinstance(written, Number):
        if re.fullmatch("-?[0-9]+", written):
            ts_ms = int(written)
    elif isinstance(written, str) and (match := TIME.fullmatch(written)):
        year, month, day, hour, minute, second, fraction, _, sign, off_hour, off_minute = match.groups()
        try:
            # A leap second is the second after it; day 1 keeps every offset inside datetime's range.
            stamp = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
        except ValueError:
            raise Refused("bad_timestamp") from None
        if int(second) <= 60 and int(off_hour or 0) <= 23 and int(off_minute or 0) <= 59:
            offset = (int(off_hour or 0) * 60 + int(off_minute or 0)) * (-1 if sign == "-" else 1)
            since = (stamp - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=1) - offset
            ts_ms = (since * 60 + int(second)) * 1000 + int((fraction or "0").ljust(3, "0")[:3])
    if not 0 <= ts_ms <= TS_MS_MAX:
        raise Refused("bad_timestamp")
    return ts_ms
