"""A running server as the command line sees it: lists page by page, and samples sent until they arrive."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx2
import msgspec

from monitor.domain.errors import WatchkeeperError

PAGE = 1_000
TIMEOUT_S = 60.0
GIVE_UP_S = 300.0
ARROW = "application/vnd.apache.arrow.stream"

Values = dict[str, Any]


class ServerTrouble(WatchkeeperError):
    """The server cannot be reached, or refused; the text says what it said."""


class Client:
    """One server by its URL. Blocking; ``sleep`` and ``clock`` are arguments for tests."""

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, transport=transport)
        self._url = url
        self._sleep = sleep
        self._clock = clock
        self._give_up_s = give_up_s

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Values:
        return self._ask("GET", path, parameters)

    def items(self, path: str, limit: int | None = None, **parameters: Any) -> Iterator[Values]:
        """All items of a list, or the first ``limit``."""
        left, cursor = limit, None
        while left is None or left > 0:
            page = self.get(
                path, limit=PAGE if left is None else min(left, PAGE), cursor=cursor, **parameters
            )
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            cursor = page["next"]
            if cursor is None:
                return

    def put(self, path: str, body: Values) -> Values:
        return self._ask("PUT", path, {}, json=body)

    def post(self, path: str, body: Values | None = None, **parameters: Any) -> Values:
        return self._ask("POST", path, parameters, **({} if body is None else {"json": body}))

    def events(self, path: str) -> Iterator[tuple[str, Values]]:
        """A server's event stream: names with their data, until it ends. A line that is long in coming means
        that the server is gone: heartbeats come in between."""
        try:
            with self._http.stream("GET", path) as answer:
                if not answer.is_success:
                    answer.read()
                    _read(answer)
                name = ""
                for line in answer.iter_lines():
                    field, _, value = line.partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data":
                        yield name, dict(msgspec.json.decode(value))
        except httpx2.TransportError as error:
            raise ServerTrouble(f"{self._url} cannot be reached: {error}") from error

    def delete(self, path: str) -> Values:
        return self._ask("DELETE", path, {})

    def me(self) -> Values:
        """Who asks, as the server sees it; asked again and again as in `send`."""
        return self._persist(lambda: self._http.get("/api/v1/me"))

    def send(
        self,
        body: bytes,
        key: str,
        *,
        mode: str,
        complete_ms: int | None = None,
        content_type: str = ARROW,
        path: str = "/api/v1/samples",
    ) -> Values:
        """Post samples, or what else ``path`` takes, again and again while the server is out of reach or
        answers 503, for up to ``give_up_s``. ``key`` names the request, so a repeat has no second effect."""
        headers = {"Content-Type": content_type, "Idempotency-Key": key}
        parameters = _given({"mode": mode, "complete": complete_ms})
        return self._persist(lambda: self._http.post(path, params=parameters, content=body, headers=headers))

    def _persist(self, post: Callable[[], httpx2.Response]) -> Values:
        began, attempt = self._clock(), 0
        while True:
            wait_s = min(0.1 * 2**attempt, 5.0) * (1 + random.random() / 2)
            try:
                answer = post()
            except httpx2.TransportError as error:
                trouble = f"{self._url} cannot be reached: {error}"
            else:
                if answer.status_code not in (408, 429, 502, 503, 504):
                    # 400 with a count is an answer too: every sample of this body was refused.
                    return _read(answer, refused_is_answer=True)
                trouble = f"{self._url} answers {answer.status_code}: {_detail(answer)}"
                wait_s = max(wait_s, _retry_after(answer))
            if self._clock() - began + wait_s > self._give_up_s:
                raise ServerTrouble(f"gave up after {self._give_up_s:.0f} s: {trouble}")
            self._sleep(wait_s)
            attempt += 1

    def _ask(self, method: str, path: str, parameters: Mapping[str, Any], **more: Any) -> Values:
        try:
            answer = self._http.request(method, path, params=_given(parameters), **more)
        except httpx2.TransportError as error:
            raise ServerTrouble(f"{self._url} cannot be reached: {error}") from error
        return _read(answer)


def _given(parameters: Mapping[str, Any]) -> Values:
    return {name: value for name, value in parameters.items() if value is not None}


def _read(answer: httpx2.Response, refused_is_answer: bool = False) -> Values:
    if answer.is_success:
        return dict(answer.json()) if answer.content else {}
    if refused_is_answer and answer.status_code == 400:
        body = _json(answer)
        if "accepted" in body:
            return body
    raise ServerTrouble(f"the server answers {answer.status_code}: {_detail(answer)}")


def _json(answer: httpx2.Response) -> Values:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _detail(answer: httpx2.Response) -> str:
    return str(_json(answer).get("detail") or answer.text[:200])


def _retry_after(answer: httpx2.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), 60.0) if text.isascii() and text.isdigit() else 0.0
