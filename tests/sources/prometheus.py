"""Debian's Prometheus with a history that the test writes, on loopback."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import httpx2


class Prometheus:
    """``folder``: its own; started and stopped as often as one likes, on one port."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir()
        (folder / "prometheus.yml").write_text("global: {}\n")

    def fill(self, lines: Iterable[str]) -> None:
        """Before the first start: history as OpenMetrics."""
        file = self._folder / "history.txt"
        file.write_text("\n".join([*lines, "# EOF", ""]))
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(file), "data"]
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True)

    def start(self) -> None:
        """Ready when this returns."""
        command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
        with (self._folder / "words.txt").open("ab") as words:
            self._process = subprocess.Popen(
                [*command, f"--web.listen-address={self.address}"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )
        end_s = time.monotonic() + 60
        while time.monotonic() < end_s:
            try:
                if httpx2.get(f"{self.url}/-/ready", trust_env=False).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        raise TimeoutError((self._folder / "words.txt").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None
