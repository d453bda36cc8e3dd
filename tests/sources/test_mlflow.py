"""An MLflow away for half an hour, and what a running server makes of runs and models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from collectors.mlflow_settings import MlflowSettings
from monitor.sources import polled_as
from tests.sources.mlflow import Store
from tests.sources.outage import BACK, GONE, LENGTH, MINUTE, lived, start_ms
from tests.sources.test_outage import assert_filled, assert_only_down

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_a_store_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run ends every minute; of those that ended meanwhile the samples come later, at their times."""
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")  # else it keeps the file open
    start = start_ms()
    store = Store(tmp_path / "mlflow.db")
    levels = np.random.default_rng(11).normal(0.8, 0.01, LENGTH + 1)

    def minute(number: int) -> None:
        if number == GONE:
            store.file.rename(tmp_path / "away")
            store.file.mkdir()
        if number == BACK:
            store.file.rmdir()
            (tmp_path / "away").rename(store.file)
        for ended in range(GONE, BACK + 1) if number == BACK else [number]:
            if not GONE <= number < BACK:
                store.run(start + ended * MINUTE - 1_000, {"auc": levels[ended]})

    said = {"name": "lab", "uri": store.uri, "reread": "5m", "backfill": "1m"}
    polled = polled_as("mlflow", MlflowSettings.model_validate(said), lambda _: "", tmp_path)
    with lived(tmp_path, polled, start, minute) as monitor:
        assert_filled(monitor, "mlflow.auc", levels[1:])
        assert "mlflow.auc" not in assert_only_down(monitor, start)
