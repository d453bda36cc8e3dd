"""Rows by key on disk and in memory: what was predicted and waits for its outcome, and the reverse.

A log-structured merge tree of its simplest form. A run is sorted by key and never changes; new rows become
small runs, which are merged while they are in memory, and `seal` writes what is there to the disk. Files are
mapped, not read. Beside each run one byte a row says whether it is done with. So a crash can only lose what
is not sealed yet, which the log has. A row takes its own bytes and 9 more; looking up is a binary search in
every run.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RUN_ROWS = 1_000_000
"""Runs of more rows are not merged further: merging takes three times their size in memory."""
ASKED_MOST = 100_000
"""Keys that are looked up between two times that the pages of mapped files are let go of: they would all
come to be in memory, which is the system's to say and looks as if it were the process's own."""

Rows = NDArray[Any]
Keys = NDArray[np.uint64]


@dataclass(eq=False)
class Run:
    """``rows`` in the order of ``keys``, which may repeat; ``done`` a byte a row. ``name``: of its files."""

    keys: Keys
    rows: Rows
    done: NDArray[np.bool_]
    name: str = ""

    def __len__(self) -> int:
        return len(self.keys)

    def release(self) -> None:
        """Let go of the pages of mapped files; what is asked for again comes from the system's cache."""
        if self.name:
            for array in (self.keys, self.rows):
                if isinstance(array.base, mmap.mmap):
                    array.base.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Rows that have the keys asked for and wait, and which question each answers."""

    question: NDArray[np.intp]
    rows: Rows
    _places: tuple[tuple[Run, NDArray[np.intp]], ...]

    def finish(self, which: NDArray[np.bool_] | None = None) -> None:
        """What was found, or ``which`` of it, is done with."""
        at = 0
        for run, places in self._places:
            end = at + len(places)
            run.done[places if which is None else places[which[at:end]]] = True
            at = end


class Runs:
    """``dtype`` of a row without its key; it has a field ``ts_ms``. Not thread-safe."""

    def __init__(self, folder: Path, kind: str, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._folder = folder
        self._kind = kind
        self._runs: list[Run] = []
        self._number = 0
        self._asked = 0
        self._row_bytes = dtype.itemsize + 9

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    @property
    def nbytes(self) -> int:
        return len(self) * self._row_bytes

    @property
    def unsealed(self) -> int:
        """Rows that only memory has."""
        return sum(len(run) for run in self._runs if not run.name)

    def add(self, keys: Keys, rows: Rows) -> None:
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        self._runs.append(Run(keys[order], rows[order], np.zeros(len(keys), np.bool_)))
        while len(self._runs) > 1 and self._mergeable(*self._runs[-2:]):
            newer, older = self._runs.pop(), self._runs.pop()
            self._runs.append(_merged([older, newer]))

    def find(self, keys: Keys) -> Found:
        """Every row with one of the keys that is not done with."""
        self._asked += len(keys)
        if self._asked > ASKED_MOST:
            self._asked = 0
            for run in self._runs:
                run.release()
        questions, rows, places = [], [], []
        for run in self._runs:
            first = np.searchsorted(run.keys, keys, side="left")
            counts = np.searchsorted(run.keys, keys, side="right") - first
            if not counts.any():
                continue
            question = np.repeat(np.arange(len(keys)), counts)
            within = np.arange(len(question)) - np.repeat(np.cumsum(counts) - counts, counts)
            place = np.repeat(first, counts) + within
            waits = ~run.done[place]
            question, place = question[waits], place[waits]
            questions.append(question)
            rows.append(np.array(run.rows[place]))
            places.append((run, place))
        if not rows:
            return Found(np.empty(0, np.intp), np.empty(0, self.dtype), ())
        return Found(np.concatenate(questions), np.concatenate(rows), tuple(places))

    def keep(self, wanted: Callable[[Keys, Rows], NDArray[np.bool_]], change: Callable[[Rows], None]) -> None:
        """Go through all rows that are not done with: keep those wanted, and let ``change`` rewrite them."""
        runs: list[Run] = []
        for run in self._runs:
            keys, rows = np.array(run.keys), np.array(run.rows)
            stays = ~run.done & wanted(keys, rows)
            rows = rows[stays]
            change(rows)
            if len(rows):
                runs.append(Run(keys[stays], rows, np.zeros(len(rows), np.bool_)))
        self._runs = runs

    def tidy(self, alive: Callable[[Rows], NDArray[np.bool_]]) -> None:
        """Leave out rows that are done with or no longer alive, of runs where that is half of them."""
        runs = []
        for run in self._runs:
            stays = ~run.done & alive(run.rows)
            run.release()
            if 2 * int(stays.sum()) <= len(run):
                if stays.any():
                    runs.append(Run(run.keys[stays], np.array(run.rows[stays]), run.done[stays]))
                continue
            runs.append(run)
        self._runs = runs

    def seal(self) -> dict[str, Any]:
        """Write every run that is in no file yet; -> what `open` needs, of plain values and arrays. Files of
        runs that are gone stay until `sweep`, since the checkpoint before still names them."""
        small = [run for run in self._runs if len(run) < RUN_ROWS]
        if len(small) > 8 or sum(not run.name for run in small) > 1:
            rest = [run for run in self._runs if len(run) >= RUN_ROWS]
            self._runs = [*rest, *_grouped(small)]
        for run in self._runs:
            if not run.name:
                self._write(run)
        names = [run.name for run in self._runs]
        return {
            "number": self._number,
            "names": names,
            "done": [np.packbits(run.done) for run in self._runs],
        }

    def sweep(self, names: Sequence[str]) -> None:
        """Remove the files of all runs but these."""
        keep = {f"{name}.{part}.npy" for name in names for part in ("keys", "rows")}
        for path in self._folder.glob(f"{self._kind}-*.npy"):
            if path.name not in keep:
                path.unlink()

    def open(self, number: int, names: Sequence[str], done: Sequence[NDArray[np.uint8]]) -> None:
        """As it was sealed. Raises OSError or ValueError where a file is not what it was."""
        self._number = number
        self._runs = []
        for name, bits in zip(names, done, strict=True):
            keys, rows = self._map(name)
            if rows.dtype != self.dtype or len(keys) != len(rows):
                raise ValueError(f"{name} does not hold {self._kind}")
            flags = np.unpackbits(bits, count=len(keys)).astype(np.bool_)
            self._runs.append(Run(keys, rows, flags, name))

    def _mergeable(self, older: Run, newer: Run) -> bool:
        if older.name or newer.name or len(older) + len(newer) > RUN_ROWS:
            return False
        return len(older) <= 2 * len(newer)

    def _write(self, run: Run) -> None:
        self._number += 1
        name = f"{self._kind}-{self._number:08d}"
        for part, array in (("keys", run.keys), ("rows", run.rows)):
            path = self._folder / f"{name}.{part}.npy"
            with path.open("wb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        run.keys, run.rows = self._map(name)
        run.name = name

    def _map(self, name: str) -> tuple[Keys, Rows]:
        keys, rows = (
            np.load(self._folder / f"{name}.{part}.npy", mmap_mode="r", allow_pickle=False)
            for part in ("keys", "rows")
        )
        return keys, rows


def _grouped(runs: Sequence[Run]) -> list[Run]:
    """Small runs as few runs, none above the limit."""
    grouped: list[Run] = []
    waiting: list[Run] = []
    for run in sorted(runs, key=len):
        if waiting and sum(map(len, waiting)) + len(run) > RUN_ROWS:
            grouped.append(_merged(waiting))
            waiting = []
        waiting.append(run)
    return [*grouped, _merged(waiting)] if waiting else grouped


def _merged(runs: Sequence[Run]) -> Run:
    """One run of several, without what is done with."""
    if len(runs) == 1:
        return runs[0]
    keys = np.concatenate([run.keys[~run.done] for run in runs])
    rows = np.concatenate([run.rows[~run.done] for run in runs])
    order = np.argsort(keys, kind="stable")
    return Run(keys[order], rows[order], np.zeros(len(keys), np.bool_))
