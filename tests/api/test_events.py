"""The event stream: changes reach every reader, a stop ends them, one too many is refused."""

from __future__ import annotations

import asyncio
import json

import pytest

from api.guard import SECURITY_HEADERS
from api.probe import Probe
from api.routes import server as routes
from monitor.changes import Watchers
from monitor.domain.incident import IncidentChange, IncidentTransition, TransitionKind
from monitor.engine.base import Events
from monitor.view import View
from tests.api.conftest import App
from tests.fakes import fake_monitor, storm_incident


def change() -> IncidentChange:
    incident = storm_incident()
    step = IncidentTransition(incident.id, 1, TransitionKind.OPENED, 0, 0, 1, 1, 97.0)
    return IncidentChange(step, incident)


def test_a_change_below_becomes_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "HEARTBEAT_S", 0.02)
    monitor, engine, story = fake_monitor()
    monitor.start()
    story.changes.append(change())

    async def read() -> list[bytes]:
        stream = routes._stream(View(monitor, None), lambda: True)
        seen = [await anext(stream), await anext(stream)]
        assert monitor.recounting.watchers == 1
        assert engine.on_events is not None
        engine.on_events(Events(0, 1, 0, []))
        seen.append(await anext(stream))
        monitor.recounting.end_changes()
        seen += [piece async for piece in stream]
        return seen

    first, second, told, *rest = asyncio.run(read())
    assert first == second == b"event: heartbeat\ndata: {}\n\n"
    assert rest == []
    name, data, _, _ = told.split(b"\n")
    assert name == b"event: incident"
    assert json.loads(data.removeprefix(b"data: ")) == {
        "id": storm_incident().id,
        "change": "opened",
        "state": "open",
        "priority": "P4",
        "acknowledged_by": None,
        "title": storm_incident().title,
        "start_ms": storm_incident().start_ms,
    }
    assert monitor.recounting.watchers == 0
    monitor.stop()


def test_streams_are_limited_and_guarded(small: App) -> None:
    loop = asyncio.new_event_loop()
    small.monitor.recounting._watchers._queues[asyncio.Queue()] = loop
    answer = small.http.get("/api/v1/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    small.monitor.recounting._watchers._queues.clear()
    loop.close()
    small.monitor.recounting.end_changes()
    answer = small.http.get("/api/v1/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == "event: heartbeat\ndata: {}\n\n"
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value


def test_a_reader_too_slow_is_let_go() -> None:
    async def story() -> int:
        watchers = Watchers()

        async def read() -> list[IncidentChange]:
            return [told async for told in watchers.follow()]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        for _ in range(1_500):
            watchers.tell(change())
        told = await asyncio.wait_for(reading, 5)
        assert len(watchers) == 0
        return len(told)

    assert asyncio.run(story()) < 1_500


def test_a_probe_never_waits_long_nor_asks_twice() -> None:
    asked = []

    async def story() -> list[str]:
        from threading import Event

        go_on = Event()

        def question() -> str:
            asked.append(1)
            go_on.wait(10)
            return "fine"

        probe = Probe(question, "hung", patience_s=0.02)
        answers = [await probe.ask(), await probe.ask()]
        go_on.set()
        probe._patience_s = 5.0
        return [*answers, await probe.ask()]

    assert asyncio.run(story()) == ["hung", "hung", "fine"]
    assert len(asked) == 1
