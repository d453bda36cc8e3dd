"""MLflow's own client on a store in SQLite: runs become samples, registered models changes, verdicts tags."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from collectors.mlflow_source import MlflowSource
from collectors.mlflow_verdicts import OVER, VERDICT, of_version
from collectors.pulled import SourceFailed
from collectors.source_file import validated
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import BadRequest
from monitor.domain.series import Identity
from tests.sources.mlflow import Store

slow = pytest.mark.slow
quiet = pytest.mark.filterwarnings("ignore")  # MLflow's ways with SQLAlchemy are its own
START = 1_767_225_600_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("mlflow") / "mlflow.db")


def declared(uri: str, **changed: Any) -> Any:
    (one,) = validated({"mlflow": [{"name": "lab", "uri": uri} | changed]}).mlflow
    return one


def source(store: Store, file: Path | None = None, **changed: Any) -> MlflowSource:
    return MlflowSource(declared(store.uri, **changed), lambda _: "", file)


def anomaly(series: Identity, onset_ms: int, end_ms: int | None) -> Anomaly:
    last = onset_ms if end_ms is None else end_ms - MINUTE_MS
    return Anomaly(
        "a",
        series,
        AnomalyKind.DIP,
        -1,
        onset_ms,
        onset_ms,
        last,
        end_ms,
        91.4,
        0.6,
        0.8,
        0.75,
        0.85,
        1,
        MINUTE_MS,
    )


@slow
@quiet
def test_runs_that_finished_are_samples_at_their_end(store: Store) -> None:
    store.run(START + 5, {"auc": 0.8, "loss": 0.3}, tags={"country": "NL"})
    store.run(START + MINUTE_MS, {"auc": 0.9})
    store.run(START + 10, {"auc": 0.1}, status="FAILED")
    store.run(START + 2 * MINUTE_MS, {"auc": 0.7})
    found = source(store, metrics=["auc"], run_tags=["country"]).read(START, START + 2 * MINUTE_MS).batch
    names = {number: str(Identity.from_canonical(text)) for number, text in found.identities.items()}
    rows = zip(found.fingerprint.tolist(), found.ts_ms.tolist(), found.value.tolist(), strict=True)
    assert [(names[number], at, value) for number, at, value in rows] == [
        ("mlflow.auc{country=NL,experiment=churn nightly}", START + 5, 0.8),
        ("mlflow.auc{experiment=churn nightly}", START + MINUTE_MS, 0.9),
    ]
    with pytest.raises(SourceFailed, match="no experiment none"):
        source(store, experiments=["none"]).read(START, START + MINUTE_MS)
    with pytest.raises(SourceFailed, match="more than 1 runs"):
        source(store, runs_max=1).read(START, START + 2 * MINUTE_MS)


@slow
@quiet
def test_versions_and_aliases_are_changes_told_once(store: Store, tmp_path: Path) -> None:
    now_ms = time.time_ns() // 1_000_000
    store.client.create_registered_model("churn")
    run = store.run(START - MINUTE_MS, {"f1": 0.5})
    first = store.version("churn", run)
    store.client.set_registered_model_alias("churn", "champion", first)
    file = tmp_path / "lab.json"

    def noticed(watching: MlflowSource, at_ms: int) -> list[tuple[str, str]]:
        found = watching.noticed(at_ms)
        watching.told()
        assert all(set(dict(one.tags)) <= {"model", "version"} for one in found)
        return [(one.kind, one.title) for one in found]

    watching = source(store, file, models=["churn"])
    assert noticed(watching, now_ms) == [("model version", "churn: version 1")]
    assert noticed(watching, now_ms + MINUTE_MS) == []
    second = store.version("churn", run)
    store.client.set_registered_model_alias("churn", "champion", second)
    assert watching.noticed(now_ms + 2 * MINUTE_MS) == watching.noticed(
        now_ms + 2 * MINUTE_MS
    )  # not told yet
    moved = ("model deployment", "churn: champion is version 2, was 1")
    assert set(noticed(watching, now_ms + 2 * MINUTE_MS)) == {("model version", "churn: version 2"), moved}
    store.client.delete_registered_model_alias("churn", "champion")
    again = source(store, file, models=["churn"])  # as after a restart
    gone = ("model deployment", "churn: no champion any more, was 2")
    assert gone in noticed(again, now_ms + 3 * MINUTE_MS)


@slow
@quiet
def test_verdicts_are_tags(store: Store) -> None:
    run = store.run(START + 10 * MINUTE_MS, {"recall": 0.6})
    other = store.run(START + 20 * MINUTE_MS, {"recall": 0.8})
    store.client.create_registered_model("served")
    version = store.version("served", run)
    judged = source(store, verdicts=True)
    named = {"experiment": "churn nightly"}
    bad = anomaly(Identity.of("mlflow.recall", named), START + 10 * MINUTE_MS, START + 11 * MINUTE_MS)
    live = Identity.of("model.accuracy", {"model": "served", "version": version})
    judged.judge([bad, anomaly(live, START, None)])

    def tags() -> list[str | None]:
        runs = [store.client.get_run(one).data.tags for one in (run, other)]
        tagged = [*runs, store.client.get_model_version("served", version).tags]
        return [one.get(VERDICT) for one in tagged]

    said = "anomaly: mlflow.recall 0.6, expected 0.75 to 0.85, score 91"
    assert tags() == [said, None, "anomaly: model.accuracy"]
    judged.judge([anomaly(live, START, START + MINUTE_MS)])
    assert tags() == [said, None, OVER]


@slow
@quiet
def test_no_store_is_a_source_that_failed(tmp_path: Path) -> None:
    lost = MlflowSource(declared("http://ann@127.0.0.1:1"), lambda _: "", None)
    with pytest.raises(SourceFailed, match="MLflow: "):
        lost.read(START, START + MINUTE_MS)


def test_a_password_is_named() -> None:
    with pytest.raises(BadRequest, match="a password belongs into"):
        declared("http://ann:hidden@127.0.0.1:1")


def test_nobody_says_that_a_version_is_normal() -> None:
    assert of_version("churn", "1", [], None) is None
    assert of_version("churn", "1", [], OVER) is None
