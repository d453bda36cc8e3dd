"""Push samples to a running server with nothing but the standard library.

    watchkeeper serve &
    python examples/push_samples.py --url http://127.0.0.1:8321

Sends one day of one-minute samples of an invented shop, an hour a request. Each request has a key of its own,
so that sending it again (no answer came, or 503) has no second effect.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

MINUTE_MS = 60_000
TRIES = 8


def samples(start_ms: int, minutes: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Orders and the share of failed payments (with the orders it is a share of) for two countries."""
    rng = random.Random(seed)
    for minute in range(minutes):
        timestamp = start_ms + minute * MINUTE_MS
        day = 1.0 + math.sin(2 * math.pi * minute / 1440)
        for country, size in (("NL", 40), ("DE", 120)):
            orders = max(0, round(size * day + rng.gauss(0, math.sqrt(size))))
            tags = {"country": country}
            yield {"metric": "shop.orders", "tags": tags, "timestamp": timestamp, "value": orders}
            if orders:
                failed = sum(rng.random() < 0.02 for _ in range(orders)) / orders
                yield {
                    "metric": "shop.failed_share",
                    "tags": tags,
                    "timestamp": timestamp,
                    "value": failed,
                    "n": orders,
                }


def push(url: str, batch: list[dict[str, Any]], key: str, mode: str = "backfill") -> dict[str, Any]:
    """Send one batch until it is answered; returns what became of it. Raises HTTPError for a refusal."""
    request = urllib.request.Request(
        f"{url}/api/v1/samples",
        data=json.dumps({"samples": batch, "mode": mode}).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                result: dict[str, Any] = json.load(answer)
                return result
        except urllib.error.HTTPError as error:
            if error.code != 503 or attempt == TRIES - 1:
                raise
            wait_s = float(error.headers.get("Retry-After", 1))
            error.close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if attempt == TRIES - 1:
                raise
            wait_s = 0.1 * 2**attempt
        time.sleep(wait_s)
    raise AssertionError("unreachable")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8321")
    parser.add_argument("--minutes", type=int, default=1440)
    chosen = parser.parse_args(arguments)
    start_ms = 1_767_225_600_000  # 2026-01-01
    waiting: list[dict[str, Any]] = []
    kept = requests = 0
    for sample in samples(start_ms, chosen.minutes):
        waiting.append(sample)
        if len(waiting) == 240:
            kept += push(chosen.url, waiting, f"example-{requests}")["accepted"]
            requests += 1
            waiting = []
    if waiting:
        kept += push(chosen.url, waiting, f"example-{requests}")["accepted"]
        requests += 1
    print(f"{kept} samples kept, in {requests} requests")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
