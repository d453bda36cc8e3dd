"""The server process: where it may listen, on which port, and how it ends."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from api.access.access import Access
from api.app import create_app
from api.protocol import GuardedProtocol
from api.statsd import check_statsd
from monitor.domain.errors import WatchkeeperError
from monitor.service import Monitor
from monitor.settings import Settings, is_loopback

PORTS_TRIED = 20
STOP_S = 5


class NotAllowed(WatchkeeperError):
    """The server may not listen where it was told to."""


def check_bind(settings: Settings) -> None:
    """Refuse any address but loopback while access control is off."""
    if settings.auth == "off" and not is_loopback(settings.host):
        raise NotAllowed(
            f"refusing to listen on {settings.host}: access control is off, so anybody who reaches that "
            'address could read and write. Set auth = "on", or listen on 127.0.0.1'
        )
    check_statsd(settings)


def listen(settings: Settings, say: Callable[[str], None]) -> socket.socket:
    """A listening socket on the port, or on the next free one after it, which is said."""
    check_bind(settings)
    family, _, _, _, address = socket.getaddrinfo(settings.host, None, type=socket.SOCK_STREAM)[0]
    host = str(address[0])
    last = min(settings.port + (PORTS_TRIED if settings.port else 0), 65_535)
    for port in range(settings.port, last + 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1_024)
        except OSError as error:
            listener.close()
            if port == last:
                raise NotAllowed(f"no free port from {settings.port} to {last} on {host}: {error}") from error
            say(f"port {port} is busy, trying {port + 1}")
        else:
            return listener
    raise NotAllowed("no port to listen on")


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn around one Monitor. Ctrl-C or SIGTERM lets requests end, then writes a checkpoint."""

    def __init__(self, monitor: Monitor, access: Access | None = None) -> None:
        http = monitor.settings.http
        super().__init__(
            uvicorn.Config(
                create_app(monitor, access=access),
                http=GuardedProtocol,
                ws="none",
                lifespan="on",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=http.connections,
                timeout_keep_alive=http.keep_alive_s,
                timeout_graceful_shutdown=STOP_S,
            )
        )
        self._monitor = monitor

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not uvicorn's own way, which raises the signal again at the end: a stop that was asked for
        # and done is a success. A second Ctrl-C waits for nobody.
        self._monitor.recounting.end_changes()  # or open event streams would hold the stop up
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    def stop(self) -> None:
        """As Ctrl-C; from any thread."""
        self._monitor.recounting.end_changes()
        self.should_exit = True
