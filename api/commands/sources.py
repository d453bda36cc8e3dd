"""``watchkeeper source``: what a running server polls, and a try of what the file declares."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.client import Client
from api.tables import err, out, show
from collectors.base import Decoded
from collectors.pulled import SourceFailed
from monitor.domain.errors import BadRequest
from monitor.domain.series import Identity
from monitor.polling import Polled
from monitor.settings import load
from monitor.sources import declared_sources

SOURCE_COLUMNS = {
    "name": "name",
    "kind": "kind",
    "state": "state",
    "success_ms": "last success (UTC)",
    "read_until_ms": "read until (UTC)",
    "samples": "samples",
    "error_ms": "last error (UTC)",
    "error": "error",
}
SAMPLE_COLUMNS = {"series": "series", "ts_ms": "time (UTC)", "value": "value", "n": "n"}


def listed(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        rows = server.get("/api/v1/sources")["items"]
    return show(rows, SOURCE_COLUMNS, as_json, "no source is polled")


def test(config: Path | None, data_dir: Path | None, name: str) -> int:
    failed = 0
    for one in _declared(config, data_dir, name):
        try:
            found = _newest(one)
        except SourceFailed as error:
            failed += 1
            out().print(f"{one.name}: {error}", markup=False)
        else:
            out().print(f"{one.name}: {len(found.batch)} samples, {found.rejected} refused", markup=False)
    return 1 if failed else 0


def preview(config: Path | None, data_dir: Path | None, name: str, most: int, *, as_json: bool) -> int:
    (one,) = _declared(config, data_dir, name)
    found = _newest(one)
    if found.rejected and not as_json:
        said = ", ".join(f"{reject.count} {reject.reason}" for reject in found.rejects)
        err().print(f"refused: {said}", markup=False)
    return show(list(_rows(found, most)), SAMPLE_COLUMNS, as_json, "no samples in the newest span")


def _declared(config: Path | None, data_dir: Path | None, name: str) -> list[Polled]:
    settings = load(config, data_dir=data_dir)
    declared = declared_sources(settings, keep=False)
    chosen = [one for one in declared if name in ("", one.name)]
    if not chosen:
        known = ", ".join(one.name for one in declared) or "no source"
        raise BadRequest(f"{settings.sources} declares {known}" + (f", not {name}" if name else ""))
    return chosen


def _newest(one: Polled) -> Decoded:
    """The newest span that one reading of a source takes in."""
    step = one.source.step_ms
    until_ms = (time.time_ns() // 1_000_000 - one.delay_ms) // step * step
    try:
        return one.source.read(until_ms - max(one.chunk_ms // step, 1) * step, until_ms)
    finally:
        one.source.close()


def _rows(found: Decoded, most: int) -> Iterator[dict[str, Any]]:
    batch = found.batch
    for i in range(min(most, len(batch))):
        n = math.nan if batch.n is None else float(batch.n[i])
        yield {
            "series": str(Identity.from_canonical(batch.identities[int(batch.fingerprint[i])])),
            "ts_ms": int(batch.ts_ms[i]),
            "value": float(batch.value[i]),
            "n": None if math.isnan(n) else n,
        }
