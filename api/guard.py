"""The outermost layer: who may ask at all, the headers on every answer, and the last net under errors."""

from __future__ import annotations

from secrets import token_hex

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.gate import SAFE_METHODS, Gate
from api.problems import Problem, problem_of
from monitor.service import Monitor

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, monitor: Monitor, gate: Gate) -> None:
        self._app = app
        self._gate = gate
        self._telemetry = monitor.telemetry
        self._header_bytes = monitor.settings.http.header_bytes
        names = (monitor.settings.host, *monitor.settings.access.hosts)
        self._names = _LOOPBACK_NAMES | {name.lower() for name in names}
        monitor.telemetry.limits.enter("http.header_bytes", self._header_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        request_id = token_hex(8)

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._telemetry.answered(message["status"])
                _add_headers(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            headers = Headers(scope=scope)
            self._check(scope, headers)
            scope.setdefault("state", {}).update(
                admitted=self._gate.admit(scope, headers), request_id=request_id
            )
            await self._app(scope, receive, send_guarded)
        except Exception as error:
            problem = problem_of(error)
            if started:  # too late for another answer; the connection is cut
                return
            # A person who is not known sees where to log in, under the address they asked for.
            at_the_door = problem.status == 401 and scope["path"] == "/"
            answer = self._gate.door() if at_the_door else problem.response()
            await answer(scope, receive, send_guarded)

    def _check(self, scope: Scope, headers: Headers) -> None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > self._header_bytes:
            self._telemetry.limits.hit("http.header_bytes")
            raise Problem(
                431, f"headers are limited to {self._header_bytes} bytes", headers={"Connection": "close"}
            )
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._names:
            raise Problem(400, "the Host header does not name this server", kind="foreign-host")
        if scope["method"] not in SAFE_METHODS and _from_elsewhere(headers, hosts[0]):
            raise Problem(403, "a page of another origin may not do this", kind="foreign-origin")


def host_name(host: str) -> str:
    """A Host header without its port.

    >>> [host_name(h) for h in ("LocalHost:8321", "[::1]:80", "[::1]", "evil.example")]
    ['localhost', '[::1]', '[::1]', 'evil.example']
    """
    name, colon, port = host.lower().rpartition(":")
    if colon and port.isascii() and port.isdigit() and (":" not in name or name.endswith("]")):
        return name
    return host.lower()


def _from_elsewhere(headers: Headers, host: str) -> bool:
    """Browsers say so themselves, and no page can make them say otherwise. Under our referrer policy the
    origin of a form is ``null``; it then comes with Sec-Fetch-Site, wherever that is sent at all."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return True
    if origin is None or (origin == "null" and site == "same-origin"):
        return False
    return origin.partition("://")[2].lower() != host.lower()


def _add_headers(headers: MutableHeaders, request_id: str) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = request_id
    headers.setdefault("Cache-Control", "no-store")
