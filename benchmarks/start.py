"""From the start of the command to the first answer: never started before, and with its kernels cached."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.bodies import FIRST_MS, JSON
from benchmarks.figure import Figure
from benchmarks.posting import SAMPLES
from benchmarks.servers import request, watchkeeper

TITLE = "watchkeeper serve, to its first answer and its first acknowledged sample"
_SAMPLE = f'{{"samples":[{{"metric":"m","timestamp":{FIRST_MS},"value":1.5}}]}}'.encode()


def run(toy: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        cache = {} if toy else {"NUMBA_CACHE_DIR": str(Path(folder) / "kernels")}
        data = Path(folder) / "data"
        first, first_sample = _start(data, cache)
        again = [_start(data, cache) for _ in range(1 if toy else 3)]
    ready, sample = median(a[0] for a in again), median(a[1] for a in again)
    found = "kernels cached beside their sources" if toy else "empty kernel cache: all kernels are compiled"
    return [
        Figure("first start", first, "s", goal=60.0, at_most=True, note=found),
        Figure("first start, sample", first_sample, "s", note="until a sample is acknowledged"),
        Figure("warm start", ready, "s", goal=5.0, at_most=True, note="kernels cached, data folder kept"),
        Figure("warm start, sample", sample, "s", note="until a sample is acknowledged"),
    ]


def _start(data: Path, cache: dict[str, str]) -> tuple[float, float]:
    """Seconds to ready and to the first acknowledged sample; the server is stopped again."""
    with watchkeeper(data, **cache) as server:
        ready = time.perf_counter() - server.began
        status, said = request(server.port, "POST", SAMPLES, _SAMPLE, JSON)
        sample = time.perf_counter() - server.began
        assert status == 200, f"answered {status}: {said[:300]!r}"
    return ready, sample
