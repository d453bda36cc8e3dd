"""Registered models: new versions, and aliases that move, are changes; versions are tagged with verdicts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from collectors.mlflow_client import paged
from collectors.mlflow_settings import MlflowSettings
from collectors.mlflow_verdicts import VERDICT, of_version
from monitor.domain.anomaly import Anomaly
from monitor.domain.event import ChangeEvent

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

MODELS_MAX = 1_000
VERSIONS_MAX = 10_000
CREATED, DEPLOYED = "model version", "model deployment"
_PAGE = 100


class _Seen(msgspec.Struct):
    """``aliases``: version by alias, by model; ``until_ms``: versions made before this were told of."""

    aliases: dict[str, dict[str, str]] = {}
    until_ms: int | None = None


class MlflowRegistry:
    """``file``: None, what was seen is kept in memory only. Where it cannot be read the first look is one
    again: versions are told of anew, which has no effect, and aliases are taken as they are."""

    def __init__(self, settings: MlflowSettings, file: Path | None) -> None:
        self._settings = settings
        self._file = file
        self._seen = self._fresh = _Seen()
        self._found: list[ChangeEvent] = []
        self._told: set[str] = set()
        if file is not None:
            try:
                self._seen = msgspec.json.decode(file.read_bytes(), type=_Seen)
            except (OSError, msgspec.DecodeError):
                self._seen = _Seen()

    def noticed(self, client: MlflowClient, now_ms: int) -> Sequence[ChangeEvent]:
        """New versions at the time they were made, aliases at the time it was noticed. The first look takes
        aliases as they are, and tells of versions as far back as the backfill goes."""
        seen = self._seen
        since_ms = now_ms - self._settings.backfill
        if seen.until_ms is not None:
            since_ms = seen.until_ms - self._settings.reread  # clocks differ; told twice is told once
        found: list[ChangeEvent] = []
        fresh = _Seen(until_ms=now_ms)
        for model in self._models(client):
            name = model.name
            for version in self._versions(client, name):
                if version.creation_timestamp >= since_ms:
                    said = f"{name}: version {version.version}"
                    found.append(
                        _change(version.creation_timestamp, CREATED, said, name, str(version.version))
                    )
            now = fresh.aliases[name] = {alias: str(number) for alias, number in model.aliases.items()}
            before = seen.aliases.get(name, {} if seen.until_ms is not None else now)
            found += (
                _moved(now_ms, name, alias, before.get(alias), now.get(alias))
                for alias in sorted(now.keys() | before.keys())
                if now.get(alias) != before.get(alias)
            )
        self._fresh = fresh
        self._found = sorted((one for one in found if one.id not in self._told), key=lambda one: one.at_ms)
        return self._found

    def told(self) -> None:
        """What `noticed` gave last is in the log."""
        if self._fresh.aliases != self._seen.aliases or self._seen.until_ms is None:
            self._write(self._fresh)
        self._seen = self._fresh
        self._told.update(one.id for one in self._found)

    def judge(self, client: MlflowClient, anomalies: Sequence[Anomaly]) -> None:
        for model in self._models(client):
            for version in self._versions(client, model.name):
                before = version.tags.get(VERDICT)
                said = of_version(model.name, str(version.version), anomalies, before)
                if said is not None and said != before:
                    client.set_model_version_tag(model.name, str(version.version), VERDICT, said)

    def _models(self, client: MlflowClient) -> list[Any]:
        found = paged(
            lambda token: client.search_registered_models(max_results=_PAGE, page_token=token),
            MODELS_MAX,
            "registered models",
        )
        wanted = self._settings.models
        return [one for one in found if not wanted or one.name in wanted]

    def _versions(self, client: MlflowClient, model: str) -> list[Any]:
        quoted = model.replace("'", "\\'")
        return paged(
            lambda token: client.search_model_versions(
                f"name='{quoted}'", max_results=_PAGE, page_token=token
            ),
            VERSIONS_MAX,
            f"versions of {model}",
        )

    def _write(self, seen: _Seen) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(0o700, parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(seen))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)


def _change(at_ms: int, kind: str, title: str, model: str, version: str | None) -> ChangeEvent:
    tags = [("model", model)] if version is None else [("model", model), ("version", version)]
    return ChangeEvent(at_ms, kind, _shown(title), tuple((key, _shown(value)) for key, value in tags))


def _moved(at_ms: int, model: str, alias: str, before: str | None, now: str | None) -> ChangeEvent:
    said = f"{alias} is version {now}" if now is not None else f"no {alias} any more"
    was = f", was {before}" if before is not None else ""
    return _change(at_ms, DEPLOYED, f"{model}: {said}{was}", model, now)


def _shown(text: str) -> str:
    """As a change may be told."""
    return "".join(one if one.isprintable() else "?" for one in text[:512])
