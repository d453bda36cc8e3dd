"""The listener for StatsD: real sockets, and what it does while the log takes nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.statsd import CONNECTIONS_MAX, CannotListen, StatsdListener
from monitor.domain.errors import IntakeUnavailable
from monitor.service import Monitor
from monitor.settings import Settings, StatsdSettings
from tests.docs.tables import ROOT, section
from tests.fakes import FakeEngine, fake_monitor

SETTINGS = Settings(engine="inline", statsd=StatsdSettings(enabled=True, port=0, flush_s=10, series_max=100))


class Listening:
    """A listener whose clock the test moves."""

    def __init__(self, monitor: Monitor, engine: FakeEngine) -> None:
        self.monitor, self.engine = monitor, engine
        self.now_ms = 5_000
        self.listener = StatsdListener(monitor, lambda: self.now_ms)

    def udp(self, line: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(line, self.listener.address)

    def told(self) -> dict[str, tuple[int, float]]:
        """Time and value by series, of all that was handed over."""
        found: dict[str, tuple[int, float]] = {}
        for one in self.engine.submitted:
            rows = zip(
                one.batch.fingerprint.tolist(),
                one.batch.ts_ms.tolist(),
                one.batch.value.tolist(),
                strict=True,
            )
            found |= {one.batch.identities[f].decode(): (ts_ms, value) for f, ts_ms, value in rows}
        return found

    def heard(self, names: int) -> None:
        """Return when it knows that many names."""
        end = time.monotonic() + 10
        while time.monotonic() < end and len(self.listener._table) < names:
            time.sleep(0.01)
        assert len(self.listener._table) == names

    def until(self, **wanted: tuple[int, float]) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end and not wanted.items() <= self.told().items():
            time.sleep(0.02)
        assert wanted.items() <= self.told().items()


@pytest.fixture
def listening() -> Iterator[Listening]:
    monitor, engine, _ = fake_monitor(SETTINGS)
    monitor.start()
    one = Listening(monitor, engine)
    one.listener.start()
    yield one
    one.listener.stop()
    monitor.stop()


def test_lines_of_udp_and_tcp_are_one_sample_an_interval(listening: Listening) -> None:
    with socket.create_connection(listening.listener.address) as connection:
        connection.sendall(b"orders:1|c\nord")
        connection.sendall(b"ers:2|c\nlast:1|c")  # without an end, and it counts
    listening.udp(b"sent:4|c\nload:0.5|g")
    listening.heard(4)
    assert not listening.engine.submitted
    listening.now_ms = 10_001
    listening.until(orders=(10_000, 3.0), last=(10_000, 1.0), sent=(10_000, 4.0), load=(10_000, 0.5))


def test_what_was_heard_is_handed_over_at_the_end() -> None:
    monitor, engine, _ = fake_monitor(SETTINGS)
    monitor.start()
    one = Listening(monitor, engine)
    one.listener.start()
    one.udp(b"orders:1|c")
    one.heard(1)
    one.listener.stop()
    assert one.told() == {"orders": (5_000, 1.0)}
    monitor.stop()


def test_intervals_wait_while_the_log_takes_nothing(listening: Listening) -> None:
    listening.engine.fail = [IntakeUnavailable("disk")] * 2
    for i in range(3):
        listening.udp(b"orders%d:1|s" % i)
        listening.heard(i + 1)
        listening.now_ms = 10_001 + i * 10_000
        time.sleep(0.3)
    listening.until(orders0=(10_000, 1.0), orders1=(20_000, 1.0), orders2=(30_000, 1.0))


def test_what_is_refused_is_counted(listening: Listening) -> None:
    listening.udp(b"nonsense\na:x|c\na:1|c")
    listening.heard(1)
    listening.now_ms = 10_001
    listening.until(a=(10_000, 1.0))
    exposition = listening.monitor.telemetry.exposition().decode()
    for reason in ("bad_line", "bad_value"):
        assert f'watchkeeper_samples_rejected_total{{reason="{reason}"}} 1.0' in exposition


def test_a_line_without_end_and_too_many_connections_are_cut(listening: Listening) -> None:
    with socket.create_connection(listening.listener.address) as connection:
        connection.settimeout(10)
        with pytest.raises(OSError, match=r"reset|pipe"):
            connection.sendall(b"x" * 50_000_000)
    several = [socket.create_connection(listening.listener.address) for _ in range(CONNECTIONS_MAX + 1)]
    several[-1].settimeout(10)
    assert several[-1].recv(1) == b""
    several[0].sendall(b"good:1|c\n")
    listening.heard(1)
    for one in several:
        one.close()


def test_only_loopback_while_access_control_is_off() -> None:
    monitor, _, _ = fake_monitor(Settings(engine="inline", statsd=StatsdSettings(host="0.0.0.0", port=0)))
    with pytest.raises(CannotListen, match="refusing"):
        StatsdListener(monitor, lambda: 0)


def test_a_taken_port_is_said(listening: Listening) -> None:
    taken = StatsdSettings(enabled=True, port=listening.listener.address[1])
    monitor, _, _ = fake_monitor(Settings(engine="inline", statsd=taken))
    with pytest.raises(CannotListen, match=str(taken.port)):
        StatsdListener(monitor, lambda: 0)


def test_the_server_listens_where_the_setting_says_so(free_port: int) -> None:
    statsd = StatsdSettings(enabled=True, port=free_port, flush_s=1)
    monitor, engine, _ = fake_monitor(Settings(engine="inline", statsd=statsd))
    monitor.start()
    with TestClient(create_app(monitor), base_url="http://localhost") as http:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"orders:1|c", ("127.0.0.1", free_port))
        assert http.get("/live").status_code == 200
    assert [one.batch.value.tolist() for one in engine.submitted] == [[1.0]]
    monitor.stop()


def test_the_example_of_the_page(listening: Listening) -> None:
    shown = section(ROOT / "docs" / "sources" / "statsd.md", "## Send something").split("```python\n")[1]
    exec(shown.split("```")[0].replace("8125", str(listening.listener.address[1])), {})
    listening.heard(4)
    listening.now_ms = 10_001
    listening.until(queue=(10_000, 12.0), visitors=(10_000, 1.0))
    assert listening.told()["orders\x1fcountry\x1eNL"] == (10_000, 1.0)
    assert listening.told()["latency.count"] == (10_000, 2.0)


def test_a_client_of_the_registry_unchanged(listening: Listening) -> None:
    from statsd import StatsClient, TCPStatsClient

    host, port = listening.listener.address
    client = StatsClient(host, port, prefix="shop")
    client.incr("orders", 3)
    client.gauge("queue", 12)
    client.timing("latency", 35.5)
    client.set("visitors", "ann")
    client.close()
    stream = TCPStatsClient(host, port)
    stream.incr("payments", 2)
    stream.close()
    listening.heard(5)
    listening.now_ms = 10_001
    listening.until(
        **{"shop.orders": (10_000, 3.0), "shop.queue": (10_000, 12.0), "shop.latency.mean": (10_000, 35.5)},
        **{"shop.visitors": (10_000, 1.0), "payments": (10_000, 2.0)},
    )
