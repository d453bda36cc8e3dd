"""``watchkeeper models``: which served models there are, and how good they are."""

from __future__ import annotations

from typing import Annotated

import typer

from api.options import URL, Json, Token, Url


def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One model, by buckets.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Of it; the newest.")] = None,
    segment: Annotated[str | None, typer.Option("--segment", help="As key=value; the whole.")] = None,
    buckets: Annotated[int, typer.Option("--buckets", min=1, max=400, help="Most buckets.")] = 24,
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Served models of a running server: volume, quality with its interval, estimate, drift."""
    from api.commands.served import models

    raise typer.Exit(
        models(url, token, name, version=version, segment=segment, buckets=buckets, as_json=json)
    )
