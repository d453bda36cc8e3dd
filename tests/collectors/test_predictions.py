"""Bodies of predictions and outcomes: what is taken of each form, and what is said of what is not."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from collectors.errors import BadRequest, TooManySamples
from collectors.predictions import DecodedRows
from collectors.predictions_arrow import arrow_outcomes, arrow_predictions
from collectors.predictions_json import OutcomesJson, PredictionsJson
from monitor.served import columns

NOW_MS = 1_767_225_600_000


def prediction(**more: Any) -> dict[str, Any]:
    return {
        "id": "a-1",
        "model": "churn",
        "version": "7",
        "timestamp": NOW_MS,
        "score": 0.8,
        "latency_ms": 12.5,
        "segments": {"country": "NL"},
        "features": {"age": 41, "plan": "pro", "active": True, "visits": None},
        **more,
    }


def as_json(*rows: Any, name: str = "predictions") -> bytes:
    return json.dumps({name: list(rows)}).encode()


def stream(**told: Any) -> bytes:
    table = pa.table(told)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def reasons(decoded: DecodedRows) -> dict[str, list[int]]:
    return {one.reason: [place for place, _ in one.examples] for one in decoded.rejects}


def test_json_lines_and_arrow_say_the_same() -> None:
    rows = [
        prediction(),
        prediction(id=2, prediction="yes", score=None, segments=None, timestamp="2026-01-01T00:00:01Z"),
    ]
    whole = PredictionsJson().decode(as_json(*rows))
    lines = PredictionsJson(lines=True).decode(b"\r\n\n".join(json.dumps(row).encode() for row in rows))
    arrow = arrow_predictions().decode(
        stream(
            id=["a-1", "2"],
            model=pa.array(["churn", "churn"]).dictionary_encode(),
            version=["7", "7"],
            timestamp=pa.array([NOW_MS, NOW_MS + 1_000], pa.timestamp("ms", "UTC")),
            prediction=[None, "yes"],
            score=pa.array([0.8, None], pa.float32()),
            latency_ms=[12.5, 12.5],
            **{
                "segment.country": ["NL", None],
                "feature.age": [41, 41],
                "feature.plan": ["pro", "pro"],
                "feature.active": ["true", "true"],
                "feature.visits": pa.nulls(2),
                "unknown": [1, 2],
            },
        )
    )
    read = [columns.predictions(one.batch) for one in (whole, lines, arrow)]
    for one in read:
        assert one.key.tolist() == read[0].key.tolist()
        assert one.ts_ms.tolist() == [NOW_MS, NOW_MS + 1_000]
        assert [one.combinations[c].segments for c in one.combination] == [(("country", "NL"),), ()]
        assert [one.label.words[c] if c >= 0 else None for c in one.label.codes] == [None, "yes"]
        assert one.score[0] == pytest.approx(0.8)
        assert np.isnan(one.score[1])
        assert sorted(one.features) == ["active", "age", "plan", "visits"]
        assert np.asarray(one.features["age"]).tolist() == [41, 41]
    assert len(set(read[0].key.tolist())) == 2


def test_ids_are_those_of_their_model() -> None:
    rows = [prediction(id=1), prediction(id="1"), prediction(id=1, model="other")]
    first, second, third = PredictionsJson().decode(as_json(*rows)).batch.column("key").to_pylist()
    assert first == second != third
    outcome = {"id": 1, "model": "churn", "outcome": True}
    assert OutcomesJson().decode(as_json(outcome, name="outcomes")).batch.column("key").to_pylist() == [first]


def test_what_cannot_be_kept_is_told_by_place_and_the_rest_is_kept() -> None:
    rows = [
        prediction(),
        prediction(model=""),
        prediction(timestamp="yesterday"),
        prediction(timestamp=-5),
        {"id": 1},
        7,
        prediction(id=""),
        prediction(segments={"country": "a\nb"}),
        prediction(version="\ud83d\ude00"),
    ]
    decoded = PredictionsJson().decode(as_json(*rows))
    assert decoded.batch.num_rows == 2
    assert reasons(decoded) == {"bad_line": [4, 5], "bad_timestamp": [2, 3], "bad_name": [1, 6, 7]}
    assert decoded.rejected == 7
    infinite = arrow_predictions().decode(
        stream(id=[1, 2], model=["m", "m"], timestamp=[1, 2], prediction=[1.0, float("inf")])
    )
    assert reasons(infinite) == {"not_finite": [1]}
    unknown = OutcomesJson().decode(
        as_json(
            {"id": 1, "model": "m", "outcome": None}, {"id": 1, "model": "m", "outcome": 3}, name="outcomes"
        )
    )
    assert reasons(unknown) == {"missing_value": [0]}
    assert unknown.batch.column("ts_ms").to_pylist() == [-1]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"predictions": 3}', b'{"predictions": [NaN]}', b"\xff", b'{"mode": "live"}']
)
def test_a_body_that_cannot_be_read_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(BadRequest):
        PredictionsJson().decode(body)
    with pytest.raises(BadRequest):
        arrow_predictions().decode(body)


def test_limits_are_told() -> None:
    with pytest.raises(TooManySamples):
        PredictionsJson(rows_max=1).decode(as_json(prediction(), prediction()))
    with pytest.raises(TooManySamples):
        arrow_outcomes(1).decode(stream(id=[1, 2], model=["m", "m"], outcome=[1, 0]))
    with pytest.raises(BadRequest, match="at most 200"):
        PredictionsJson().decode(as_json(prediction(features={f"f{i}": 1 for i in range(201)})))
    with pytest.raises(BadRequest, match="no column 'outcome'"):
        arrow_outcomes().decode(stream(id=[1], model=["m"]))
    with pytest.raises(BadRequest, match="holds"):
        arrow_outcomes().decode(stream(id=[1], model=[3], outcome=[1]))


def test_nothing_is_nothing() -> None:
    assert PredictionsJson().decode(b'{"predictions": []}').batch.num_rows == 0
    assert PredictionsJson(lines=True).decode(b"\n\n").batch.num_rows == 0
    empty = stream(
        id=pa.array([], pa.string()), model=pa.array([], pa.string()), outcome=pa.array([], pa.float64())
    )
    assert arrow_outcomes().decode(empty).batch.num_rows == 0
