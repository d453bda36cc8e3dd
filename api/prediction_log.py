"""A handle by which a service tells of its predictions: it never waits, and takes bounded memory.

Only the standard library is needed, and this one file. Rows wait in a queue of at most ``queue_max``; a
thread sends them in batches, and again while the server is out of reach. What does not fit, or is no JSON, is
left out and counted (``dropped``), for a monitor must not stop what it watches. Telling costs microseconds.

    from api.prediction_log import PredictionLog

    log = PredictionLog("http://127.0.0.1:8321", model="churn", version="7")
    log.predicted("request-1", score=0.83, features={"age": 41}, segments={"country": "NL"}, latency_ms=12.0)
    log.outcome("request-1", True)
    log.close()
"""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

say = logging.getLogger(__name__)

Answer = float | int | bool | str | None
Row = dict[str, Any]

PATHS = {"predictions": "/api/v1/predictions", "outcomes": "/api/v1/outcomes"}
AGAIN = (408, 429, 500, 502, 503, 504)
"""Answers after which the same batch is sent once more; its key keeps that from counting twice."""
PAUSE_S_MAX = 30.0


class PredictionLog:
    """Thread-safe. ``batch_max`` rows are sent at once, at the latest ``every_s`` after the first of them.

    ``dropped``: rows left out because the queue was full, or the server refused them for good; ``sent``: rows
    that it answered for.
    """

    def __init__(
        self,
        url: str,
        model: str,
        version: str = "",
        *,
        token: str = "",
        batch_max: int = 1_000,
        every_s: float = 1.0,
        queue_max: int = 50_000,
        timeout_s: float = 10.0,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"no address of a server: {url}")
        self.dropped = 0
        self.sent = 0
        self._url = url.rstrip("/")
        self._model = model
        self._version = version
        self._token = token
        self._batch_max = batch_max
        self._every_s = every_s
        self._queue_max = queue_max
        self._timeout_s = timeout_s
        self._queue: deque[tuple[str, Row]] = deque()
        self._under_way = 0
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    def predicted(
        self,
        id: str | int,
        prediction: Answer = None,
        *,
        score: float | None = None,
        features: Mapping[str, Answer] | None = None,
        segments: Mapping[str, str] | None = None,
        latency_ms: float | None = None,
        timestamp_ms: int | None = None,
    ) -> bool:
        """Tell of a prediction, made now unless ``timestamp_ms`` says when; False if it was left out.

        ``prediction``: a class or a number; may be left out where ``score`` is the probability of the
        positive class. ``segments``: by which quality is told apart, few and of few values."""
        row = {
            "id": id,
            "model": self._model,
            "version": self._version or None,
            "timestamp": int(time.time() * 1_000) if timestamp_ms is None else timestamp_ms,
            "prediction": prediction,
            "score": score,
            "latency_ms": latency_ms,
            "features": None if features is None else {k: v for k, v in features.items() if v == v},
            "segments": None if segments is None else dict(segments),
        }
        return self._put("predictions", {name: value for name, value in row.items() if value is not None})

    def outcome(self, id: str | int, outcome: Answer, *, timestamp_ms: int | None = None) -> bool:
        """Tell what came of the prediction ``id``: the true class or number, or of a ranking the place (from
        1, 0 for none) at which what was wanted stood. False if it was left out."""
        row: Row = {"id": id, "model": self._model, "outcome": outcome}
        if timestamp_ms is not None:
            row["timestamp"] = timestamp_ms
        return self._put("outcomes", row)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all that was told is answered for or left out; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._queue or self._under_way), timeout_s)

    def close(self, timeout_s: float = 10.0) -> None:
        """Send what waits, for at most ``timeout_s``, and stop; the rest is left out."""
        self.flush(timeout_s)
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(self._timeout_s)

    def __enter__(self) -> PredictionLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, kind: str, row: Row) -> bool:
        with self._changed:
            if self._closing.is_set() or len(self._queue) >= self._queue_max:
                self.dropped += 1
                return False
            self._queue.append((kind, row))
            if len(self._queue) == 1 or len(self._queue) >= self._batch_max:
                self._changed.notify_all()
            return True

    def _run(self) -> None:
        while not self._closing.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing.is_set())
                self._changed.wait_for(
                    lambda: len(self._queue) >= self._batch_max or self._closing.is_set(), self._every_s
                )
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_max))]
                self._under_way = len(batch)
            for kind in PATHS:
                rows = [row for told, row in batch if told == kind]
                if rows:
                    self._deliver(kind, rows)
            with self._changed:
                self._under_way = 0
                self._changed.notify_all()

    def _deliver(self, kind: str, rows: list[Row]) -> None:
        """Until it is answered for, refused for good, or the handle is closed."""
        key, pause_s = uuid.uuid4().hex, 0.25
        told = [text for text in map(self._encoded, rows) if text]
        body = f'{{"{kind}": [{",".join(told)}], "mode": "live"}}'.encode()
        while told:
            try:
                self._post(PATHS[kind], body, key)
            except urllib.error.HTTPError as error:
                if error.code not in AGAIN:
                    self._lost(len(told), f"the server answers {error.code}: {error.read(500)!r}")
                    return
            except OSError:
                pass
            else:
                self.sent += len(told)
                return
            if self._closing.wait(pause_s):
                self._lost(len(told), "closed before the server answered")
                return
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    def _post(self, path: str, body: bytes, key: str) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self._url + path, body, headers)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
            answer.read()

    def _encoded(self, row: Row) -> str:
        """The row as JSON; nothing for one that cannot be."""
        try:
            return json.dumps(row, allow_nan=False, default=_plain)
        except (TypeError, ValueError) as error:
            self._lost(1, f"no JSON: {error}")
            return ""

    def _lost(self, count: int, why: str) -> None:
        self.dropped += count
        say.warning("%d rows are left out: %s", count, why)


def _plain(value: Any) -> Any:
    """Scalars of NumPy and the like as what they hold."""
    item = getattr(value, "item", None)
    if item is None:
        raise TypeError(f"{type(value).__name__} is neither a number nor text")
    return item()
