"""examples/one_series.py: the sunny hour, and no other, is an anomaly."""

from __future__ import annotations

import pytest

from examples import one_series


def test_the_sunny_hour_stands_out() -> None:
    seen = one_series.watch()
    assert [hour for hour, _, score, _ in seen if score > 55.6] == [one_series.SUNNY]
    inside = [f.lower < degrees < f.upper for hour, degrees, _, f in seen if hour != one_series.SUNNY]
    assert all(inside)


def test_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert one_series.main() == 0
    assert capsys.readouterr().out.startswith(f"hour {one_series.SUNNY}: ")
