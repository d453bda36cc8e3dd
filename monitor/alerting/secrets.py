"""Secrets of receivers, by reference: settings name them and hold none, so nothing can show one.

``env:NAME`` is a variable of the server whose name begins with ``WATCHKEEPER_SECRET_``; ``file:NAME`` is a
file in the folder of secrets. Nothing else can be named: who may declare a receiver may not thereby read the
server's other variables and files, and send them somewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PREFIX = "WATCHKEEPER_SECRET_"
LONGEST = 8_192


class NoSecret(ValueError):
    """A reference that names nothing; the text says which, and never what it holds."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """``folder``: None, there are no files.

    >>> Secrets(None, {"WATCHKEEPER_SECRET_A": "x"}).read("env:WATCHKEEPER_SECRET_A")
    'x'
    """

    folder: Path | None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def read(self, reference: str) -> str:
        """The secret, without the line's end of a file. Raises NoSecret."""
        kind, colon, name = reference.partition(":")
        if colon and kind == "env":
            return self._of_environment(name)
        if colon and kind == "file":
            return self._of_file(name)
        raise NoSecret("a secret is named as env:NAME or file:NAME")

    def _of_environment(self, name: str) -> str:
        if not name.startswith(PREFIX):
            raise NoSecret(f"a variable that holds a secret begins with {PREFIX}")
        found = self.environ.get(name)
        if not found:
            raise NoSecret(f"the server has no variable {name[:128]}")
        return found

    def _of_file(self, name: str) -> str:
        plain = name.isprintable() and name == Path(name).name and name not in ("", ".", "..")
        if self.folder is None or not plain:
            raise NoSecret("a file that holds a secret is named without its folder")
        path = self.folder / name
        try:
            if path.is_symlink() or path.stat().st_size > LONGEST:
                raise NoSecret(f"file {name[:128]} holds no secret")
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise NoSecret(f"there is no secret in file {name[:128]}") from error
        if not text:
            raise NoSecret(f"there is no secret in file {name[:128]}")
        return text
