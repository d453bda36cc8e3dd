"""One served model: what is counted of its predictions and outcomes, by bucket, version and segment.

A cell is a version as a whole, or one segment of it. Memory: of a bucket that still fills 1.9 kB a cell and
up to 1,000 sampled rows of its features, of one that waits for outcomes 2.9 kB a cell (classification; 0.7 of
regression, and 4 a version); of a cell a reference of up to 4,000 rows.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.domain.durations import MINUTE_MS
from monitor.domain.served import ModelSettings, Task
from monitor.served import exact, logbins, quality
from monitor.served.columns import Combination, Text
from monitor.served.drift import FEATURES_MAX, Feature, Reference
from monitor.served.error_drift import ErrorDrift
from monitor.served.estimate import Calibration
from monitor.served.loss import PAIRS, Losses
from monitor.served.quality import CLASSES, CONFIDENCES
from monitor.served.sample import Sample, spread
from monitor.served.table import Table, add_at

CELLS_MAX = 200
"""Cells of one model over all its versions; rows of further segments count in the whole only."""
GROUPS_MAX = 4_096
"""Combinations of version and segments; rows of further ones count in the whole only."""
SAMPLED = 1_000
REFERENCE = 4_000
LARGEST = 1e100
"""A feature beyond it in size is missing: distances square and sum."""

N, NO_PREDICTION, FEATURES, NO_FEATURE = range(4)
LATENCY = 4
CONFIDENT = LATENCY + logbins.BINS
FILL_WIDTH = CONFIDENT + CONFIDENCES

PREDICTION, SCORE = "prediction", "score"

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]
Segments = tuple[tuple[str, str], ...]


@dataclass
class Version:
    """``referred``: buckets that are in its reference so far."""

    name: str
    first_ms: int
    last_ms: int = 0
    predictions: int = 0
    labelled: int = 0
    referred: int = 0
    calibration: Calibration = field(default_factory=Calibration)
    losses: Losses = field(default_factory=Losses)
    error_drift: ErrorDrift = field(default_factory=ErrorDrift)


@dataclass(frozen=True, slots=True)
class Cell:
    """``segment`` as key and value; None: the version as a whole."""

    version: int
    segment: tuple[str, str] | None


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Predictions of one model that count. ``group`` as `ServedModel.group` numbers them; ``code``: the class
    predicted, −1 for none."""

    hashes: Words
    ts_ms: Integers
    group: Integers
    code: Integers
    number: Floats
    score: Floats
    latency_ms: Floats
    features: Floats


class ServedModel:
    """Not thread-safe. ``closed`` and ``ripe``: the first bucket whose predictions, or outcomes, may still
    come. ``heard_ms``, ``labelled_ms``: how far time has gone for either."""

    def __init__(self, name: str, settings: ModelSettings) -> None:
        self.name = name
        self.settings = settings
        self.task: Task | None = settings.task
        self.classes: dict[str, int] = {}
        self.versions: list[Version] = []
        self.cells: list[Cell] = []
        self.groups: list[tuple[int, tuple[int, ...]]] = []
        self.features: list[Feature] = []
        self.filling = Table(FILL_WIDTH)
        self.waiting = Table(quality.WIDTH[self.task or Task.CLASSIFICATION])
        self.samples: dict[tuple[int, int], Sample] = {}
        self.pairs: dict[tuple[int, int], Sample] = {}
        self.references: dict[int, Sample] = {}
        self.compared_with: dict[int, Reference] = {}
        self.estimates: dict[tuple[int, int], tuple[float, ...]] = {}
        self.shown: dict[int, OrderedDict[int, bytes]] = {}
        self.newest_drift: dict[int, tuple[int, bytes]] = {}
        self.closed = 0
        self.ripe = 0
        self.heard_ms = 0
        self.labelled_ms = 0
        self.live = False
        self.delays: Integers = np.zeros(logbins.BINS, np.int64)
        self.counts: dict[str, int] = {}
        self._cell_of: dict[Cell, int] = {}
        self._group_of: dict[tuple[str, Segments], int] = {}
        self._column_of: dict[str, int] = {}

    # -- names ------------------------------------------------------------------------------------

    @property
    def closing(self) -> int:
        """The first bucket whose predictions may still come, by what was heard; `closed` follows."""
        settings = self.settings
        return max(self.closed, (self.heard_ms - settings.lateness_ms) // settings.bucket_ms)

    @property
    def ripening(self) -> int:
        """The first bucket whose outcomes may still come; `ripe` follows."""
        settings = self.settings
        due = (self.labelled_ms - settings.maturity_ms) // settings.bucket_ms
        return max(self.ripe, min(due, self.closing))

    def group(self, combination: Combination, first_ms: int) -> int:
        """The number of a version with segments, and with it the cells its rows count in."""
        name = combination.version
        known = self._group_of.get((name, combination.segments))
        if known is not None:
            return known
        segments = combination.segments if len(self.groups) < GROUPS_MAX else ()
        known = self._group_of.get((name, segments))
        if known is None:
            version = self._version(name, first_ms)
            cells = [self._cell(Cell(version, segment)) for segment in (None, *segments)]
            kept = tuple(cell for cell in cells if cell >= 0)
            known = self.enter_group(name, segments, version, kept)
        return known

    def enter_group(self, name: str, segments: Segments, version: int, cells: tuple[int, ...]) -> int:
        known = self._group_of[name, segments] = len(self.groups)
        self.groups.append((version, cells))
        return known

    def groups_by_name(self) -> list[tuple[tuple[str, Segments], int]]:
        """In the order of their numbers."""
        return list(self._group_of.items())

    def enter_cell(self, cell: Cell) -> int:
        known = self._cell_of[cell] = len(self.cells)
        self.cells.append(cell)
        return known

    def column_of(self, name: str) -> int:
        """The place of a feature in samples; −1 where it has none."""
        return self._column_of.get(name, -1)

    def enter_feature(self, feature: Feature) -> int:
        known = self._column_of[feature.name] = len(self.features)
        self.features.append(feature)
        return known

    def code(self, label: str) -> int:
        """The code of a class, given out in the order in which they are met."""
        known = self.classes.get(label)
        if known is None and len(self.classes) < CLASSES - 1:
            known = self.classes[label] = len(self.classes)
        return CLASSES - 1 if known is None else known

    @property
    def positive(self) -> int:
        return self.classes.get(self.settings.positive, -1)

    @property
    def binary(self) -> bool:
        return len(self.classes) <= 2 and self.settings.positive in self.classes

    def count(self, what: str, count: int) -> None:
        if count:
            self.counts[what] = self.counts.get(what, 0) + int(count)

    def _version(self, name: str, first_ms: int) -> int:
        for place, version in enumerate(self.versions):
            if version.name == name:
                return place
        self.versions.append(Version(name, first_ms))
        return len(self.versions) - 1

    def _cell(self, cell: Cell) -> int:
        known = self._cell_of.get(cell)
        if known is None:
            if cell.segment is not None and len(self.cells) >= CELLS_MAX:
                return -1
            known = self.enter_cell(cell)
        return known

    # -- columns ----------------------------------------------------------------------------------

    def see_task(self, text: bool, scored: bool) -> None:
        """Decide what the model does, if nobody has declared it: what answers in words or with scores
        classifies."""
        if self.task is None:
            self.task = Task.CLASSIFICATION if text or scored else Task.REGRESSION
            self.waiting = Table(quality.WIDTH[self.task])

    def codes(self, label: Text, number: Floats) -> Integers:
        """The class of each row, by its label, else its number; −1 where there is neither."""
        code = np.full(len(number), -1, np.int64)
        named = label.codes >= 0
        if named.any():
            used = np.unique(label.codes[named])
            table = np.full(len(label.words), -1, np.int64)
            table[used] = [self.code(label.words[word]) for word in used.tolist()]
            code[named] = table[label.codes[named]]
        counted = ~named & ~np.isnan(number)
        if counted.any():
            values, inverse = np.unique(number[counted], return_inverse=True)
            # Beyond what can be told apart all is one class; a continuous answer is not named one by one.
            names = [self.code(f"{value:g}") for value in values[:64].tolist()]
            table = np.array(names + [CLASSES - 1] * (len(values) - len(names)), np.int64)
            code[counted] = table[inverse]
        return code

    def said(self, label: Text, number: Floats, score: Floats) -> Integers:
        """The class predicted: as told, else by a score of one half or more."""
        code = self.codes(label, number)
        silent = (code < 0) & ~np.isnan(score)
        if silent.any():
            yes = self.code(self.settings.positive)
            no = self.code("0" if self.settings.positive == "1" else f"not {self.settings.positive}")
            code[silent] = np.where(score[silent] >= 0.5, yes, no)
        return code

    def matrix(
        self, features: dict[str, Floats | Text], number: Floats, score: Floats, code: Integers
    ) -> Floats:
        """Features of the rows in the model's own columns, what it predicted beside them."""
        columns: dict[str, Floats | Text] = dict(features)
        if self.task is Task.CLASSIFICATION:
            columns[PREDICTION] = Text(code, self._class_names())
            columns[SCORE] = score
        elif self.task is Task.REGRESSION:
            columns[PREDICTION] = number
        places = {name: self._column(name, isinstance(column, Text)) for name, column in columns.items()}
        matrix = np.full((len(number), len(self.features)), np.nan)
        for name, column in columns.items():
            if (place := places[name]) >= 0:
                matrix[:, place] = self.features[place].values(column)
        matrix[np.abs(matrix) > LARGEST] = np.nan
        return matrix

    def _class_names(self) -> list[str]:
        names = list(self.classes)
        return names + ["other classes"] * (CLASSES - len(names))

    def _column(self, name: str, text: bool) -> int:
        known = self._column_of.get(name)
        if known is None:
            if len(self.features) >= FEATURES_MAX:
                return -1
            known = self.enter_feature(Feature(name, {} if text else None))
        return known

    # -- counting ---------------------------------------------------------------------------------

    def take(self, cases: Cases) -> None:
        """Count predictions; none lies in a bucket that is closed."""
        bucket = cases.ts_ms // self.settings.bucket_ms
        row, cell = self._members(cases.group)
        at = self.filling.rows(bucket[row], cell)
        counts = self.filling.counts
        silent = (cases.code < 0) & np.isnan(cases.number)
        missing = np.isnan(cases.features).sum(axis=1)
        add_at(counts, at, N, 1)
        add_at(counts, at, NO_PREDICTION, silent[row].astype(np.int64))
        add_at(counts, at, FEATURES, cases.features.shape[1])
        add_at(counts, at, NO_FEATURE, missing[row])
        timed = np.flatnonzero(~np.isnan(cases.latency_ms[row]))
        bins = logbins.bin_of(cases.latency_ms[row[timed]])
        add_at(counts, at[timed], LATENCY + bins, 1)
        if self.task is Task.CLASSIFICATION:
            sure = (cases.score >= 0.0) & (cases.score <= 1.0)
            scored = np.flatnonzero(sure[row])
            picked = row[scored]
            said = cases.code[picked] == self.positive
            confident = quality.confidence_bin(cases.score[picked], said)
            add_at(counts, at[scored], CONFIDENT + confident, 1)
        waits = self.waiting.rows(bucket[row], cell)
        add_at(self.waiting.counts, waits, quality.PREDICTED, 1)
        spread(self.samples, SAMPLED, (bucket[row], cell), cases.hashes, cases.features, row)
        self._see_versions(cases)

    def label(
        self,
        group: Integers,
        ts_ms: Integers,
        said: tuple[Integers, Floats, Floats],
        was: tuple[Integers, Floats],
        weight: Integers,
        delay_ms: Integers,
        hashes: Words,
    ) -> None:
        """Count outcomes: (code, number, score) said, (code, number) that came; none in a ripe bucket."""
        bucket = ts_ms // self.settings.bucket_ms
        self.delays += np.bincount(
            logbins.bin_of(np.maximum(delay_ms, 0) / MINUTE_MS), minlength=logbins.BINS
        )
        for place, count in zip(*np.unique(self._version_of(group), return_counts=True), strict=True):
            self.versions[int(place)].labelled += int(count)
        row, cell = self._members(group)
        at = self.waiting.rows(bucket[row], cell)
        counts, weighs = self.waiting.counts, weight[row]
        add_at(counts, at, quality.LABELLED, 1)
        add_at(counts, at, quality.WEIGHT, weighs)
        add_at(counts, at, quality.SQUARES, weighs**2)
        if self.task is Task.CLASSIFICATION:
            answer, truth = (np.where(code < 0, CLASSES - 1, code)[row] for code in (said[0], was[0]))
            quality.count_classes(counts, at, answer, truth, said[2][row], self.positive, weighs)
            return
        number = was[1][row]
        if self.task is Task.RANKING:
            quality.count_ranks(counts, at, np.nan_to_num(number), weighs)
            return
        both = ~np.isnan(number) & ~np.isnan(said[1][row])
        quality.count_errors(counts, at[both], said[1][row][both], number[both], weighs[both])
        self._pair(bucket, self._version_of(group), said[1], was[1], weight, hashes)

    def _pair(
        self,
        bucket: Integers,
        version: Integers,
        said: Floats,
        was: Floats,
        weight: Integers,
        hashes: Words,
    ) -> None:
        """Sample what was predicted and how far off it was, for `Losses`."""
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.minimum(np.abs(said - was), exact.LARGEST)
        pairs = np.stack([said, error, weight.astype(np.float64)], axis=1)
        kept = (np.abs(said) <= LARGEST) & ~np.isnan(error)
        spread(self.pairs, PAIRS, (bucket[kept], version[kept]), hashes[kept], pairs[kept])

    def _members(self, group: Integers) -> tuple[NDArray[np.intp], Integers]:
        """Rows and the cells they count in, one pair for each."""
        used, inverse = np.unique(group, return_inverse=True)
        cells = [self.groups[one][1] for one in used.tolist()]
        most = max(map(len, cells), default=0)
        table = np.array([[*one, *[-1] * (most - len(one))] for one in cells], np.int64)
        flat = table.reshape(len(used), most)[inverse]
        row, place = np.nonzero(flat >= 0)
        return row, flat[row, place]

    def _version_of(self, group: Integers) -> Integers:
        return np.array([version for version, _ in self.groups], np.int64)[group]

    def _see_versions(self, cases: Cases) -> None:
        of = self._version_of(cases.group)
        for place in np.unique(of).tolist():
            times = cases.ts_ms[of == place]
            version = self.versions[place]
            version.predictions += len(times)
            version.first_ms = min(version.first_ms, int(times.min()))
            version.last_ms = max(version.last_ms, int(times.max()))
