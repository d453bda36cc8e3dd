"""Which features of a bucket have drifted from the reference, and in which words that is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.served import Distance
from monitor.served import distance
from monitor.served.columns import Text
from monitor.served.sample import Sample

WORDS_MAX = 10_000
FEATURES_MAX = 200
LEAST_EXCESS = 0.05
"""Of the Jensen-Shannon distance, beyond chance: less is no drift that anybody would act on."""
SURE = 0.01
"""Probability that any of all features tested in a bucket is called drifted by chance (Bonferroni)."""
MAIN = "jensen_shannon"

Floats = NDArray[np.float64]


@dataclass
class Feature:
    """One column of a model's samples. ``words``: code by word, of text; None of numbers."""

    name: str
    words: dict[str, int] | None = None
    texts: list[str] = field(default_factory=list)

    def codes(self, texts: Sequence[str]) -> Floats:
        """The code of each word; those beyond the limit share one."""
        assert self.words is not None
        for text in texts:
            if text not in self.words and len(self.words) < WORDS_MAX:
                self.words[text] = len(self.texts)
                self.texts.append(text)
        return np.array([self.words.get(text, WORDS_MAX) for text in texts], np.float64)

    def values(self, column: Floats | Text) -> Floats:
        """A batch's column as numbers, or as codes of words; NaN where there is nothing."""
        if self.words is None:
            return column if isinstance(column, np.ndarray) else _as_numbers(column)
        text = column if isinstance(column, Text) else _as_words(column)
        values = np.full(len(text.codes), np.nan)
        named = text.codes >= 0
        used, inverse = np.unique(text.codes[named], return_inverse=True)
        values[named] = self.codes([text.words[code] for code in used.tolist()])[inverse]
        return values

    def text(self, code: float) -> str:
        return self.texts[int(code)] if code < len(self.texts) else "other values"


@dataclass(frozen=True, slots=True)
class Drifted:
    """One feature of one segment in one bucket. ``n``: cases that were compared."""

    feature: str
    n: int
    drifted: bool
    distances: dict[str, Distance]
    text: str

    def to_body(self) -> dict[str, Any]:
        return {
            "feature": self.feature,
            "n": self.n,
            "drifted": self.drifted,
            "distances": distance.summary(self.distances),
            "text": self.text,
        }


class Reference:
    """What one cell's features are compared with; all that depends on it alone is worked out once."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._sides: dict[int, distance.Numbers | distance.Words] = {}

    def compared(
        self, features: Sequence[Feature], current: Sample, where: str = "", *, whole: bool = True
    ) -> list[Drifted]:
        """Every feature that either side has; empty where one of them is too small. ``whole``: with all
        distances, and in words."""
        found: list[Drifted] = []
        for place, feature in enumerate(features):
            now = column(current, place)
            distances = self._side(place, feature).to(now, whole=whole)
            if not distances:
                return []
            before = column(self.sample, place)
            main = distances[MAIN]
            if main.value == 0 and np.isnan(now).all():
                continue
            drifted = main.excess >= LEAST_EXCESS and main.p < SURE / len(features)
            doubt = "" if drifted else _doubt(main, len(features))
            text = _said(feature, before, now, main, doubt, where) if whole else ""
            found.append(Drifted(feature.name, len(now), drifted, distances, text))
        return found

    def _side(self, place: int, feature: Feature) -> distance.Numbers | distance.Words:
        known = self._sides.get(place)
        if known is None:
            make = distance.Numbers if feature.words is None else distance.Words
            known = self._sides[place] = make(column(self.sample, place))
        return known


def column(sample: Sample, place: int) -> Floats:
    """One feature of a sample; NaN where it is missing, or was not known then."""
    if not 0 <= place < sample.values.shape[1]:
        return np.full(len(sample), np.nan)
    return sample.values[:, place]


def _doubt(main: Distance, features: int) -> str:
    """Why a distance beyond chance is not called drift."""
    if main.excess < LEAST_EXCESS:
        return "beyond chance, but small: "
    return f"beyond chance, but not surely among {features:,} features: "


def _said(feature: Feature, before: Floats, now: Floats, main: Distance, doubt: str, where: str) -> str:
    named = f"{feature.name}{f' of {where}' if where else ''}"
    sizes = f"distance {main.value:.2f}, and chance gives {main.chance:.2f} with {len(now)} cases"
    if main.excess == 0:
        return f"{named} is as it was: {sizes}"
    return f"{named}: {doubt}{_change(feature, before, now)} ({sizes})"


def _change(feature: Feature, before: Floats, now: Floats) -> str:
    was, is_now = float(np.isnan(before).mean()), float(np.isnan(now).mean())
    if abs(is_now - was) >= 0.05:
        return f"missing in {is_now:.0%} where it was {was:.0%}"
    if feature.words is None:
        return _numbers(before[~np.isnan(before)], now[~np.isnan(now)])
    codes = np.unique(np.concatenate([before, now]))
    codes = codes[~np.isnan(codes)]
    shares = np.array([[np.mean(side == code) for side in (before, now)] for code in codes])
    most = int(np.argmax(np.abs(shares[:, 1] - shares[:, 0])))
    old, new = shares[most]
    word = feature.text(codes[most])
    return f"{word} in {new:.0%}, a new value" if old == 0 else f"{word} in {new:.0%} where it was {old:.0%}"


def _numbers(before: Floats, now: Floats) -> str:
    middle, spread = (
        (float(np.median(before)), float(np.median(now))),
        (float(before.std()), float(now.std())),
    )
    if abs(middle[1] - middle[0]) >= 0.1 * (spread[0] or 1.0):
        return f"median {middle[1]:.4g} where it was {middle[0]:.4g}"
    if abs(spread[1] - spread[0]) >= 0.1 * spread[0]:
        return f"standard deviation {spread[1]:.4g} where it was {spread[0]:.4g}"
    return "another shape around the same middle"


def _as_numbers(column: Text) -> Floats:
    """Text where numbers came before: what is a number is one, the rest is missing."""
    values = np.full(len(column.words) + 1, np.nan)
    for code, word in enumerate(column.words):
        try:
            values[code] = float(word)
        except ValueError:
            continue
    return values[column.codes]


def _as_words(column: Floats) -> Text:
    known = ~np.isnan(column)
    values, inverse = np.unique(column[known], return_inverse=True)
    codes = np.full(len(column), -1, np.int64)
    codes[known] = inverse
    return Text(codes, [f"{value:g}" for value in values.tolist()])
