"""What others change is read under the lock of the state."""

from __future__ import annotations

import inspect
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest

from monitor.engine.inline import InlineEngine
from monitor.engine.learner import Learner
from monitor.engine.parts import Parts
from monitor.engine.queries import Queries
from monitor.engine.settings import HostSettings
from tests.engine.making import NAMES, Kept, batch, running, send

ID = f"{NAMES[0].fingerprint():016x}"
QUESTIONS: dict[str, dict[str, Any]] = {
    "series_list": {"metric": None, "q": None, "tag": None, "after": "", "limit": 10},
    "series_one": {"id": ID},
    "observations": {"id": ID, "from_ms": None, "to_ms": None, "max_points": 10},
    "revisions": {"id": ID, "from_ms": None, "to_ms": None, "max_points": 10},
    "journal": {"id": ID},
    "first_values": {"id": ID},
    "siblings": {"metric": "load", "most": 10},
    "metric_names": {},
    "declarations": {},
    "teams": {},
    "tag_counts": {},
    "labels": {"metrics": ["load"]},
    "cadences": {},
    "digest": {},
    "account": {"at_ms": 0},
    "own_series": {},
    "history_end": {},
    "freeze": {},
    "changed_since": {"since_ms": 0, "family": None},
    "verdicts": {"known": -1},
}


class Guarded:
    """Parts that are only looked at while the lock is held."""

    def __init__(self, parts: Parts, lock: Lock) -> None:
        self._parts = parts
        self._lock = lock

    def __getattr__(self, name: str) -> Any:
        assert self._lock.locked(), f"{name} is read without the lock"
        return getattr(self._parts, name)


def test_every_question_is_known_here() -> None:
    assert {name for name, _ in inspect.getmembers(Queries, inspect.isfunction) if name[0] != "_"} == set(
        QUESTIONS
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_holds_the_lock(question: str, tmp_path: Path) -> None:
    with running(InlineEngine, tmp_path) as engine:
        assert isinstance(engine, InlineEngine)
        send(engine, batch(0, 5))
        engine.settle(60)
        lock = Lock()
        for host in engine._hosts:
            queries = Queries(Guarded(host.parts, lock), lock)  # type: ignore[arg-type]
            getattr(queries, question)(**QUESTIONS[question])


def test_a_learning_pass_reads_under_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []
    read = Learner._waiting

    def watched(self: Learner, rows: Any) -> Any:
        held.append(self._state.locked())
        return read(self, rows)

    monkeypatch.setattr(Learner, "_waiting", watched)
    engine = InlineEngine(1, HostSettings(tmp_path))
    engine.start(Kept(), {})
    send(engine, batch(0, 40))
    engine.settle(60)
    engine.close()
    assert held
    assert np.all(held)
