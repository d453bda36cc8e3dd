"""All served models: predictions wait by key, outcomes find them, time makes buckets final.

A function of the log alone: the same records give the same counters, and the same samples go out, whatever
came in one record or in several, and, inside lateness and maturity, in whatever order. Of predictions that
wait 40 bytes and a flag are kept, up to ``bytes_max`` in all. Beyond it only those stay whose keyed hash is
small, and each that stays counts for all that it stands for, so that shares and means stay unbiased and ``n``
says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.domain.mixing import mixed
from monitor.domain.served import ModelSettings
from monitor.served import closing
from monitor.served.closing import Told
from monitor.served.columns import Outcomes, Predictions, Text
from monitor.served.model import Cases, ServedModel
from monitor.served.runs import Runs

PENDING = np.dtype(
    [
        ("ts_ms", "<i8"),
        ("number", "<f8"),
        ("score", "<f4"),
        ("group", "<u4"),
        ("code", "<i2"),
        ("level", "<u1"),
        ("spare", "V5"),
    ]
)
ORPHAN = np.dtype(
    [
        ("ts_ms", "<i8"),
        ("number", "<f8"),
        ("model", "<u4"),
        ("code", "<i2"),
        ("level", "<u1"),
        ("spare", "V1"),
    ]
)
MODELS_MAX = 1_000
LATE_PREDICTION, LATE_OUTCOME = "late_prediction", "late_outcome"
REPEATED, UNKNOWN_MODEL = "repeated_prediction", "models_limit"

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]


class ServedState:
    """``secret`` keys the hashes that sampling goes by, so that no sender can choose what is kept. Not
    thread-safe."""

    def __init__(self, folder: Path, secret: int, bytes_max: int) -> None:
        self.models: dict[str, ServedModel] = {}
        self.settings: dict[str, ModelSettings] = {}
        self.pending = Runs(folder, "pending", PENDING)
        self.orphans = Runs(folder, "orphans", ORPHAN)
        self.level = 0
        self.bytes_max = bytes_max
        self.refused = 0
        self.group_model: list[ServedModel] = []
        self.group_local: list[int] = []
        self.group_version: list[int] = []
        self._group_of: dict[tuple[str, int], int] = {}
        self._secret = np.uint64(secret)

    def declare(self, name: str, settings: ModelSettings) -> None:
        """What is declared of a model holds from its first prediction on: a model that is known keeps its
        grid, task and positive class, and takes the rest."""
        self.settings[name] = settings
        model = self.models.get(name)
        if model is not None:
            known = model.settings.to_body() | {
                key: value
                for key, value in settings.to_body().items()
                if key not in ("task", "bucket_ms", "positive")
            }
            model.settings = ModelSettings.from_body(known)

    # -- what comes in ----------------------------------------------------------------------------

    def predictions(self, batch: Predictions, arrival_ms: int | None) -> None:
        """Take a batch; ``arrival_ms`` None: a backfill, whose time is that of its rows."""
        models = [self._model(one.model) for one in batch.combinations]
        wanted = np.array([model is not None for model in models], np.bool_)[batch.combination]
        self.refused += int(len(wanted) - wanted.sum())
        number = {id(model): place for place, model in enumerate(models) if model is not None}
        of_row = np.array([number.get(id(model), -1) for model in models], np.int64)[batch.combination]
        for place in np.unique(of_row[wanted]).tolist():
            model = models[place]
            assert model is not None
            self._take(model, batch, np.flatnonzero(of_row == place))
            self._heard(model, arrival_ms, int(batch.ts_ms[of_row == place].max()))
        if self.pending.nbytes + self.orphans.nbytes > self.bytes_max:
            self._thin()

    def outcomes(self, batch: Outcomes, arrival_ms: int | None) -> None:
        """Take outcomes; those whose prediction is not known yet wait for it."""
        names = [self._model(name) for name in batch.model.words]
        of_row = batch.model.codes
        wanted = np.array([*(model is not None for model in names), False], np.bool_)[of_row]
        _, first = np.unique(batch.key, return_index=True)
        chosen = np.zeros(len(batch), np.bool_)
        chosen[first] = True
        rows = np.flatnonzero(wanted & chosen)
        keys = batch.key[rows]
        code = np.full(len(batch), -1, np.int64)
        for place, model in enumerate(names):
            mine = of_row == place
            if model is not None and mine.any():
                code[mine] = _codes(model, batch.label, mine)
        ts_ms = np.where(batch.ts_ms >= 0, batch.ts_ms, arrival_ms if arrival_ms is not None else -1)
        found = self.pending.find(keys)
        was = rows[found.question]
        found.finish()
        hashes = self._mixed(keys[found.question])
        self._label(found.rows, code[was], batch.number[was], ts_ms[was], hashes)
        alone = rows[~np.isin(np.arange(len(rows)), found.question)]
        self._wait(alone, batch, code, ts_ms)
        for place, model in enumerate(names):
            mine = of_row == place
            if model is not None and mine.any():
                self._labelled(model, arrival_ms, int(ts_ms[mine].max()))

    def advance(self, now_ms: int) -> None:
        """The wall clock has come to ``now_ms``: live models go on by it."""
        for model in self.models.values():
            if model.live:
                model.heard_ms = max(model.heard_ms, now_ms)
                model.labelled_ms = max(model.labelled_ms, now_ms)

    def complete(self, until_ms: int) -> None:
        """A backfill has ended: nothing from before ``until_ms`` comes any more."""
        for model in self.models.values():
            if not model.live:
                model.heard_ms = max(model.heard_ms, until_ms + model.settings.lateness_ms)
                model.labelled_ms = max(model.labelled_ms, until_ms + model.settings.maturity_ms)

    def finals(self) -> Iterator[Told]:
        """What has become final since this was asked last."""
        for model in self.models.values():
            yield from closing.advance(model)

    def due(self, now_ms: int) -> bool:
        """Would `advance` make anything final?"""
        return any(
            model.live
            and (
                (now_ms - model.settings.lateness_ms) // model.settings.bucket_ms > model.closed
                or any(
                    (bucket + 1) * model.settings.bucket_ms + model.settings.maturity_ms <= now_ms
                    for bucket in model.waiting.buckets()[:1]
                )
            )
            for model in self.models.values()
        )

    def enter_group(self, model: ServedModel, local: int) -> int:
        """Give a model's group its number among those of all models."""
        number = self._group_of[model.name, local] = len(self.group_model)
        self.group_model.append(model)
        self.group_local.append(local)
        self.group_version.append(model.groups[local][0])
        return number

    # -- inside -----------------------------------------------------------------------------------

    def _model(self, name: str) -> ServedModel | None:
        known = self.models.get(name)
        if known is None and name and len(self.models) < MODELS_MAX:
            known = self.models[name] = ServedModel(name, self.settings.get(name, ModelSettings()))
        return known

    def _take(self, model: ServedModel, batch: Predictions, rows: NDArray[np.intp]) -> None:
        late = batch.ts_ms[rows] // model.settings.bucket_ms < model.closing
        model.count(LATE_PREDICTION, int(late.sum()))
        rows = rows[~late]
        if not len(rows):
            return
        group = self._groups(model, batch, rows)
        fresh = self._fresh(batch.key[rows], group)
        model.count(REPEATED, int(len(rows) - fresh.sum()))
        rows, group = rows[fresh], group[fresh]
        if not len(rows):
            return
        label, number, score = _picked(batch.label, rows), batch.number[rows], batch.score[rows]
        model.see_task(bool((label.codes >= 0).any()), bool((~np.isnan(score)).any()))
        code = np.full(len(rows), -1, np.int64)
        if model.task == "classification":
            code = model.said(label, number, score)
        features = {
            name: _picked(column, rows) if isinstance(column, Text) else column[rows]
            for name, column in batch.features.items()
            if _known(column, rows)
        }
        local = np.array(self.group_local, np.int64)[group]
        matrix = model.matrix(features, number, score, code)
        hashes = self._mixed(batch.key[rows])
        model.take(
            Cases(hashes, batch.ts_ms[rows], local, code, number, score, batch.latency_ms[rows], matrix)
        )
        pending = np.zeros(len(rows), PENDING)
        for name, column in (
            ("ts_ms", batch.ts_ms[rows]),
            ("number", number),
            ("score", np.clip(score, -1.0, 2.0)),  # outside of [0, 1] it is none, however far
            ("group", group),
            ("code", code),
        ):
            pending[name] = column
        self._join(batch.key[rows], pending, hashes)

    def _join(self, keys: Words, pending: NDArray[np.void], hashes: Words) -> None:
        """Predictions whose outcome was there first are labelled by it, the others wait."""
        found = self.orphans.find(keys)
        found.finish()
        met = pending[found.question]
        met["level"] = found.rows["level"]
        code = found.rows["code"].astype(np.int64)
        self._label(met, code, found.rows["number"], found.rows["ts_ms"], hashes[found.question])
        alone = ~np.isin(np.arange(len(keys)), found.question) & self._kept(hashes)
        pending["level"] = self.level
        self.pending.add(keys[alone], pending[alone])

    def _fresh(self, keys: Words, group: Integers) -> NDArray[np.bool_]:
        """Which predictions do not wait already; of two in one batch the first."""
        versions = np.array(self.group_version, np.int64)
        version = versions[group]
        fresh = np.zeros(len(keys), np.bool_)
        pairs = keys ^ (version.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        fresh[np.unique(pairs, return_index=True)[1]] = True
        found = self.pending.find(keys)
        fresh[found.question[versions[found.rows["group"]] == version[found.question]]] = False
        return fresh

    def _groups(self, model: ServedModel, batch: Predictions, rows: NDArray[np.intp]) -> Integers:
        """Numbers of groups over all models, as waiting predictions name them."""
        used, inverse = np.unique(batch.combination[rows], return_inverse=True)
        first_ms = int(batch.ts_ms[rows].min())
        numbers: list[int] = []
        for place in used.tolist():
            local = model.group(batch.combinations[place], first_ms)
            number = self._group_of.get((model.name, local))
            if number is None:
                number = self.enter_group(model, local)
            numbers.append(number)
        return np.array(numbers, np.int64)[inverse]

    def _label(
        self,
        rows: NDArray[np.void],
        code: Integers,
        number: NDArray[np.float64],
        ts_ms: Integers,
        hashes: Words,
    ) -> None:
        group = rows["group"].astype(np.int64)
        for used in dict.fromkeys(self.group_model[one].name for one in np.unique(group).tolist()):
            model = self.models[used]
            of_model = np.array([one is model for one in self.group_model], np.bool_)[group]
            late = rows["ts_ms"] // model.settings.bucket_ms < model.ripening
            model.count(LATE_OUTCOME, int((of_model & late).sum()))
            mine = np.flatnonzero(of_model & ~late)
            if not len(mine):
                continue
            said, was = rows[mine], code[mine]
            if model.task == "classification":
                unnamed = was < 0
                none = Text(np.full(int(unnamed.sum()), -1, np.int64), [])
                was = was.copy()
                was[unnamed] = model.codes(none, number[mine][unnamed])
            local = np.array(self.group_local, np.int64)[group[mine]]
            ts = said["ts_ms"].astype(np.int64)
            came = ts_ms[mine]
            model.label(
                local,
                ts,
                (said["code"].astype(np.int64), said["number"], said["score"].astype(np.float64)),
                (was, number[mine]),
                np.int64(1) << said["level"].astype(np.int64),
                np.where(came >= 0, came - ts, 0),
                hashes[mine],
            )

    def _wait(self, rows: NDArray[np.intp], batch: Outcomes, code: Integers, ts_ms: Integers) -> None:
        """Outcomes without a prediction so far."""
        place = {model.name: at for at, model in enumerate(self.models.values())}
        numbers = np.array([place.get(name, 0) for name in batch.model.words], np.int64)
        orphans = np.zeros(len(rows), ORPHAN)
        orphans["ts_ms"], orphans["number"] = ts_ms[rows], batch.number[rows]
        orphans["level"] = self.level
        orphans["code"], orphans["model"] = code[rows], numbers[batch.model.codes[rows]]
        kept = self._kept(self._mixed(batch.key[rows]))
        self.orphans.add(batch.key[rows][kept], orphans[kept])

    @staticmethod
    def _heard(model: ServedModel, arrival_ms: int | None, newest_ms: int) -> None:
        model.live = arrival_ms is not None
        model.heard_ms = max(model.heard_ms, newest_ms if arrival_ms is None else arrival_ms)

    @staticmethod
    def _labelled(model: ServedModel, arrival_ms: int | None, newest_ms: int) -> None:
        model.labelled_ms = max(model.labelled_ms, newest_ms if arrival_ms is None else arrival_ms)

    # -- bounds -----------------------------------------------------------------------------------

    def _mixed(self, keys: Words) -> Words:
        """A keyed hash of keys."""
        return mixed(keys ^ self._secret)

    def _kept(self, hashes: Words) -> NDArray[np.bool_]:
        if not self.level:
            return np.ones(len(hashes), np.bool_)
        # Of the hash turned round, so that what is kept here is no more likely in the samples of features.
        turned = (hashes << np.uint64(32)) | (hashes >> np.uint64(32))
        return np.asarray(turned >> np.uint64(64 - self.level) == 0, np.bool_)

    def _thin(self) -> None:
        """Keep half of what waits, again until it takes three quarters of the bytes."""
        self.tidy()
        while self.pending.nbytes + self.orphans.nbytes > self.bytes_max * 3 // 4:
            self.level += 1
            level = self.level

            def stamp(rows: NDArray[np.void], level: int = level) -> None:
                rows["level"] = level

            for runs in (self.pending, self.orphans):
                runs.keep(lambda keys, _: self._kept(self._mixed(keys)), stamp)

    def tidy(self) -> None:
        """Let go of predictions whose bucket is ripe, and of outcomes that waited as long as one may."""
        sizes = np.array([model.settings.bucket_ms for model in self.group_model], np.int64)
        ripe = np.array([model.ripe for model in self.group_model], np.int64)
        self.pending.tidy(lambda rows: rows["ts_ms"] // sizes[rows["group"]] >= ripe[rows["group"]])
        oldest = np.array(
            [model.labelled_ms - model.settings.maturity_ms for model in self.models.values()], np.int64
        )
        self.orphans.tidy(lambda rows: (rows["ts_ms"] < 0) | (rows["ts_ms"] >= oldest[rows["model"]]))
        if self.level and self.pending.nbytes + self.orphans.nbytes < self.bytes_max // 8:
            self.level -= 1


def _codes(model: ServedModel, label: Text, rows: NDArray[np.bool_]) -> Integers:
    return model.codes(_picked(label, np.flatnonzero(rows)), np.full(int(rows.sum()), np.nan))


def _picked(text: Text, rows: NDArray[np.intp]) -> Text:
    return Text(text.codes[rows], text.words)


def _known(column: NDArray[np.float64] | Text, rows: NDArray[np.intp]) -> bool:
    """Does any of these rows have it? A batch of several models has the features of all."""
    values = column.codes[rows] >= 0 if isinstance(column, Text) else ~np.isnan(column[rows])
    return bool(values.any())
