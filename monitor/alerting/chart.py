"""One picture of a series in trouble, for whoever is woken by it: what it is beside what it should be, and
how far off that is beside what is usual. Needs the extra ``charts``.

Three charts in one picture, as in the bluevine seed: value with expectation and band; its error over time,
with the thresholds; and the histogram of the errors before, with a noncentral t law fitted to it, the
thresholds, and where the anomaly lies. Sized to be read on a telephone.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.threshold.noncentral_t import fit
from monitor.alerting.text import shown
from monitor.domain.anomaly import ANOMALOUS
from monitor.domain.notice import Picture
from monitor.domain.told_band import told_band
from monitor.domain.units import Way
from monitor.domain.words import moment

LEAST = 8
"""Observations of which a picture is drawn; of fewer there is none."""
_BINS = 41
_SIZE = (7.2, 7.4)
_DOTS = 110
_INK, _QUIET, _BAND, _LINE, _BAD = "#1a1c1e", "#6b7075", "#d7e3f4", "#2f6db5", "#c62828"
_PLACES: dict[str, Any] = {
    "left": 0.1,
    "right": 0.97,
    "top": 0.87,
    "bottom": 0.06,
    "hspace": 0.26,
    "wspace": 0.16,
}
_drawing = Lock()


@dataclass(frozen=True, slots=True)
class Track:
    """Columns of one series, by time: ``ts_ms`` of buckets, ``value``, ``expected``, ``lower``, ``upper``
    (NaN where there is none) and ``verdict``. ``from_ms``: since when it has been in trouble."""

    series: str
    way: Way
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    expected: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    verdict: NDArray[np.uint8]
    from_ms: int


def picture(track: Track) -> Picture | None:
    """The picture; None where there is too little to draw. One at a time, whatever the threads."""
    if np.isfinite(track.value).sum() < LEAST:
        return None
    with _drawing:
        return Picture(shown(track.series, 100), _png(track), described(track))


def described(track: Track) -> str:
    """What the picture shows, for those who cannot see it."""
    return shown(f"{shown(track.series, 200)}: {_worst(track)}", 400)


def _worst(track: Track) -> str:
    """The worst bucket so far, in words."""
    bad = _bad(track)
    if not bad.any():
        return f"value and expectation until {moment(int(track.ts_ms[-1]))}"
    at = int(np.argmax(np.where(bad, np.nan_to_num(np.abs(_errors(track)), nan=0.0), -1.0)))
    number = track.way.number
    value, expected = number(float(track.value[at])), number(float(track.expected[at]))
    return f"{value} at {moment(int(track.ts_ms[at]))}, where {expected} was expected"


def _png(track: Track) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, height_ratios=(3, 2), **_PLACES)
    heading: dict[str, Any] = {"x": 0.03, "ha": "left", "va": "top", "color": _INK}
    figure.text(y=0.985, s=_text(track.series, 80), fontsize=11, fontweight="bold", **heading)
    figure.text(y=0.955, s=_text(_worst(track), 110), fontsize=9, **heading)
    _values(figure.add_subplot(grid[0, :]), track)
    _errors_over_time(figure.add_subplot(grid[1, 0]), track)
    _histogram(figure.add_subplot(grid[1, 1]), track)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _values(axes: Any, track: Track) -> None:
    times, bad = _times(track), _bad(track)
    lower, upper = told_band(track.way, track.value, track.expected, track.lower, track.upper)
    axes.fill_between(times, lower, upper, color=_BAND, linewidth=0, label="normal range")
    axes.plot(times, track.expected, color=_LINE, linewidth=1.1, linestyle="--", label="expected")
    axes.plot(times, track.value, color=_INK, linewidth=1.1, label="value")
    axes.plot(
        *(times[bad], track.value[bad]),
        linestyle="",
        marker="o",
        markersize=_dot(bad),
        color=_BAD,
        label="anomalous",
    )
    axes.axvline(_time(track.from_ms), color=_BAD, linewidth=0.9, linestyle=":")
    axes.yaxis.set_major_formatter(_number(track))
    axes.set_ylim(*_range(track))
    _dated(axes)
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderpad": 0.1}
    axes.legend(ncols=4, fontsize=8, frameon=False, **place)


def _errors_over_time(axes: Any, track: Track) -> None:
    times, bad, errors = _times(track), _bad(track), _errors(track)
    axes.fill_between(
        times, track.lower - track.expected, track.upper - track.expected, color=_BAND, linewidth=0
    )
    axes.axhline(0.0, color=_QUIET, linewidth=0.8)
    axes.plot(times, errors, color=_INK, linewidth=0.9)
    axes.plot(times[bad], errors[bad], linestyle="", marker="o", markersize=_dot(bad), color=_BAD)
    axes.set_title("value minus expected", fontsize=9, color=_INK, loc="left")
    axes.yaxis.set_major_formatter(_number(track))
    _dated(axes, most=4)


def _histogram(axes: Any, track: Track) -> None:
    errors, bad = _errors(track), _bad(track)
    usual = errors[np.isfinite(errors) & ~bad]
    axes.set_title("how far off before, and now", fontsize=9, color=_INK, loc="left")
    axes.set_yticks([])
    _plain(axes)
    if len(usual) < LEAST or not (spread := float(np.median(np.abs(usual - np.median(usual))))) > 0.0:
        place = {"transform": axes.transAxes, "ha": "center"}
        axes.text(0.5, 0.5, "too few to tell", color=_QUIET, fontsize=9, **place)
        return
    lower, upper = _thresholds(track)
    reach = 1.15 * max(*np.abs(usual), abs(lower), abs(upper), 4.0 * spread)
    edges = np.linspace(-reach, reach, _BINS)
    heights, _, _ = axes.hist(usual, bins=edges, color=_BAND, edgecolor="white", linewidth=0.4)
    _law(axes, usual, spread, edges)
    for side in (lower, upper):
        if np.isfinite(side):
            axes.axvline(side, color=_LINE, linewidth=1.0, linestyle="--")
    found = errors[bad & np.isfinite(errors)]
    if len(found):
        at = np.clip(found, -reach, reach)
        height = 0.06 * heights.max()
        axes.plot(at, np.full(len(at), height), "o", color=_BAD, markersize=_dot(bad), clip_on=False)
        farthest = float(at[np.argmax(np.abs(found))])
        beyond = "now, and beyond" if np.abs(found).max() > reach else "now"
        anchor = "right" if farthest > 0.0 else "left"
        axes.text(farthest, 2.0 * height, beyond, color=_BAD, fontsize=8, ha=anchor)
    axes.xaxis.set_major_formatter(_number(track))
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlim(-reach, reach)


def _law(axes: Any, usual: NDArray[np.float64], spread: float, edges: NDArray[np.float64]) -> None:
    from scipy.stats import nct

    law = fit(usual / spread)
    at = np.linspace(edges[0], edges[-1], 400)
    density = nct.pdf((at / spread - law.place) / law.size, law.degrees, law.skewness) / (law.size * spread)
    axes.plot(at, density * len(usual) * (edges[1] - edges[0]), color=_LINE, linewidth=1.2)


def _thresholds(track: Track) -> tuple[float, float]:
    """How far below and above its expectation a value may usually be."""
    below, above = track.lower - track.expected, track.upper - track.expected
    sides = [side[np.isfinite(side)] for side in (below, above)]
    lower, upper = (float(np.median(side)) if len(side) else float("nan") for side in sides)
    return lower, upper


def _bad(track: Track) -> NDArray[np.bool_]:
    return np.isin(track.verdict, ANOMALOUS) & (track.ts_ms >= track.from_ms)


def _errors(track: Track) -> NDArray[np.float64]:
    return np.asarray(track.value - track.expected, np.float64)


def _range(track: Track) -> tuple[float, float]:
    """Of values and expectations; the band may be far wider, and is cut."""
    seen = np.concatenate([track.value, track.expected])
    seen = seen[np.isfinite(seen)]
    lower, upper = float(seen.min()), float(seen.max())
    margin = 0.08 * (upper - lower) or max(0.05 * abs(upper), 1e-9)
    return lower - margin, upper + margin


def _times(track: Track) -> NDArray[np.datetime64]:
    return track.ts_ms.astype("datetime64[ms]")


def _time(at_ms: int) -> np.datetime64:
    return np.datetime64(at_ms, "ms")


def _dated(axes: Any, most: int = 7) -> None:
    from matplotlib import dates

    of: Any = dates  # its locators have no types

    locator = of.AutoDateLocator(tz=UTC, minticks=3, maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(of.ConciseDateFormatter(locator, tz=UTC))
    _plain(axes)


def _dot(bad: NDArray[np.bool_]) -> float:
    """Few can be seen from afar, and many must not hide the line."""
    return 4.0 if bad.sum() <= 40 else 2.0


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_QUIET)
    axes.tick_params(labelsize=8, colors=_INK)


def _number(track: Track) -> Callable[[float, object], str]:
    return lambda value, _: _text(track.way.number(float(value)), 40)


def _text(text: str, most: int) -> str:
    """No formulas, which a dollar would begin; and a box for what the font has not."""
    from matplotlib.font_manager import findfont, get_font

    has = get_font(findfont("DejaVu Sans")).get_char_index
    known = "".join(c if has(ord(c)) else "\N{WHITE SQUARE}" for c in shown(text, most))
    return known.replace("$", r"\$")
