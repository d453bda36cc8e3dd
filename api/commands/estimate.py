"""``watchkeeper estimate``: what a declared source would cost and tell."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import msgspec

from api.commands.sources import declared
from api.tables import err, out
from monitor.settings import load
from monitor.source_estimate import estimate as estimated
from monitor.warming import warm_up


def estimate(config: Path | None, data_dir: Path | None, name: str, days: float, *, as_json: bool) -> int:
    (one,) = declared(config, data_dir, name)
    settings = load(config, data_dir=data_dir)
    with err().status("reading and scoring"):
        warm_up(settings, lambda _: None)
        found = estimated(one, settings, days, time.time_ns() // 1_000_000)
    one.source.close()
    if as_json:
        out().print(msgspec.json.encode(asdict(found)).decode(), markup=False, soft_wrap=True)
        return 0
    lines = [
        f"{found.series:,} series, {found.samples_per_day:,.0f} samples a day",
        f"{found.memory_bytes / 1e6:,.2f} MB of memory for their models",
    ]
    if found.cpu_share is not None:
        lines.append(f"{100 * found.cpu_share:,.3f} % of a core, as measured on {found.samples:,} samples")
    if found.alerts_per_week is not None:
        of = f"from {found.anomalies:,} anomalies in {found.days:.1f} days"
        lines.append(f"{found.alerts_per_week:,.1f} alerts a week, {of}")
    else:
        lines.append("alerts: less than a day of its past can be read, so nothing can be said")
    for line in lines:
        out().print(line, markup=False, soft_wrap=True)
    return 0
