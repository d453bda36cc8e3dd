"""Verdicts made again are those that were stored, to the bit, whatever has happened since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.commands.replay import replay
from monitor.domain.errors import NotFound
from monitor.domain.meta import EVERY_MS
from monitor.domain.observation import COLUMNS
from monitor.engine.rebuilding import decision_of, rebuild
from monitor.illustrating import as_it_was
from tests.meta.living import START_MS, Living, living, named, noise

COUNT = 1
STORED = [name for name in COLUMNS if name != "row"]


def spiky(step: int) -> np.ndarray:
    """A level, with a day's season, and a spike in the first series at step 700."""
    value = 50.0 + 10.0 * np.sin(2 * np.pi * step / 288) + noise(step, COUNT)
    value[0] += 40.0 * (step == 700)
    return np.asarray(value)


def stored(system: Living, id: str, step: int) -> dict[str, Any]:
    at = START_MS + step * EVERY_MS
    found = system.monitor.reading.observations(id, from_ms=at, to_ms=at + 1)
    return {name: np.asarray(found[name])[-1] for name in STORED if len(found["ts_ms"])}


def same(rebuilt: dict[str, Any], kept: dict[str, Any]) -> bool:
    return all(np.array_equal(kept[name], rebuilt[name], equal_nan=True) for name in _NUMBERS)


_NUMBERS = ("ts_ms", "value", "expected", "lower", "upper", "score")


def test_a_verdict_is_made_again_after_restarts_and_after_models_have_moved_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = named(COUNT)
    one = names[0].fingerprint()
    with living(tmp_path, names, spiky) as system:
        system.past(760)
        kept = {step: stored(system, f"{one:016x}", step) for step in (5, 200, 660, 700, 701)}
        (spike,) = [a for a in system.monitor.recounting.anomalies().items if a.anomaly.series == names[0]]
        first = rebuild(tmp_path, one, START_MS + 700 * EVERY_MS)
        drawn = as_it_was(first)
        assert first.since == 0
        assert decision_of(spike.anomaly.id) == (one, START_MS + 700 * EVERY_MS)
    with living(tmp_path, names, spiky) as system:
        system.step = 760
        system.past(400)
        for step, was in kept.items():
            again = rebuild(tmp_path, one, START_MS + step * EVERY_MS + 1)
            assert same(again.verdict, was), step
    again = rebuild(tmp_path, one, START_MS + 700 * EVERY_MS)
    assert as_it_was(again) == drawn
    assert drawn is not None
    assert replay(None, tmp_path, decision=spike.anomaly.id, chart=tmp_path / "c.png", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["value"]) == ("anomaly", float(kept[700]["value"]))
    assert (tmp_path / "c.png").read_bytes() == drawn.png


@pytest.mark.slow
def test_from_a_checkpoint_where_the_log_has_forgotten_its_beginning(tmp_path: Path) -> None:
    names = named(COUNT)
    one = names[0].fingerprint()
    for run in range(4):  # the second one's checkpoint is the oldest that is kept
        with living(tmp_path, names, spiky) as system:
            system.step = run * 200
            system.past(200)
            kept = stored(system, f"{one:016x}", 700)
    again = rebuild(tmp_path, one, START_MS + 700 * EVERY_MS)
    assert same(again.verdict, kept)
    assert again.since > 0
    with pytest.raises(NotFound, match="was not judged"):
        rebuild(tmp_path, one, START_MS + 100 * EVERY_MS)


def test_what_cannot_be_made_again_says_so(tmp_path: Path) -> None:
    names = named(1)
    with living(tmp_path, names, lambda step: noise(step, 1)) as system:
        system.past(40)
    with pytest.raises(NotFound, match="was not judged"):
        rebuild(tmp_path, names[0].fingerprint(), START_MS - 5)
    with pytest.raises(NotFound, match="was not judged"):
        rebuild(tmp_path, 17, START_MS)
    with pytest.raises(NotFound, match="no data"):
        rebuild(tmp_path / "nothing", 17, START_MS)
    for text in ("", "orders", "zz@5", "0b-1"):
        with pytest.raises(NotFound, match="no decision"):
            decision_of(text)
