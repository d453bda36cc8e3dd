"""Plots as SVG text, without a library: shares in colour, bars on a logarithmic axis, and a curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_CELL_W, _CELL_H, _LEFT, _TOP = 78, 24, 190, 40
_STYLE = "<style>text{font:12px sans-serif;fill:#222}.s{font-size:11px}.h{font-weight:bold}</style>"


def shares(
    title: str, rows: Sequence[str], columns: Sequence[str], value: Mapping[tuple[str, str], float]
) -> str:
    """Shares in [0, 1] by (row, column), red to green; what is not in ``value`` stays empty.

    >>> "87 %" in shares("recall", ["a"], ["spike"], {("a", "spike"): 0.87})
    True
    """
    width, height = _LEFT + _CELL_W * len(columns) + 10, _TOP + 22 + _CELL_H * len(rows) + 10
    out = [_text(8, 18, title, "h")]
    for k, column in enumerate(columns):
        out.append(_text(_LEFT + (k + 0.5) * _CELL_W, _TOP + 12, column, "s", "middle"))
    for j, row in enumerate(rows):
        y = _TOP + 22 + j * _CELL_H
        out.append(_text(_LEFT - 8, y + 16, row, "", "end"))
        for k, column in enumerate(columns):
            share = value.get((row, column))
            if share is None:
                continue
            x = _LEFT + k * _CELL_W
            colour = f"hsl({120.0 * share:.0f},65%,{78.0 - 8.0 * share:.0f}%)"
            out.append(
                f'<rect x="{x}" y="{y}" width="{_CELL_W - 2}" height="{_CELL_H - 2}" fill="{colour}"/>'
            )
            out.append(_text(x + _CELL_W / 2, y + 16, f"{100.0 * share:.0f} %", "", "middle"))
    return _svg(width, height, out)


def bars(title: str, value: Mapping[str, Mapping[str, float]], mark: float) -> str:
    """By row the bars of each name, on a logarithmic axis from 0.001; a line at ``mark``."""
    names = list(dict.fromkeys(name for row in value.values() for name in row))
    span = max([mark, *(v for row in value.values() for v in row.values())])
    least, wide = 1e-3, 520.0
    scale = wide / math.log10(max(span, 1.0) / least)
    colours = ("#2b6cb0", "#c05621", "#718096")
    step = 13 * len(names) + 7
    height = _TOP + step * len(value) + 30
    out = [_text(8, 18, title, "h")]
    for k, name in enumerate(names):
        out.append(f'<rect x="{_LEFT + 170 * k}" y="26" width="10" height="10" fill="{colours[k]}"/>')
        out.append(_text(_LEFT + 170 * k + 14, 35, name, "s"))
    for j, (row, of) in enumerate(value.items()):
        y = _TOP + 4 + j * step
        out.append(_text(_LEFT - 8, y + 7 * len(names) + 3, row, "", "end"))
        for k, name in enumerate(names):
            length = scale * math.log10(max(of[name], least) / least) if name in of else 0.0
            top = y + 13 * k
            out.append(f'<rect x="{_LEFT}" y="{top}" width="{length:.1f}" height="11" fill="{colours[k]}"/>')
            out.append(_text(_LEFT + length + 4, top + 10, f"{of.get(name, 0.0):.3g}", "s"))
    at = _LEFT + scale * math.log10(mark / least)
    out.append(
        f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{height - 24}" '
        'stroke="#276749" stroke-dasharray="4"/>'
    )
    out.append(_text(at, height - 10, f"goal {mark:g}", "s", "middle"))
    return _svg(int(_LEFT + wide + 60), height, out)


def curve(title: str, value: Mapping[int, float]) -> str:
    """Points joined by a line on linear axes from 0, each with its value; a straight one is linear growth.

    >>> "1,000" in curve("seconds", {500: 1.0, 1_000: 2.0})
    True
    """
    wide, high = 520.0, 260.0
    across, up = max(value), max(value.values())
    place = [
        (_LEFT + wide * x / across, _TOP + high * (1.0 - y / up), f"{x:,}", f"{y:.3g}")
        for x, y in value.items()
    ]
    out = [_text(8, 18, title, "h")]
    out.append(f'<path d="M{_LEFT} {_TOP}V{_TOP + high}H{_LEFT + wide}" fill="none" stroke="#222"/>')
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in [(_LEFT, _TOP + high, "", ""), *place])
    out.append(f'<polyline points="{line}" fill="none" stroke="#2b6cb0"/>')
    for x, y, below, beside in place:
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#2b6cb0"/>')
        out.append(_text(x - 6, y - 4, beside, "s", "end"))
        out.append(_text(x, _TOP + high + 16, below, "s", "middle"))
    return _svg(int(_LEFT + wide + 60), int(_TOP + high + 40), out)


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    back = f'<rect width="{width}" height="{height}" fill="white"/>'
    return "\n".join([head, _STYLE, back, *parts, "</svg>", ""])
