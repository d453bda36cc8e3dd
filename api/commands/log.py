"""``watchkeeper log``: the intake log's files, while no server has them open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.tables import out, print_json, table
from monitor.domain.errors import BadRequest
from monitor.intake.recovery import Report, scan
from monitor.intake.recovery import repair as repair_log
from monitor.intake.segment import is_segment

_COLUMNS = {
    "log": "log",
    "segments": "segments",
    "records": "records",
    "last_position": "last position",
    "damaged": "damaged",
    "missing": "missing",
    "doubled": "doubled",
    "torn": "torn ends",
    "moved": "moved aside",
}


def verify(directory: Path, *, as_json: bool) -> int:
    """0 if every log below ``directory`` is whole, 1 if not."""
    reports = [(log, scan(log)) for log in logs_in(directory)]
    _show([_row(log, report) for log, report in reports], as_json)
    return 0 if all(report.clean for _, report in reports) else 1


def repair(directory: Path, *, as_json: bool) -> int:
    """0 when what remains can be read; lost positions stay lost, and are shown."""
    rows = []
    for log in logs_in(directory):
        repaired = repair_log(log)
        rows.append(_row(log, repaired.before) | {"moved": len(repaired.moved)})
    _show(rows, as_json)
    return 0


def logs_in(directory: Path) -> list[Path]:
    """The folder itself if it holds segments, else every folder below that does."""
    if not directory.is_dir():
        raise BadRequest(f"{directory}: no such folder")
    found = sorted({path.parent for path in directory.rglob("*") if path.is_file() and is_segment(path)})
    if not found:
        raise BadRequest(f"{directory}: no intake log in it")
    return found


def _row(log: Path, report: Report) -> dict[str, Any]:
    return {
        "log": str(log),
        "segments": len(report.segments),
        "records": report.records,
        "last_position": report.last_position,
        "damaged": len(report.damage),
        "missing": sum(last - first + 1 for first, last in report.missing),
        "doubled": len(report.doubled),
        "torn": len(report.torn),
        "damage": [
            {"segment": str(d.segment), "offset": d.offset, "length": d.length, "what": d.what}
            for d in report.damage
        ],
    }


def _show(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({"items": list(rows)})
        return
    console = out()
    console.print(table(rows, _COLUMNS))
    for row in rows:
        for damage in row["damage"]:
            console.print(
                f"{damage['segment']} at byte {damage['offset']}, {damage['length']} bytes: {damage['what']}"
            )
