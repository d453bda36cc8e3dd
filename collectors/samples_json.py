"""JSON and NDJSON bodies of ``POST /api/v1/samples`` (formats: DESIGN.md section 6).

Answers to odd input, beyond RELIABILITY.md section 4: unknown keys are ignored, in a sample and
beside ``samples``; a bare array is read like ``{"samples": […]}``; ``tags`` null is no tags, a tag
value that is no string ``bad_name``; a known key twice is a fault of that key; a missing metric,
timestamp or value is ``bad_name``, ``bad_timestamp``, ``bad_value``, a null value ``missing_value``;
``n`` null is absent, otherwise finite and not negative, else ``bad_value``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.base import SAMPLES_MAX, Decoded
from collectors.errors import BadRequest, Fault, Tally, TooManySamples
from collectors.json_scan import (
    BAD,
    DONE,
    ENCODING,
    ESCAPED,
    FULL,
    GOOD,
    LONG,
    SAMPLE,
    SHAPE,
    SLOW,
    scan_document,
    scan_lines,
)
from collectors.keys import WireKeys
from collectors.lookup import look_up, name_all, refuse_names
from collectors.raw_bytes import padded
from collectors.sample_text import read_identity, read_sample
from monitor.domain.batch import Mode, Reason, SampleBatch
from monitor.domain.series import fingerprint

_BOM = b"\xef\xbb\xbf"
_SAMPLE_BYTES_MIN = 2
_LINE_FAULTS = {BAD: "not a JSON object", LONG: "longer than 64 KiB", ENCODING: "not UTF-8"}
_BODY_BYTES_MAX = 2**31 - 1


class JsonDecoder:
    """``{"samples": […], "mode"?: "live" | "backfill"}``; places in rejects are indexes from 0.

    About 130 ns a sample of 160 bytes with a warm memory; a series met first costs some 10 µs, a
    sample written oddly (see `collectors.json_scan`) as much.

    >>> decoder = JsonDecoder(WireKeys(seed=1))
    >>> decoded = decoder.decode(b'{"samples": [{"metric": "m", "timestamp": 60000, "value": 2.5}]}')
    >>> decoded.batch.value.tolist(), list(decoded.batch.identities.values()), decoded.rejects
    ([2.5], [b'm'], ())
    """

    def __init__(self, keys: WireKeys, *, samples_max: int = SAMPLES_MAX) -> None:
        self._keys = keys
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises BadRequest: no strict JSON in UTF-8, deeper than 16, a number of more than 64
        digits, a byte order mark, no list of samples, an unknown mode; TooManySamples."""
        raw = _whole(body)
        if raw.startswith(_BOM):
            raise BadRequest("the body begins with a byte order mark; send plain UTF-8")
        if not _is_utf8(raw):
            raise BadRequest("the body is not UTF-8")
        samples = _places(raw, self._samples_max)
        status, count, at, mode_from, mode_to = scan_document(padded(raw), len(raw), self._keys.seed, samples)
        if status != DONE:
            raise _refusal(status, count, at, self._samples_max)
        mode = _mode(raw[mode_from:mode_to]) if mode_to else None
        decoded = _finish(raw, samples[:count], self._keys, all_identities)
        return replace(decoded, mode=mode)


class NdjsonDecoder:
    """One sample a line; places in rejects are line numbers from 1. Costs as `JsonDecoder`.

    A bad line is kept out (``bad_line``) and the rest kept; blank lines and CRLF are fine, and so is
    a last line without its end.

    >>> decoder = NdjsonDecoder(WireKeys(seed=1))
    >>> decoder.decode(b'{"metric": "m"\\n\\n{"metric": "m", "timestamp": 1, "value": 1}').rejects
    (Reject(reason='bad_line', count=1, examples=((1, 'not a JSON object: {"metric": "m"'),)),)
    """

    def __init__(self, keys: WireKeys, *, samples_max: int = SAMPLES_MAX) -> None:
        self._keys = keys
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises only TooManySamples (lines that are not blank)."""
        raw = _whole(body)
        samples = _places(raw, self._samples_max)
        status, count = scan_lines(padded(raw), len(raw), self._keys.seed, not _is_utf8(raw), samples)
        if status != DONE:
            raise _refusal(status, count, 0, self._samples_max)
        return _finish(raw, samples[:count], self._keys, all_identities)


def _whole(body: bytes | memoryview) -> bytes:
    raw = body if isinstance(body, bytes) else bytes(body)
    if len(raw) > _BODY_BYTES_MAX:
        raise BadRequest("the body is longer than 2 GiB")
    return raw


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _places(raw: bytes, samples_max: int) -> Any:
    return np.empty(min(samples_max, len(raw) // _SAMPLE_BYTES_MIN + 1), SAMPLE)


def _refusal(status: int, count: int, at: int, samples_max: int) -> BadRequest:
    if status == FULL:
        return TooManySamples(f"more than {samples_max} samples in one request")
    if status == SHAPE:
        return BadRequest('the body is no object with one list "samples" (and at most one string "mode")')
    if status == ESCAPED:
        return BadRequest("a key of the body is written with escapes")
    return BadRequest(
        f"invalid JSON near byte {at} (after {count} samples): strict JSON in UTF-8, "
        "at most 16 levels deep, numbers of at most 64 digits"
    )


def _mode(text: bytes) -> Mode:
    try:
        return Mode(json.loads(text))
    except ValueError:
        raise BadRequest('"mode" is neither "live" nor "backfill"') from None


def _finish(raw: bytes, samples: Any, keys: WireKeys, all_identities: bool) -> Decoded:
    """Settle what the scan left open, look the series up, and split good from refused."""
    tally = Tally()
    state = samples["state"]
    identities: dict[int, bytes] = {}
    kept = state == GOOD

    def identity_of(row: int) -> bytes:
        return read_identity(_text(raw, samples[row]))

    prints = look_up(keys, np.ascontiguousarray(samples["key"]), identity_of, identities, kept)
    if not kept.all():
        for i in np.flatnonzero(state > SLOW).tolist():
            _refuse_line(raw, samples[i], tally)
        for i in np.flatnonzero(state == SLOW).tolist():
            kept[i] = _settle(raw, samples, i, prints, identities, tally)
    nameless = np.flatnonzero(kept & (prints == 0))
    if len(nameless):
        refuse_names(nameless, samples["place"][nameless], identity_of, tally)
        kept[nameless] = False
    if all_identities:
        name_all(np.where(kept, prints, np.uint64(0)), identity_of, identities)
    good = samples if kept.all() else samples[kept]
    prints = prints if len(good) == len(samples) else prints[kept]
    n = np.ascontiguousarray(good["n"])
    batch = SampleBatch(
        fingerprint=prints,
        ts_ms=np.ascontiguousarray(good["ts_ms"]),
        value=np.ascontiguousarray(good["value"]),
        n=None if np.isnan(n).all() else n,
        identities=identities,
    )
    return Decoded(batch, tally.rejects())


def _text(raw: bytes, sample: Any) -> bytes:
    return raw[sample["begin"] : sample["end"]]


def _settle(
    raw: bytes,
    samples: Any,
    i: int,
    prints: NDArray[np.uint64],
    identities: dict[int, bytes],
    tally: Tally,
) -> bool:
    """Read one sample slowly into its place; whether it is kept."""
    try:
        sample = read_sample(_text(raw, samples[i]))
    except Fault as fault:
        tally.add(fault.reason, int(samples[i]["place"]), fault.detail)
        return False
    prints[i] = fingerprint(sample.identity)
    identities[int(prints[i])] = sample.identity
    samples[i]["ts_ms"] = sample.ts_ms
    samples[i]["value"] = sample.value
    samples[i]["n"] = sample.n
    return True


def _refuse_line(raw: bytes, sample: Any, tally: Tally) -> None:
    text = raw[sample["begin"] : min(sample["end"], sample["begin"] + 256)].decode("utf-8", "replace")
    tally.add(Reason.BAD_LINE, int(sample["place"]), f"{_LINE_FAULTS[int(sample['state'])]}: {text}")
