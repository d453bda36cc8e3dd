"""What routes that take bodies share: memory, turns, threads, who may write what, the order of checks.

In the order of RELIABILITY.md section 4: method, announced size, type and encoding, overload, body,
compression, content. The last two are the routes' own, in a few threads, so that the event loop lives while
a large body is read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope

from api.access.fence import Fence, Fences
from api.body import BodyReader, Budget, Disconnected, Incoming, Share
from api.problems import Problem, problem_of
from api.turnstile import Turnstile
from monitor.domain.errors import Overloaded
from monitor.service import Monitor


class Asked(Protocol):
    """The head of a request, as far as it matters here."""

    @property
    def complete_ms(self) -> int | None: ...


Head = TypeVar("Head", bound=Asked)
Kept = TypeVar("Kept")


class Doors:
    """One for all routes of a process."""

    def __init__(self, monitor: Monitor) -> None:
        http = monitor.settings.http
        self._book = monitor.telemetry.limits
        self.budget = Budget(http.budget_bytes, self._book)
        self._reader = BodyReader(monitor.settings.limits.body_wire_bytes_max, http, self._book)
        self._fences = Fences(lambda: monitor.declaring.teams)
        self._turnstile = Turnstile(http.running_requests, http.waiting_requests, self._book)
        self.lanes = ThreadPoolExecutor(monitor.settings.decode_lanes, thread_name_prefix="decode")

    def close(self) -> None:
        self.lanes.shutdown(wait=False, cancel_futures=True)

    async def answer(
        self,
        work: Callable[[Incoming], Awaitable[Response]],
        refusal: Callable[[Problem], Response],
        receive: Receive,
    ) -> Response | None:
        """What ``work`` answers, or its ``refusal``; None to a sender that is gone."""
        incoming = Incoming(receive)
        try:
            return await work(incoming)
        except Disconnected:
            return None
        except Exception as error:
            if isinstance(error, Overloaded) and error.limit:
                self._book.hit(error.limit)
            problem = problem_of(error)
            if problem.status != 408:
                await incoming.drain()
            return refusal(problem)

    async def let_in(
        self,
        scope: Scope,
        headers: Headers,
        receive: Receive,
        read: Callable[[Headers, Mapping[str, str]], Head],
        keep: Callable[[Head, Fence | None, bytes, Share], Awaitable[Kept]],
    ) -> tuple[Head, Kept]:
        """The head that ``read`` finds, and what ``keep`` makes of the body in its turn. Raises Problem."""
        self._reader.check_announced(headers)
        fence = self._fences.of(scope["state"]["admitted"].principal)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        head = read(headers, query)
        if head.complete_ms is not None and fence is not None:
            detail = "complete speaks of every series, and you may write some"
            raise Problem(403, detail, kind="not-allowed")
        with self._turnstile.entry() as entry, self.budget.share() as share:
            body = await self._reader.read(receive, share)
            async with entry.turn():
                return head, await keep(head, fence, body, share)
