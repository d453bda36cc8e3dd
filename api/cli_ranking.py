"""``watchkeeper ranking`` of the command line."""

from __future__ import annotations

import typer

from api.options import URL, Json, Token, Url


def ranking(url: Url = URL, token: Token = "", json: Json = False) -> None:
    """What is learned of which incidents people act on, and whether it has proven itself."""
    from api.commands.ranking import ranking

    raise typer.Exit(ranking(url, token, as_json=json))
