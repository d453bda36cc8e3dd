"""``watchkeeper replay``: a verdict of the past, made again from checkpoint and log."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rich.table import Table

from api.schemas import rfc3339
from api.tables import cell, out, print_json
from monitor.domain.anomaly import Verdict
from monitor.domain.errors import BadRequest
from monitor.engine.rebuilding import Rebuilt, decision_of, rebuild
from monitor.engine.translate import family_name
from monitor.illustrating import as_it_was
from monitor.settings import load


def replay(
    config: Path | None, data_dir: Path | None, *, decision: str, chart: Path | None, as_json: bool
) -> int:
    """Reads only, so that a server may run meanwhile."""
    settings = load(config, data_dir=data_dir)
    found = rebuild(settings.data_dir, *decision_of(decision), settings.default_timezone)
    if chart is not None:
        drawn = as_it_was(found)
        if drawn is None:
            raise BadRequest("too few buckets were made again for a chart")
        chart.write_bytes(drawn.png)
    told = _told(found)
    if as_json:
        print_json(told)
        return 0
    shown = Table(show_header=False)
    for name, value in told.items():
        shown.add_row(name.replace("_", " "), cell("text", str("" if value is None else value)))
    out().print(shown)
    return 0


def _told(found: Rebuilt) -> dict[str, Any]:
    """Plain values, to the last bit; null is none."""
    verdict = found.verdict
    numbers = {
        name: verdict[name] if math.isfinite(verdict[name]) else None
        for name in ("value", "n", "expected", "lower", "upper", "score")
    }
    return {
        "series": str(found.series),
        "series_id": f"{found.series.fingerprint():016x}",
        "bucket": rfc3339(verdict["ts_ms"]),
        "bucket_ms": verdict["ts_ms"],
        "cadence_ms": found.cadence_ms,
        "verdict": Verdict(verdict["verdict"]).name.lower().replace("_", " "),
        **numbers,
        "judged_by": family_name(verdict["model"]),
        "made_final_by_record": found.position,
        "replayed_from_record": found.since + 1,
        "buckets_made_again": len(found.before["ts_ms"]),
    }
