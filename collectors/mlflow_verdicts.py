"""What is said of a run or a version of a model, as a tag that people read."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.anomaly import Anomaly

VERDICT = "watchkeeper.verdict"
OVER = "no anomaly any more"
_METRICS_MAX = 10


def verdict(anomaly: Anomaly, value: float) -> str:
    band = f"{anomaly.lower:.6g} to {anomaly.upper:.6g}"
    return f"anomaly: {anomaly.series.metric} {value:.6g}, expected {band}, score {anomaly.score:.0f}"


def of_version(model: str, version: str, anomalies: Sequence[Anomaly], before: str | None) -> str | None:
    """Of a version of a model, by the open anomalies of series that bear its name; None: nothing to say, and
    never "normal", which nobody has shown of a version that is not watched."""
    metrics = {
        one.series.metric
        for one in anomalies
        if one.end_ms is None and {("model", model), ("version", version)} <= set(one.series.tags)
    }
    if metrics:
        return "anomaly: " + ", ".join(sorted(metrics)[:_METRICS_MAX])
    return OVER if before is not None and before.startswith("anomaly") else None
