"""`Serving` whose samples go to a file, a line each.

By ``python -m tests.served.hooked FOLDER SEED`` it takes the records of a world, and says of each when it is
acknowledged, until it is killed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import DAY_MS
from monitor.domain.series import Identity
from monitor.engine.base import Accepted
from monitor.serving import Hooks, Serving
from tests.served.world import Record, World, records, world

Samples = dict[tuple[str, int], list[tuple[float, str]]]


def serving(folder: Path, clock: Callable[[], int], fail: list[Exception] | None = None) -> Serving:
    """``fail``: errors with which the next samples are refused."""
    declared: dict[str, Any] = {}

    def submit(batch: SampleBatch, mode: Mode, request_id: bytes) -> Future[Accepted]:
        future: Future[Accepted] = Future()
        if fail:
            future.set_exception(fail.pop(0))
            return future
        with (folder / "told.jsonl").open("a") as file:
            for place, number in enumerate(batch.fingerprint.tolist()):
                series = str(Identity.from_canonical(batch.identities[number]))
                n = None if batch.n is None else float(batch.n[place])
                line = [series, int(batch.ts_ms[place]), float(batch.value[place]), repr(n)]
                file.write(json.dumps(line) + "\n")
        future.set_result(Accepted(len(batch), {}))
        return future

    hooks = Hooks(submit, lambda: declared, lambda name, body: declared.update({name: body}), clock)
    return Serving(folder / "served", 1 << 30, hooks)


def told(folder: Path) -> Samples:
    found: Samples = {}
    path = folder / "told.jsonl"
    for line in path.read_text().splitlines() if path.exists() else []:
        series, ts_ms, value, n = json.loads(line)
        found.setdefault((series, ts_ms), []).append((value, n))
    return found


def a_world(seed: int) -> World:
    return world(400, hours=5, seed=seed, delay_ms=DAY_MS, never=0.05)


def feed(
    one: Serving,
    arriving: list[Record],
    now: list[int],
    first: int = 0,
    say: Callable[[int], None] = lambda place: None,
) -> None:
    """Send records one after another, each with its place as its request id, and say what is acknowledged."""
    for place, (arrival_ms, kind, batch) in enumerate(arriving[first:], first):
        now[0] = arrival_ms
        request_id = place.to_bytes(16, "little")
        getattr(one, kind)(batch, Mode.LIVE, request_id).result(60)
        say(place)


def main(folder: Path, seed: int) -> None:
    now = [0]
    one = serving(folder, lambda: now[0])
    one.start()
    feed(one, records(a_world(seed)), now, say=lambda place: print(place, flush=True))
    one.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
