"""The file of sources while a server runs: what is changed in it holds within seconds, or is said wrong.

A file that is wrong changes nothing: the sources that were declared before go on, until the file is right
again or the server is started anew. Likewise where the file is gone, which an editor may do for a moment.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from collectors.source_edit import declaration_in, with_source, without_source
from collectors.source_file import SourceFile, read_source_file
from monitor.domain.errors import BadRequest, NotFound, Unfit
from monitor.polled import Polled
from monitor.settings import Settings
from monitor.sources import polled_of

log = logging.getLogger(__name__)

RELOAD_S = 2.0


class SourceReload:
    """``replace``: takes what is declared from now on. Thread-safe."""

    def __init__(self, settings: Settings, replace: Callable[[Iterable[Polled]], None]) -> None:
        self._settings = settings
        self._file = settings.sources
        self._replace = replace
        self._lock = Lock()
        self._seen: tuple[int, int, int] | None = None
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why the file does not hold as it is; empty where it does."""
        return self._trouble

    def look(self) -> None:
        """Take over what has changed since the last time."""
        with self._lock:
            now = _stamp(self._file)
            if now == self._seen:
                return
            self._seen = now
            if now is None:
                self._troubled(f"{self._file} is gone; what it declared goes on")
                return
            try:
                self._take(read_source_file(self._file))
            except BadRequest as error:
                self._troubled(f"{error}\nWhat was declared before goes on.")

    def declaration(self, name: str) -> tuple[str, dict[str, Any]]:
        """Kind and settings as they are written. Raises NotFound."""
        return declaration_in(self._text(), name)

    def checked(
        self, kind: str, name: str, settings: Mapping[str, Any], *, new: bool | None = None
    ) -> Polled:
        """The source as it would be, which reads from the beginning and keeps no place. Raises what `put`
        does; ``new`` None: whether it is there or not."""
        text = self._text()
        if new is not None:
            _expect(text, name, new=new)
        _, file = with_source(text, kind, name, settings)
        polled = polled_of(file, self._settings, keep=False)
        return next(one for one in polled if one.name == name)

    def put(self, kind: str, name: str, settings: Mapping[str, Any], *, new: bool) -> None:
        """Declare a source, ``new`` or in the place of the one of that name. Raises BadRequest, also where
        the file is wrong elsewhere; Unfit where a new one is there; NotFound where another is not."""
        with self._lock:
            text = self._text()
            _expect(text, name, new=new)
            self._write(*with_source(text, kind, name, settings))

    def remove(self, name: str) -> None:
        """Raises NotFound. Where it was read to is remembered, should it come back."""
        with self._lock:
            self._write(*without_source(self._text(), name))

    def _text(self) -> str:
        try:
            return self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise BadRequest(f"{self._file} cannot be read: {type(error).__name__}") from None

    def _write(self, text: str, file: SourceFile) -> None:
        write_sources(self._file, text)
        self._seen = _stamp(self._file)
        self._take(file)

    def _take(self, file: SourceFile) -> None:
        self._replace(polled_of(file, self._settings))
        self._trouble = ""

    def _troubled(self, text: str) -> None:
        self._trouble = text
        log.warning("sources: %s", text)


def _expect(text: str, name: str, *, new: bool) -> None:
    try:
        declaration_in(text, name)
    except NotFound:
        if not new:
            raise
    else:
        if new:
            raise Unfit(f"there is a source {name}")


def write_sources(file: Path, text: str) -> None:
    """The whole file, or the one before it; on disk when this returns. Raises Unfit where it cannot be
    written."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    except OSError as error:
        raise Unfit(f"{file} cannot be written: {error.strerror}") from None


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size, told.st_ino
