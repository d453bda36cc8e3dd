"""How the rankings learned from labels stand, asked of a running server."""

from __future__ import annotations

from api.client import Client
from api.tables import out, print_json, table

_RANKINGS = {
    "of": "orders",
    "proven": "proven",
    "true": "true",
    "false": "false",
    "evidence": "nats",
    "lacks": "lacks",
}
_BANDS = {"band": "foretold", "labels": "labels", "said": "mean of that", "true": "were true"}


def ranking(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        found = server.get("/api/v1/ranking")
    if as_json:
        print_json(found)
        return 0
    console = out()
    console.print(table(found["rankings"], _RANKINGS))
    bands = [
        one | {"band": f"{one['low']:.0%} to {one['high']:.0%}"}
        for one in found["rankings"][0]["reliability"]
    ]
    if bands:
        console.print(table(bands, _BANDS))
    below = found["hold_back_below"]
    console.print(f"notices are held back below {below:.0%}" if below else "no notice is held back by it")
    return 0
