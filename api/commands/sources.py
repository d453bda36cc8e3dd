"""``watchkeeper source``: what a running server polls, a try of what the file declares, and changes of it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.client import Client
from api.source_preview import newest, rows
from api.tables import err, out, show
from collectors.pulled import SourceFailed
from monitor.domain.errors import BadRequest
from monitor.polled import Polled
from monitor.settings import load
from monitor.source_reload import SourceReload
from monitor.sources import declared_sources

SOURCE_COLUMNS = {
    "name": "name",
    "kind": "kind",
    "state": "state",
    "success_ms": "last success (UTC)",
    "read_until_ms": "read until (UTC)",
    "samples": "samples",
    "refused": "refused",
    "error_ms": "last error (UTC)",
    "error": "error",
}
SAMPLE_COLUMNS = {"series": "series", "ts_ms": "time (UTC)", "value": "value", "n": "n"}


def listed(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        answer = server.get("/api/v1/sources")
    if answer["trouble"]:
        err().print(answer["trouble"], markup=False)
    return show(answer["items"], SOURCE_COLUMNS, as_json, "no source is polled")


def test(config: Path | None, data_dir: Path | None, name: str) -> int:
    failed = 0
    for one in declared(config, data_dir, name):
        try:
            found = newest(one)
        except SourceFailed as error:
            failed += 1
            out().print(f"{one.name}: {error}", markup=False)
        else:
            out().print(f"{one.name}: {len(found.batch)} samples, {found.rejected} refused", markup=False)
    return 1 if failed else 0


def preview(config: Path | None, data_dir: Path | None, name: str, most: int, *, as_json: bool) -> int:
    (one,) = declared(config, data_dir, name)
    found = newest(one)
    if found.rejected and not as_json:
        said = ", ".join(f"{reject.count} {reject.reason}" for reject in found.rejects)
        err().print(f"refused: {said}", markup=False)
    return show(list(rows(found, most)), SAMPLE_COLUMNS, as_json, "no samples in the newest span")


def add(
    config: Path | None,
    data_dir: Path | None,
    kind: str,
    name: str,
    said: Sequence[str],
    *,
    replace: bool,
) -> int:
    settings = load(config, data_dir=data_dir)
    settings.sources.parent.mkdir(0o700, parents=True, exist_ok=True)
    values = dict(map(_setting, said))
    SourceReload(settings, lambda _: None).put(kind, name, values, new=not replace)
    out().print(f"{name} is declared in {settings.sources}", markup=False)
    return 0


def remove(config: Path | None, data_dir: Path | None, name: str) -> int:
    settings = load(config, data_dir=data_dir)
    SourceReload(settings, lambda _: None).remove(name)
    out().print(f"{name} is removed from {settings.sources}", markup=False)
    return 0


def _setting(text: str) -> tuple[str, Any]:
    """
    >>> _setting("bucket=1m"), _setting("tags=['country']"), _setting("samples_max=10")
    (('bucket', '1m'), ('tags', ['country']), ('samples_max', 10))
    """
    key, mark, value = text.partition("=")
    if not mark:
        raise BadRequest(f"{text}: KEY=VALUE")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def declared(config: Path | None, data_dir: Path | None, name: str) -> list[Polled]:
    """The source of that name, or all; none keeps a place. Raises BadRequest, which says what was read."""
    settings = load(config, data_dir=data_dir)
    found = declared_sources(settings, keep=False)
    chosen = [one for one in found if name in ("", one.name)]
    if not chosen:
        raise BadRequest(_none(settings.sources.resolve(), [one.name for one in found], name))
    return chosen


def _none(file: Path, known: Sequence[str], name: str) -> str:
    said = f"no source {name} is declared" if name else "no source is declared"
    there = f"it declares {', '.join(known)}" if known else "it declares none"
    looked = f"{said} in {file}: {there if file.exists() else 'there is no such file'}"
    return f"{looked}. Of a server with another data folder or configuration, give its --data-dir or --config"
