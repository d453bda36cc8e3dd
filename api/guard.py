"""The outermost layer: who may ask at all, the headers on every answer, and the last net under errors."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, monitor: Monitor) -> None:
        self._app = app
        self._telemetry = monitor.telemetry
        self._header_bytes = monitor.settings.http.header_bytes
        self._names = _LOOPBACK_NAMES | {monitor.settings.host.lower()}
        monitor.telemetry.limits.enter("http.header_bytes", self._header_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._telemetry.answered(message["status"])
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, receive, send_guarded)
        except Exception as error:
            problem = problem_of(error)
            if started:  # too late for another answer; the connection is cut
                return
            await problem.response()(scope, receive, send_guarded)

    def _check(self, scope: Scope) -> None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > self._header_bytes:
            self._telemetry.limits.hit("http.header_bytes")
            raise Problem(
                431, f"headers are limited to {self._header_bytes} bytes", headers={"Connection": "close"}
            )
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._names:
            raise Problem(400, "the Host header does not name this server", kind="foreign-host")
        if scope["method"] not in _SAFE_METHODS and _from_elsewhere(headers, hosts[0]):
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
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != host.lower()


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    if not path.startswith("/assets/"):
        headers.setdefault("Cache-Control", "no-store")
