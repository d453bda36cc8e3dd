"""Own series by decoder: whose samples were lost or refused is named before their source."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from collectors.base import Decoded
from collectors.samples_json import JsonDecoder
from monitor.domain.anomaly import Verdict
from monitor.domain.meta import EVERY_MS
from monitor.domain.observation import Observations
from monitor.meta.figures import Facts, figures
from monitor.meta.tally import LEVELS, SHAPE, Tally, score_shares
from tests.meta.living import START_MS, Living, named, noise

COUNT = 100
DAY = 288


class Pushed(Living):
    """Samples are pushed as JSON, as senders do."""

    client: TestClient

    def _send(self, steps: Sequence[int], dropped: int = 0) -> None:
        samples = [
            {
                "metric": name.metric,
                "tags": dict(name.tags),
                "timestamp": START_MS + step * EVERY_MS,
                "value": v,
            }
            for step in steps
            for name, v in zip(self._names, self._value(step).tolist(), strict=True)
        ]
        answer = self.client.post("/api/v1/samples?mode=backfill", json={"samples": samples})
        assert answer.status_code == 200, answer.text
        self.monitor.settle(240)


def without_three_per_cent(whole: Callable[..., Decoded]) -> Callable[..., Decoded]:
    def decode(self: JsonDecoder, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        found = whole(self, body, all_identities=all_identities)
        batch, most = found.batch, len(found.batch) * 97 // 100
        columns = {name: getattr(batch, name)[:most] for name in ("fingerprint", "ts_ms", "value")}
        return replace(found, batch=replace(batch, **columns, n=None))

    return decode


@pytest.mark.slow
def test_a_decoder_that_loses_three_per_cent_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = Pushed(tmp_path, named(COUNT), lambda step: 10.0 + noise(step, COUNT))
    system.monitor.start()
    with TestClient(create_app(system.monitor), base_url="http://localhost") as system.client:
        system.live(140)
        assert system.meta_incidents() == []
        monkeypatch.setattr(JsonDecoder, "decode", without_three_per_cent(JsonDecoder.decode))
        assert system.until_frozen(DAY) < DAY
        (found,) = system.monitor.overseeing.incidents()
        assert found.headline.startswith("Decoder json: samples fell from 100 to 97")
        assert found.cause == ("decoder", "json")
        assert {one.metric for one in found.incident.suspects} == {
            "watchkeeper.decoder.samples",
            "watchkeeper.source.samples",
        }
    system.monitor.stop()


def told(before: Facts, now: Facts, metric: str) -> dict[str, float]:
    found = {name: value for name, value, _ in figures(before, now) if name.metric == metric}
    return {dict(name.tags)["decoder"]: value for name, value in found.items()}


def test_samples_and_refused_ones_are_told_by_decoder(tmp_path: Path) -> None:
    before = Facts([], decoders={"json": (1_000, 5), "csv": (50, 50)})
    now = Facts([], decoders={"json": (1_090, 15), "csv": (55, 52), "influx": (9, 0)})
    assert told(before, now, "watchkeeper.decoder.samples") == {"json": 90.0, "csv": 5.0}
    assert told(before, now, "watchkeeper.decoder.refused_share") == {
        "json": 0.1
    }  # of csv there were too few
    system = Living(tmp_path, named(1), lambda step: np.ones(1))
    system.monitor.start()
    with TestClient(create_app(system.monitor), base_url="http://localhost") as client:
        good: dict[str, Any] = {"metric": "m", "timestamp": START_MS, "value": 1.0}
        lines = "\n".join(json.dumps(one) for one in [good, {**good, "value": "x"}, good | {"value": None}])
        kinds = {"content-type": "application/x-ndjson"}
        assert client.post("/api/v1/samples", content=lines, headers=kinds).status_code == 200
        assert client.post("/api/v1/samples", json={"samples": [good]}).status_code == 200
        influx = client.post("/api/v2/write?precision=ms", content=f"cpu value=1 {START_MS}")
        assert influx.status_code == 204, influx.text
        system.now_ms += EVERY_MS
        facts = system.monitor.overseeing.facts(system.now_ms)
        assert facts.decoders == {"ndjson": (1, 2), "json": (1, 0), "influx": (1, 0)}
    system.monitor.stop()


def test_the_share_of_scores_by_level_is_that_of_a_count_of_them() -> None:
    rng = np.random.default_rng(1)
    score = rng.uniform(0, 100, 5_000).astype(np.float32)
    whole = np.arange(len(score))
    zeros = np.zeros(len(score))
    seen = Observations(
        row=whole.astype(np.int32),
        ts_ms=whole,
        value=zeros,
        n=zeros.astype(np.float32),
        expected=zeros,
        lower=zeros - 1,
        upper=zeros + 1,
        score=score,
        verdict=np.full(len(score), int(Verdict.IN_BAND), np.uint8),
        model=rng.integers(0, SHAPE[0], len(score)).astype(np.uint8),
    )
    tally = Tally()
    tally.add(seen, whole, rng.integers(0, SHAPE[1], len(score)).astype(np.uint8))
    n, shares = score_shares(tally.counts)
    assert n == len(score)
    assert shares == {str(level): float((score >= level).mean()) for level in LEVELS}
