"""All that `ServedState` remembers as plain arrays, and back; rows that wait are in files of their own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.domain.served import ModelSettings, Task
from monitor.served import quality
from monitor.served.drift import Feature
from monitor.served.error_drift import ErrorDrift
from monitor.served.estimate import Calibration
from monitor.served.loss import Losses
from monitor.served.model import FILL_WIDTH, Cell, ServedModel, Version
from monitor.served.sample import Sample
from monitor.served.state import ServedState
from monitor.served.table import Table

Arrays = dict[str, NDArray[Any]]

_PLAIN = ("closed", "ripe", "heard_ms", "labelled_ms", "live", "counts", "classes")
_FORMAT = 1


def save(state: ServedState, position: int) -> Arrays:
    """All arrays by name; rows that wait are sealed by it. ``position``: of the log, at which it stands."""
    arrays: Arrays = {}
    runs = {}
    for kind, held in (("pending", state.pending), ("orphans", state.orphans)):
        sealed = held.seal()
        runs[kind] = {"number": sealed["number"], "names": sealed["names"]}
        arrays |= {f"{kind}.{at}": bits for at, bits in enumerate(sealed["done"])}
    meta = {
        "format": _FORMAT,
        "position": position,
        "level": state.level,
        "refused": state.refused,
        "runs": runs,
        "settings": {name: one.to_body() for name, one in state.settings.items()},
        "models": [_told(place, model, arrays) for place, model in enumerate(state.models.values())],
        "groups": [
            [model.name, local] for model, local in zip(state.group_model, state.group_local, strict=True)
        ],
    }
    arrays["meta"] = np.frombuffer(msgspec.msgpack.encode(meta), np.uint8)
    return arrays


def position_of(arrays: Mapping[str, NDArray[Any]]) -> int:
    return int(_meta(arrays)["position"])


def load(arrays: Mapping[str, NDArray[Any]], folder: Path, secret: int, bytes_max: int) -> ServedState:
    """The state that `save` was given. Raises ValueError, KeyError or OSError for what it did not make."""
    meta = _meta(arrays)
    if meta["format"] > _FORMAT:
        raise ValueError(f"format {meta['format']} is newer than {_FORMAT}")
    state = ServedState(folder, secret, bytes_max)
    state.level, state.refused = meta["level"], meta["refused"]
    state.settings = {name: ModelSettings.from_body(body) for name, body in meta["settings"].items()}
    for place, told in enumerate(meta["models"]):
        state.models[told["name"]] = _made(place, told, arrays)
    for name, local in meta["groups"]:
        state.enter_group(state.models[name], local)
    for kind, held in (("pending", state.pending), ("orphans", state.orphans)):
        names = meta["runs"][kind]["names"]
        bits = [arrays[f"{kind}.{at}"] for at in range(len(names))]
        held.open(meta["runs"][kind]["number"], names, bits)
    return state


def names_of(arrays: Mapping[str, NDArray[Any]]) -> dict[str, list[str]]:
    """Files of rows that wait, by kind."""
    return {kind: list(told["names"]) for kind, told in _meta(arrays)["runs"].items()}


def _meta(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    return dict(msgspec.msgpack.decode(arrays["meta"].tobytes(), strict=False))


def _told(place: int, model: ServedModel, arrays: Arrays) -> dict[str, Any]:
    arrays[f"{place}.delays"] = model.delays
    for name, table in (("filling", model.filling), ("waiting", model.waiting)):
        arrays |= {f"{place}.{name}.{part}": array for part, array in table.state().items()}
    samples = [(list(key), sample) for key, sample in sorted(model.samples.items())]
    references = [(cell, sample) for cell, sample in sorted(model.references.items())]
    pairs = [(list(key), sample) for key, sample in sorted(model.pairs.items())]
    for kind, held in (("samples", samples), ("references", references), ("pairs", pairs)):
        for at, (_, sample) in enumerate(held):
            arrays |= {f"{place}.{kind}.{at}.{part}": a for part, a in sample.state().items()}
    return {
        "name": model.name,
        "settings": model.settings.to_body(),
        "task": None if model.task is None else model.task.value,
        **{name: getattr(model, name) for name in _PLAIN},
        "versions": [_version(version) for version in model.versions],
        "cells": [[cell.version, cell.segment] for cell in model.cells],
        "groups": [[key[0], key[1], *model.groups[at]] for key, at in model.groups_by_name()],
        "features": [[one.name, one.texts if one.words is not None else None] for one in model.features],
        "samples": [key for key, _ in samples],
        "references": [key for key, _ in references],
        "pairs": [key for key, _ in pairs],
        "estimates": [[*key, *value] for key, value in sorted(model.estimates.items())],
        "shown": [[cell, list(kept.items())] for cell, kept in sorted(model.shown.items())],
        "newest_drift": [[cell, *drift] for cell, drift in sorted(model.newest_drift.items())],
    }


def _version(version: Version) -> dict[str, Any]:
    plain = ("name", "first_ms", "last_ms", "predictions", "labelled", "referred")
    return {name: getattr(version, name) for name in plain} | {
        "calibration": version.calibration.state(),
        "losses": version.losses.state(),
        "error_drift": version.error_drift.state(),
    }


def _made(place: int, told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ServedModel:
    model = ServedModel(told["name"], ModelSettings.from_body(told["settings"]))
    model.task = None if told["task"] is None else Task(told["task"])
    for name in _PLAIN:
        setattr(model, name, told[name])
    for one in told["versions"]:
        learned: dict[str, Any] = {"calibration": Calibration.from_state(one["calibration"])}
        if "error_drift" in one:  # of the release before it has none
            learned["error_drift"] = ErrorDrift.from_state(one["error_drift"])
        if "losses" in one:
            learned["losses"] = Losses.from_state(one["losses"])
        model.versions.append(Version(**one | learned))
    for version, segment in told["cells"]:
        model.enter_cell(Cell(version, None if segment is None else (segment[0], segment[1])))
    for name, segments, version, cells in told["groups"]:
        model.enter_group(name, tuple((key, value) for key, value in segments), version, tuple(cells))
    for name, texts in told["features"]:
        feature = Feature(name, None if texts is None else {})
        if texts is not None:
            feature.codes(texts)
        model.enter_feature(feature)
    model.delays = arrays[f"{place}.delays"]
    model.filling = _table(FILL_WIDTH, f"{place}.filling", arrays)
    width = quality.WIDTH[model.task or Task.CLASSIFICATION]
    model.waiting = _table(width, f"{place}.waiting", arrays)
    for at, (bucket, cell) in enumerate(told["samples"]):
        model.samples[bucket, cell] = _sample(f"{place}.samples.{at}", arrays)
    for at, cell in enumerate(told["references"]):
        model.references[cell] = _sample(f"{place}.references.{at}", arrays)
    for at, (bucket, version) in enumerate(told.get("pairs", ())):
        model.pairs[bucket, version] = _sample(f"{place}.pairs.{at}", arrays)
    model.estimates = {(b, c): tuple(values) for b, c, *values in told["estimates"]}
    for cell, kept in told["shown"]:
        model.shown[cell] = OrderedDict((bucket, body) for bucket, body in kept)
    model.newest_drift = {cell: (bucket, body) for cell, bucket, body in told["newest_drift"]}
    return model


def _table(width: int, name: str, arrays: Mapping[str, NDArray[Any]]) -> Table:
    return Table.from_state(width, {part: arrays[f"{name}.{part}"] for part in ("pairs", "counts")})


def _sample(name: str, arrays: Mapping[str, NDArray[Any]]) -> Sample:
    return Sample.from_state({part: arrays[f"{name}.{part}"] for part in ("hashes", "values", "seen")})
