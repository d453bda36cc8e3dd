"""A listener for StatsD over UDP and TCP, in a thread of its own; off unless ``statsd.enabled``.

What it hears is gathered (`collectors.statsd`) and goes into the log once an interval, by the same door as
every other sample. The protocol has no tokens and no answers: who reaches the port may write, and what is
refused is only counted. Nothing heard since the last interval survives a stop of the process without notice.
"""

from __future__ import annotations

import hashlib
import logging
import selectors
import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotInTime
from threading import Event, Thread

from collectors.statsd import LINE_BYTES_MAX, StatsdTable
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.errors import WatchkeeperError
from monitor.service import Monitor
from monitor.settings import Settings, is_loopback

log = logging.getLogger(__name__)

CONNECTIONS_MAX = 100
WAITING_MAX = 30
"""Intervals that wait while the log takes nothing; the oldest is given up then."""

_DATAGRAM_BYTES = 65_535
_AT_ONCE = 256


class CannotListen(WatchkeeperError):
    """StatsD may not listen where it was told to, or the port is taken."""


class StatsdListener:
    """``clock_ms`` stamps intervals; they end at whole multiples of ``statsd.flush_s``."""

    def __init__(self, monitor: Monitor, clock_ms: Callable[[], int]) -> None:
        settings = monitor.settings
        check_statsd(settings)
        self._monitor = monitor
        self._clock_ms = clock_ms
        self._flush_ms = settings.statsd.flush_s * 1_000
        self._table = StatsdTable(settings.statsd.series_max)
        self._waiting: deque[SampleBatch] = deque(maxlen=WAITING_MAX)
        self._ending = Event()
        self._selector = selectors.DefaultSelector()
        self._open: dict[socket.socket, bytes] = {}
        self._udp, self._tcp = _bound(settings)
        self.address: tuple[str, int] = self._udp.getsockname()[:2]
        self._thread = Thread(target=self._run, name="statsd", daemon=True)

    def start(self) -> None:
        self._selector.register(self._udp, selectors.EVENT_READ)
        self._selector.register(self._tcp, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """Hand over what has been heard, and close."""
        self._ending.set()
        self._thread.join(30)
        for one in (self._udp, self._tcp, *self._open):
            one.close()
        self._selector.close()

    def _run(self) -> None:
        due_ms = self._next(self._clock_ms())
        while not self._ending.is_set():
            for key, _ in self._selector.select(0.1):
                self._hear(key.fileobj)  # type: ignore[arg-type]
            now_ms = self._clock_ms()
            if now_ms >= due_ms:
                due_ms = self._next(now_ms)
                self._flush(due_ms - self._flush_ms)
        self._flush(self._clock_ms())

    def _next(self, now_ms: int) -> int:
        return (now_ms // self._flush_ms + 1) * self._flush_ms

    def _hear(self, source: socket.socket) -> None:
        try:
            if source is self._udp:
                for _ in range(_AT_ONCE):
                    self._table.take(source.recv(_DATAGRAM_BYTES))
            elif source is self._tcp:
                self._welcome(source.accept()[0])
            else:
                self._read(source)
        except BlockingIOError:
            return
        except OSError as error:
            log.info("statsd: %s", error)
            if source in self._open:
                self._close(source)

    def _welcome(self, connection: socket.socket) -> None:
        if len(self._open) >= CONNECTIONS_MAX:
            connection.close()
            return
        connection.setblocking(False)
        self._open[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        heard = connection.recv(_DATAGRAM_BYTES)
        whole, newline, rest = (self._open[connection] + heard).rpartition(b"\n")
        self._table.take(whole if heard else whole + newline + rest)
        if not heard or len(rest) > LINE_BYTES_MAX:
            self._close(connection)
        else:
            self._open[connection] = rest

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._open[connection]
        connection.close()

    def _flush(self, ts_ms: int) -> None:
        batch = self._table.flush(ts_ms)
        if len(batch):
            self._waiting.append(batch)
        self._monitor.telemetry.rejected(self._table.refused)
        self._monitor.telemetry.decoded("statsd", 0, sum(self._table.refused.values()))
        self._table.refused = {}
        while self._waiting:
            if not self._keep(self._waiting[0]):
                return
            self._waiting.popleft()

    def _keep(self, batch: SampleBatch) -> bool:
        """Into the log; False if that is worth another try."""
        columns = (batch.fingerprint, batch.ts_ms, batch.value)
        name = hashlib.blake2b(b"statsd" + b"".join(column.tobytes() for column in columns), digest_size=16)
        try:
            future = self._monitor.taking.submit(batch, Mode.LIVE, name.digest())
            accepted = future.result(self._monitor.settings.http.answer_s)
            self._monitor.taking.count(accepted)
            refused = sum(accepted.rejected.values())
            self._monitor.telemetry.decoded("statsd", accepted.accepted, refused)
        except (WatchkeeperError, NotInTime) as error:
            log.warning("statsd: %s; the interval waits", error)
            return False
        return True


def check_statsd(settings: Settings) -> None:
    """Refuse any address but loopback while access control is off."""
    if settings.auth == "off" and not is_loopback(settings.statsd.host):
        raise CannotListen(
            f"statsd: refusing to listen on {settings.statsd.host} while access control is off: anybody who "
            'reaches that address could write. Set auth = "on", or listen on 127.0.0.1'
        )


def _bound(settings: Settings) -> tuple[socket.socket, socket.socket]:
    """Both sockets, on one port number."""
    host, port = settings.statsd.host, settings.statsd.port
    family = socket.getaddrinfo(host, None)[0][0]
    tcp = socket.socket(family, socket.SOCK_STREAM)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((host, port))
        udp.bind((host, tcp.getsockname()[1]))
        tcp.listen(CONNECTIONS_MAX)
        for one in (tcp, udp):
            one.setblocking(False)
    except OSError as error:
        tcp.close()
        udp.close()
        raise CannotListen(f"statsd: port {port} on {host}: {error}") from error
    return udp, tcp
