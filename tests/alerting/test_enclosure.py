"""An enclosure holds what its thread does, whatever library does it, and no other thread."""

from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from monitor.alerting.enclosure import Escape, enclosed
from monitor.alerting.outbound import Outbound
from tests.alerting.making import serving


def connect(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    socket.create_connection((host, int(port)), 5).close()


def local(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(path))


def datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"", ("127.0.0.1", 9))


def test_it_lets_through_what_is_allowed_and_stops_the_rest(tmp_path: Path) -> None:
    heard: list[Escape] = []
    with serving() as server:
        with enclosed(Outbound(["127.0.0.1"]), heard.append):
            connect(server.url)
        with enclosed(Outbound(["localhost"]), heard.append):
            connect(server.url.replace("127.0.0.1", "localhost"))
        assert heard == []
        with enclosed(Outbound(), heard.append):
            for action in (
                lambda: connect(server.url),
                lambda: connect(server.url.replace("127.0.0.1", "localhost")),
                lambda: subprocess.run(["true"], check=True),
                lambda: local(tmp_path / "x"),
                datagram,
            ):
                with pytest.raises(Escape):
                    action()
        assert len(heard) == 5
        connect(server.url)
        subprocess.run(["true"], check=True)


def test_other_threads_do_not_notice() -> None:
    failed: list[BaseException] = []

    def elsewhere(url: str) -> None:
        try:
            connect(url)
        except BaseException as error:
            failed.append(error)

    with serving() as server, enclosed(Outbound()):
        thread = threading.Thread(target=elsewhere, args=(server.url,))
        thread.start()
        thread.join()
    assert failed == []
