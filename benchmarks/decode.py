"""Bodies to columns: the shipped decoders, beside msgspec's typed decoding to Python objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from benchmarks.bodies import FORMATS, Bodies, Format
from benchmarks.figure import Figure
from benchmarks.timing import Work, in_turns
from collectors.arrow_stream import ArrowDecoder
from collectors.base import Decoder
from collectors.keys import WireKeys
from collectors.samples_json import JsonDecoder, NdjsonDecoder

TITLE = "a request's body to columns of samples, names known; one thread"


class _Sample(msgspec.Struct):
    metric: str
    timestamp: int
    value: float
    tags: dict[str, str] = {}
    n: float | None = None


class _Body(msgspec.Struct):
    samples: list[_Sample]


@dataclass(frozen=True, slots=True)
class Size:
    series: int
    batch: int
    repeats: int


FULL = Size(100_000, 10_000, 9)
TOY = Size(400, 200, 2)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    bodies = Bodies(size.series, size.batch)
    work = {form.name: bodies.sweep(0, form) for form in FORMATS}
    keys = WireKeys(seed=1)
    decoders: dict[str, Decoder] = {
        "JSON": JsonDecoder(keys),
        "NDJSON": NdjsonDecoder(keys),
        "Arrow": ArrowDecoder(keys),
        "Arrow, dictionaries": ArrowDecoder(keys),
    }
    variants = {name: _work(decoders[name].decode, work[name]) for name in work}
    for form in FORMATS:
        _check(decoders[form.name], work[form.name], form, size.batch)
    whole, lines = msgspec.json.Decoder(_Body), msgspec.json.Decoder(_Sample)
    variants["msgspec, JSON"] = _work(whole.decode, work["JSON"])
    variants["msgspec, NDJSON"] = _work(lines.decode_lines, work["NDJSON"])
    cost = in_turns(variants, size.repeats)
    figures = [
        Figure(f"{name} over msgspec", cost[f"msgspec, {name}"].cpu_s / cost[name].cpu_s, "×", note="CPU")
        for name in ("JSON", "NDJSON")
    ]
    per_sample = {name: sum(map(len, parts)) / size.series for name, parts in work.items()}
    for name, one in cost.items():
        text = f"{per_sample[name]:.0f} bytes a sample" if name in per_sample else "typed structs, no columns"
        figures.append(Figure(name, one.cpu_ns(size.series), "ns CPU a sample", note=text))
    return figures


def _work(decode: Callable[[bytes], object], bodies: list[bytes]) -> Work:
    """Decode one body after the other; nothing is kept."""

    def decode_all(_: int) -> None:
        for body in bodies:
            decode(body)

    return decode_all


def _check(decoder: Decoder, bodies: list[bytes], form: Format, batch: int) -> None:
    """Every sample is decoded, none refused; afterwards all names are known."""
    for body in bodies:
        decoded = decoder.decode(body)
        assert len(decoded.batch) == batch, f"{form.name}: not every sample was decoded"
        assert not decoded.rejects, f"{form.name}: samples were refused"
