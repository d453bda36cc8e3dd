"""An MLflow of the test's own: its client on a store in SQLite, which is what its server stands on, too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


class Store:
    def __init__(self, file: Path) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.tracking import MlflowClient

        self.file = file
        self.uri = f"sqlite:///{file}"
        self.client: MlflowClient = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        artifacts = (file.parent / "artifacts").as_uri()
        self.experiment = self.client.create_experiment("churn nightly", artifact_location=artifacts)

    def run(
        self,
        end_ms: int,
        metrics: Mapping[str, float],
        status: str = "FINISHED",
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Its id."""
        run = self.client.create_run(self.experiment, start_time=end_ms - 500, tags=dict(tags or {}))
        for key, value in metrics.items():
            self.client.log_metric(run.info.run_id, key, value, timestamp=end_ms - 100)
        self.client.set_terminated(run.info.run_id, status, end_time=end_ms)
        return str(run.info.run_id)

    def version(self, model: str, run: str) -> str:
        """Its number."""
        made = self.client.create_model_version(model, f"runs:/{run}/model", run, await_creation_for=0)
        return str(made.version)
