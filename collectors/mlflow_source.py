"""Runs of an MLflow: what each that has ended was measured at, as samples at its end."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.base import Decoded
from collectors.mlflow_client import asking, client, paged
from collectors.mlflow_registry import MlflowRegistry
from collectors.mlflow_settings import MlflowSettings
from collectors.mlflow_verdicts import VERDICT, verdict
from collectors.pulled import ReadSecret, Row, SourceFailed, decoded
from monitor.domain.anomaly import Anomaly
from monitor.domain.event import ChangeEvent
from monitor.domain.series import Identity

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

EXPERIMENTS_MAX = 1_000
_PAGE = 1_000


class MlflowSource:
    """``file``: where it is kept which aliases were seen last; None: nowhere."""

    remembers = True
    step_ms = 1_000

    def __init__(self, settings: MlflowSettings, read_secret: ReadSecret, file: Path | None) -> None:
        self.settings = settings
        self._read_secret = read_secret
        self._registry = MlflowRegistry(settings, file)
        self._client: MlflowClient | None = None

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        """Of runs that finished in the span, one sample a metric: its last value, at the run's end."""
        client = self._opened()
        names = self._experiments(client)
        return decoded(
            row for run in self._ended(client, names, from_ms, until_ms) for row in self.rows(run, names)
        )

    def rows(self, run: Run, experiments: dict[str, str]) -> Iterator[Row]:
        """Tags: the experiment, and those of the run that are declared; one the run does not have is none."""
        named = run.data.params | run.data.tags
        tags = [("experiment", experiments[run.info.experiment_id])]
        tags += [(key, named[key]) for key in self.settings.run_tags if named.get(key)]
        for key, value in sorted(run.data.metrics.items()):
            if any(fnmatch.fnmatchcase(key, pattern) for pattern in self.settings.metrics):
                yield self.settings.prefix + key, tuple(tags), run.info.end_time, value, math.nan

    def noticed(self, now_ms: int) -> Sequence[ChangeEvent]:
        with asking():
            return self._registry.noticed(self._opened(), now_ms)

    def told(self) -> None:
        self._registry.told()

    @property
    def wants_verdicts(self) -> bool:
        return self.settings.verdicts

    def judge(self, anomalies: Sequence[Anomaly]) -> None:
        """Runs whose samples lie in an anomaly, and versions of models that are in one, are tagged."""
        client = self._opened()
        names = self._experiments(client)
        with asking():
            for anomaly in anomalies:
                if anomaly.series.metric.startswith(self.settings.prefix):
                    self._judge_runs(client, names, anomaly)
            self._registry.judge(client, anomalies)

    def close(self) -> None:
        self._client = None

    def _judge_runs(self, client: MlflowClient, names: dict[str, str], anomaly: Anomaly) -> None:
        until_ms = anomaly.end_ms or anomaly.last_ms + anomaly.cadence_ms
        for run in self._ended(client, names, anomaly.onset_ms, until_ms):
            for metric, tags, _, value, _ in self.rows(run, names):
                if value is not None and Identity.of(metric, dict(tags)) == anomaly.series:
                    said = verdict(anomaly, value)
                    if run.data.tags.get(VERDICT) != said:
                        client.set_tag(run.info.run_id, VERDICT, said)

    def _opened(self) -> MlflowClient:
        if self._client is None:
            self._client = client(self.settings, self._read_secret)
        return self._client

    def _experiments(self, client: MlflowClient) -> dict[str, str]:
        """Names by id."""
        with asking():
            found = paged(
                lambda token: client.search_experiments(max_results=_PAGE, page_token=token),
                EXPERIMENTS_MAX,
                "experiments",
            )
        names = {one.experiment_id: one.name for one in found}
        wanted = self.settings.experiments
        for name in set(wanted) - set(names.values()):
            raise SourceFailed(f"no experiment {name}")
        return {key: name for key, name in names.items() if not wanted or name in wanted}

    def _ended(self, client: MlflowClient, names: dict[str, str], from_ms: int, until_ms: int) -> list[Any]:
        """Runs that finished in [from_ms, until_ms), the earliest first."""
        asked = (
            f"attributes.end_time >= {from_ms} and attributes.end_time < {until_ms}"
            " and attributes.status = 'FINISHED'"
        )
        if not names:
            return []
        with asking():
            found = paged(
                lambda token: client.search_runs(list(names), asked, max_results=_PAGE, page_token=token),
                self.settings.runs_max,
                "runs in one reading",
            )
        return sorted(found, key=lambda run: (run.info.end_time, run.info.run_id))
