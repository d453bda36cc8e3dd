"""The lab: detectors side by side over points that are sent along. Keeps nothing."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Body, Query
from numpy.typing import NDArray

from api import lab_shapes as shapes
from api.routes.common import PREFIX, PROBLEMS, TheView
from collectors.csv_rows import parse_csv
from collectors.errors import BadRequest
from collectors.files import FileSamples, samples_of
from monitor.domain.series import Identity
from monitor.lab import POINTS_MAX

CSV_BYTES_MAX = 2_000_000
NAMES_MAX = 100

router = APIRouter(prefix=f"{PREFIX}/lab", tags=["lab"], responses=PROBLEMS)


@router.post("")
def try_detectors(view: TheView, asked: shapes.LabIn) -> shapes.LabOut:
    """What each of several detectors calls an anomaly over the points of one series, value by value, by the
    code that runs live. At most 10,000 points and 6 detectors, one run at a time: seconds. Keeps nothing."""
    detectors = [one.detector() for one in asked.detectors]
    found = view.tried(asked.series, asked.points(), detectors)
    return shapes.LabOut(detectors=[shapes.called(one) for one in found])


@router.post("/csv")
def read_csv(
    body: Annotated[bytes, Body(media_type="text/csv", max_length=CSV_BYTES_MAX)],
    name: Annotated[str | None, Query(max_length=2_048, description="one of `names`")] = None,
) -> shapes.CsvPoints:
    """One series of a CSV file as points to try: the newest 10,000, the later of two at one time. The file is
    read as for a back-test, a column `label` included. Keeps nothing."""
    file = samples_of("the file", parse_csv("the file", body))
    names = {str(Identity.from_canonical(text)): key for key, text in file.batch.identities.items()}
    if not names:
        raise BadRequest("the file: no sample in it can be read")
    chosen = next(iter(names)) if name is None else name
    if chosen not in names:
        raise BadRequest("the file: no such series in it")
    rows = _points(file, names[chosen])
    return shapes.CsvPoints(
        names=list(names)[:NAMES_MAX],
        name=chosen,
        ts_ms=file.batch.ts_ms[rows].tolist(),
        value=file.batch.value[rows].tolist(),
        label=None if file.label is None else file.label[rows].tolist(),
        left_out=sum(one.count for one in file.rejects)
        + int((file.batch.fingerprint == names[chosen]).sum())
        - len(rows),
    )


def _points(file: FileSamples, key: int) -> NDArray[np.intp]:
    """Rows of one series by time, the last of each time."""
    own = np.flatnonzero(file.batch.fingerprint == np.uint64(key))
    ts_ms = file.batch.ts_ms[own]
    order = np.argsort(ts_ms, kind="stable")
    last = np.append(np.diff(ts_ms[order]) > 0, True)
    return np.array(own[order[last]][-POINTS_MAX:], np.intp)
