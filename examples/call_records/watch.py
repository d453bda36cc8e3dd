"""Call records in a PostgreSQL, watched: from rows to incidents that name the trunk group.

    export WATCHKEEPER_SECRET_CALLS=postgresql+psycopg://me@127.0.0.1/calls     # an empty database
    python examples/call_records/watch.py

Makes two weeks of calls with a broken trunk and a fraud planted, has Watchkeeper poll their KPIs as
``sources.toml`` declares, and prints the incidents.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from examples.call_records.calls import COLUMNS, DAY, INDEX, TABLE, calls, planted
from monitor.assembly import build
from monitor.domain.incident import Incident
from monitor.service import Monitor
from monitor.settings import Settings

HERE = Path(__file__).resolve().parent
SECRET = "WATCHKEEPER_SECRET_CALLS"
DAYS = 14


def write(url: str, begin_s: int, days: int = DAYS) -> int:
    """Makes the table, and fills it. How many calls there are."""
    address = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        connection.execute("DROP TABLE IF EXISTS call_records")
        connection.execute(TABLE)
        count = 0
        with connection.cursor().copy(f"COPY call_records ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for call in calls(begin_s, days, faults=planted(days)):
                copy.write_row(call)
                count += 1
        connection.execute(INDEX)
    return count


def watched(folder: Path, end_s: int) -> Monitor:
    """A running monitor that has read all calls up to ``end_s``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sources.toml").write_text((HERE / "sources.toml").read_text())
    monitor = build(Settings(engine="inline", shards=1, data_dir=folder))
    monitor.start()
    while True:
        (one,) = monitor.polling.statuses()
        if (one.read_until_ms or 0) >= end_s * 1_000:
            break
        if one.error:
            monitor.stop()
            raise SystemExit(one.error)
        time.sleep(0.2)
    monitor.settle(120)
    return monitor


def told(monitor: Monitor, incident: Incident) -> str:
    _, members = monitor.recounting.incident(incident.id)
    trunks = sorted({placed.anomaly.series.tag("trunk_group") or "" for placed in members})
    metrics = sorted({placed.anomaly.series.metric for placed in members})
    begin = time.strftime("%d %B %H:%M", time.gmtime(incident.start_ms / 1_000))
    return f"{begin}: {', '.join(trunks)}: {', '.join(metrics)}"


def main() -> int:
    end_s = int(time.time()) // DAY * DAY
    print(f"{write(os.environ[SECRET], end_s - DAYS * DAY):,} calls")
    with tempfile.TemporaryDirectory() as folder:
        monitor = watched(Path(folder) / "data", end_s)
        try:
            for incident in monitor.recounting.incidents(limit=100).items:
                print(told(monitor, incident))
        finally:
            monitor.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
