"""Declared sources to sources that can be polled: the one file that knows every kind."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.pulled import ReadSecret, SourceFailed
from collectors.source_file import SourceFile, SqlSettings, read_source_file
from collectors.sql import SqlSource
from monitor.alerting.secrets import NoSecret, Secrets
from monitor.polling import Polled
from monitor.settings import Settings


def declared_sources(settings: Settings) -> list[Polled]:
    """All that the file of sources declares; nothing where there is no such file and none was named. No
    source is spoken to. Raises BadRequest, which names every key that is wrong."""
    if not settings.sources_file and not settings.sources.exists():
        return []
    return polled_of(read_source_file(settings.sources), secret_reader(Secrets(settings.secrets)))


def secret_reader(secrets: Secrets) -> ReadSecret:
    def read(reference: str) -> str:
        try:
            return secrets.read(reference)
        except NoSecret as error:
            raise SourceFailed(str(error)) from None

    return read


def polled_of(file: SourceFile, read_secret: ReadSecret) -> list[Polled]:
    return list(_all(file, read_secret))


def _all(file: SourceFile, read_secret: ReadSecret) -> Iterator[Polled]:
    for sql in file.sql:
        yield _sql(sql, read_secret)


def _sql(settings: SqlSettings, read_secret: ReadSecret) -> Polled:
    return Polled(
        settings.name,
        "sql",
        SqlSource(settings, read_secret),
        every_ms=settings.every or settings.bucket,
        timeout_ms=settings.timeout,
        delay_ms=settings.delay,
        reread_ms=settings.reread,
        backfill_ms=settings.backfill,
        chunk_ms=settings.bucket * settings.chunk_buckets,
    )
