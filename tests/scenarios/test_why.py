"""Every sample of a story, asked why: one reason each, which is what history and the anomalies say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.assembly import build
from monitor.domain.anomaly import ANOMALOUS, Verdict
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import HOUR_MS
from monitor.domain.explanation import Reason
from monitor.domain.series import Identity
from monitor.service import Monitor
from monitor.settings import Settings
from tests.scenarios.story import LENGTH, START_MS, rows

NAMES = [Identity.of("orders" if place < 2 else "latency", {"host": f"h{place}"}) for place in range(5)]
OF_VERDICT = {
    Verdict.IN_BAND: Reason.IN_BAND,
    Verdict.LEARNING: Reason.LEARNING,
    Verdict.ANOMALY: Reason.ANOMALY,
    Verdict.SHIFTED: Reason.ANOMALY,
    Verdict.BELOW_MIN_CHANGE: Reason.BELOW_MIN_CHANGE,
    Verdict.STATIC_BOUND: Reason.STATIC_BOUND,
}


def id_of(name: Identity) -> str:
    return f"{name.fingerprint():016x}"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """The story, in; and after the end of the file two samples too late, and one of a series just begun."""
    folder: Path = tmp_path_factory.mktemp("why")
    monitor = build(Settings(engine="inline", shards=2, data_dir=folder))
    monitor.start()
    monitor.declaring.metric("lat*", {"unit": "ms", "static_upper": 1_000.0})
    table = rows()
    names = [Identity.of(m, {"host": h}) for m, h in zip(table["metric"], table["host"], strict=True)]
    send(monitor, names, table["ts_ms"].tolist(), table["value"].tolist())
    monitor.settle(120)
    there = monitor.reading.observations(id_of(NAMES[2]), max_points=11_000)["ts_ms"].tolist()
    lone = next(ts for i in range(60, 240) if (ts := START_MS + i * 60_000) not in there)
    late = [lone, START_MS + 260 * 60_000]  # in a gap of one, and in that of forty
    send(monitor, [NAMES[2]] * 2, late, [6.0, 7.0])
    send(monitor, [Identity.of("young")], [START_MS], [1.0])
    monitor.settle(120)
    yield monitor
    monitor.stop()


def send(monitor: Monitor, names: list[Identity], ts_ms: list[int], values: list[float]) -> None:
    import numpy as np

    batch = SampleBatch(
        fingerprint=np.array([name.fingerprint() for name in names], np.uint64),
        ts_ms=np.array(ts_ms, np.int64),
        value=np.array(values, np.float64),
        identities={name.fingerprint(): name.canonical() for name in names},
    )
    monitor.taking.submit(batch, Mode.BACKFILL).result(60)


def test_every_bucket_has_the_reason_that_history_tells(told: Monitor) -> None:
    seen: Counter[Reason] = Counter()
    for place, name in enumerate(NAMES):
        step = HOUR_MS if place < 2 else 60_000
        columns = told.reading.observations(id_of(name), max_points=11_000)
        verdicts = dict(zip(columns["ts_ms"].tolist(), columns["verdict"].tolist(), strict=True))
        for bucket in range(START_MS // step - 2, START_MS // step + LENGTH + 3, 1 if place == 2 else 3):
            ts_ms = bucket * step
            found = told.reading.explain(id_of(name), ts_ms + step // 2)
            reason = found.explanation.reason
            seen[reason] += 1
            assert found.facts.bucket_ms == ts_ms
            assert found.text
            if ts_ms in verdicts:
                assert reason is OF_VERDICT[Verdict(verdicts[ts_ms])], (name, bucket)
            else:
                assert reason not in (Reason.IN_BAND, Reason.LEARNING, Reason.BELOW_MIN_CHANGE)
            if verdicts.get(ts_ms) in ANOMALOUS:
                assert found.placed is not None, (name, bucket)
                assert found.placed.anomaly.onset_ms <= ts_ms
    common = {
        Reason.IN_BAND,
        Reason.LEARNING,
        Reason.ANOMALY,
        Reason.MISSING,
        Reason.BEFORE_FIRST,
        Reason.LATE,
    }
    assert common | {Reason.NOT_FINAL, Reason.NOT_ARRIVED} <= set(seen), seen


def test_a_gap_longer_than_ever_and_a_late_sample_in_it(told: Monitor) -> None:
    found = told.reading.explain(str(NAMES[2]), START_MS + 270 * 60_000)
    late = told.reading.explain(str(NAMES[2]), START_MS + 260 * 60_000)
    assert (found.explanation.reason, late.explanation.reason) == (Reason.ANOMALY, Reason.ANOMALY)
    assert found.unusual.startswith("21 empty buckets in a row; the longest of the last")
    assert late.facts.late[0].value == 7.0


def test_of_a_time_before_the_first_model_none_is_named_as_its_judge(told: Monitor) -> None:
    found = told.reading.explain("latency{host=h2}", START_MS + 5 * 60_000)
    assert (found.explanation.reason, found.judged_by) == (Reason.LEARNING, None)
    since = found.series["champion"]
    assert found.text.startswith("Was still learning, no score: ")
    assert found.text.endswith(f" The model chosen since is {since}.")


def test_a_spike_says_all_of_itself(told: Monitor) -> None:
    spike = START_MS + 300 * 60_000
    found = told.reading.explain("latency{host=h2}", spike)
    assert found.explanation.reason is Reason.ANOMALY
    assert found.explanation.size == pytest.approx(100, abs=5)
    assert found.explanation.percent == pytest.approx(100, abs=6)
    assert "times the largest of the last" in found.unusual
    assert found.judged_by not in (None, "none")
    assert found.facts.past is not None
    assert found.facts.past.since_known
    assert found.explanation.normal is not None
    lower, upper = found.explanation.normal
    assert lower < 100 < upper < 200
    assert " ms where " in found.text
    assert found.placed is not None
    (said,) = told.reading.about([found.placed])
    assert said.judged_by == found.judged_by
    assert said.size == found.explanation.size
    assert said.unusual == found.unusual


def test_a_series_that_has_just_begun(told: Monitor) -> None:
    found = told.reading.explain("young", START_MS)
    assert found.explanation.reason is Reason.NO_CADENCE
    assert found.facts.waiting == (1.0,)


def test_over_http_from_worker_processes(tmp_path: Path) -> None:
    monitor = build(Settings(engine="processes", shards=2, data_dir=tmp_path))
    with TestClient(create_app(monitor), base_url="http://localhost") as http:
        while http.get("/ready").status_code != 200:
            pass
        name = NAMES[3]
        table = rows()
        table = table[table["host"] == "h3"]
        send(monitor, [name] * len(table), table["ts_ms"].tolist(), table["value"].tolist())
        monitor.settle(120)
        asked: dict[str, Any] = {"series": str(name), "at": START_MS + 301 * 60_000}
        found = http.get("/api/v1/explain", params=asked).json()
        assert found["reason"] == "anomaly"
        listed = http.get("/api/v1/anomalies", params={"series": id_of(name)}).json()["items"]
        assert found["anomaly"] in listed
        assert all(one["text"] and one["normal"] for one in listed)
