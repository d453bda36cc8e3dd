"""``POST /api/v1/predictions`` and ``/outcomes`` as plain ASGI: raw body to columns to the log.

The checks, their order and the answers are those of ``POST /api/v1/samples`` (`api.ingest`), with whose
requests they share memory, turns and threads. A token that is bound to a team or a prefix may tell of those
models whose ``model.predictions{model=NAME}`` it might send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import numpy as np
import pyarrow as pa
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access.fence import Fence
from api.body import Incoming, Share, decompress
from api.dialects.base import error_list, total
from api.dialects.samples import Head, answer_of, read_head
from api.doors import Doors
from api.ingest import digest
from api.problems import Problem
from collectors.errors import Tally
from collectors.predictions import DecodedRows, RowDecoder
from collectors.predictions_arrow import arrow_outcomes, arrow_predictions
from collectors.predictions_json import OutcomesJson, PredictionsJson
from monitor.domain.batch import Mode, Reason
from monitor.domain.series import Identity
from monitor.domain.served import METRIC
from monitor.engine.base import Accepted
from monitor.service import Monitor
from monitor.serving import Serving, Taken

ARROW = "application/vnd.apache.arrow.stream"
Keep = Callable[[Serving, pa.RecordBatch, Mode, bytes], Future[Taken]]


class RowIntake:
    """The ASGI application of one route. ``keep`` appends the columns of a body."""

    def __init__(
        self, monitor: Monitor, doors: Doors, decoders: Mapping[str, RowDecoder], keep: Keep
    ) -> None:
        self._monitor = monitor
        self._doors = doors
        self._decoders = dict(decoders)
        self._keep = keep
        self._limits = monitor.settings.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)

        def read(headers: Headers, query: Mapping[str, str]) -> Head:
            return read_head(headers, query, tuple(self._decoders))

        async def work(incoming: Incoming) -> Response:
            _, answer = await self._doors.let_in(scope, headers, incoming, read, self._take)
            return answer

        answer = await self._doors.answer(work, Problem.response, receive)
        if answer is not None:
            await answer(scope, receive, send)

    async def _take(self, request: Head, fence: Fence | None, body: bytes, share: Share) -> Response:
        loop = asyncio.get_running_loop()
        decoded, future = await loop.run_in_executor(
            self._doors.lanes, self._hand_over, request, fence, body, share
        )
        taken = Taken(0) if future is None else await self._monitor.taking.answer(future)
        if request.complete_ms is not None:
            serving = self._monitor.serving
            await self._monitor.taking.answer(serving.complete(request.complete_ms))
            await asyncio.to_thread(serving.settle, self._monitor.settings.http.answer_s)
        self._monitor.telemetry.rejected({reject.reason: reject.count for reject in decoded.rejects})
        accepted = Accepted(taken.accepted, {}, repeated=taken.repeated)
        return answer_of(accepted, decoded.rejects, request.place)

    def _hand_over(
        self, request: Head, fence: Fence | None, wire: bytes, share: Share
    ) -> tuple[DecodedRows, Future[Taken] | None]:
        body = decompress(wire, request.encoding, self._limits.body_decoded_bytes_max, share)
        decoded = self._decoders[request.form].decode(body)
        if fence is not None:
            decoded = _mine(decoded, fence)
        if request.strict and decoded.rejects:
            errors = error_list(decoded.rejects, request.place)
            detail = "strict: nothing is kept, since not everything could be"
            rejected = total(decoded.rejects)
            raise Problem(422, detail, kind="strict", accepted=0, rejected=rejected, errors=errors)
        if not decoded.batch.num_rows:
            return decoded, None
        mode = request.mode or decoded.mode or Mode.LIVE
        owner = b"" if fence is None else fence.key
        said = (
            digest(b"key", request.key, owner) if request.key else digest(bytes(wire), mode.encode(), owner)
        )
        return decoded, self._keep(self._monitor.serving, decoded.batch, mode, said)


def prediction_intake(monitor: Monitor, doors: Doors, rows_max: int) -> RowIntake:
    decoders: dict[str, RowDecoder] = {
        "application/json": PredictionsJson(rows_max=rows_max),
        "application/x-ndjson": PredictionsJson(lines=True, rows_max=rows_max),
        ARROW: arrow_predictions(rows_max),
    }
    return RowIntake(monitor, doors, decoders, Serving.predictions)


def outcome_intake(monitor: Monitor, doors: Doors, rows_max: int) -> RowIntake:
    decoders: dict[str, RowDecoder] = {
        "application/json": OutcomesJson(rows_max=rows_max),
        "application/x-ndjson": OutcomesJson(lines=True, rows_max=rows_max),
        ARROW: arrow_outcomes(rows_max),
    }
    return RowIntake(monitor, doors, decoders, Serving.outcomes)


def _mine(decoded: DecodedRows, fence: Fence) -> DecodedRows:
    """The rows of models that may be told of; the others are refused with a reason."""
    model: Any = decoded.batch.column("model")
    owned = [fence.owns(series_of(name)) for name in model.dictionary.to_pylist()]
    passes = np.array([*owned, False], np.bool_)[np.asarray(model.indices.to_numpy(zero_copy_only=False))]
    if passes.all():
        return decoded
    tally = Tally()
    tally.add_many(Reason.FOREIGN_SERIES, [], int(len(passes) - passes.sum()))
    kept = decoded.batch.filter(pa.array(passes))
    return DecodedRows(kept, (*decoded.rejects, *tally.rejects()), decoded.mode)


def series_of(model: str) -> Identity:
    """By which it is decided whose a model is."""
    return Identity.of(METRIC + "predictions", {"model": model})
