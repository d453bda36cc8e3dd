"""Declared sources to sources that can be polled: the one file that knows every kind."""

from __future__ import annotations

from pathlib import Path

from collectors.host import TAG, HostSource
from collectors.host_settings import HostSettings
from collectors.kafka import KafkaFollower
from collectors.kafka_settings import KafkaSettings
from collectors.mlflow_settings import MlflowSettings
from collectors.mlflow_source import MlflowSource
from collectors.promql import PromqlSource
from collectors.promql_settings import PromqlSettings
from collectors.pulled import ReadSecret, Source, SourceFailed
from collectors.scrape import WORKERS, ScrapeSource
from collectors.scrape_settings import ScrapeSettings
from collectors.source_file import Declaration, SourceFile, read_source_file
from collectors.sql import SqlSource
from collectors.sql_settings import DatabaseSettings, SqlSettings
from collectors.table import TableSource
from collectors.table_settings import TableSettings
from collectors.targets import TARGETS_MAX
from collectors.watched import WatchedFiles
from collectors.watched_settings import WatchedSettings
from monitor.alerting.secrets import NoSecret, Secrets
from monitor.domain.durations import DAY_MS
from monitor.polled import Polled
from monitor.settings import Settings


def declared_sources(settings: Settings, *, keep: bool = True) -> list[Polled]:
    """All that the file of sources declares; nothing where there is no such file and none was named. No
    source is spoken to. ``keep``: places of files are kept, for a server; else they are read from their
    beginnings. Raises BadRequest, which names every key that is wrong."""
    if not settings.sources_file and not settings.sources.exists():
        return []
    return polled_of(read_source_file(settings.sources), settings, keep=keep)


def polled_of(file: SourceFile, settings: Settings, *, keep: bool = True) -> list[Polled]:
    read_secret = secret_reader(Secrets(settings.secrets))
    folder = settings.data_dir / "sources" if keep else None
    return [polled_as(kind, one, read_secret, folder) for kind, one in file.declared()]


def secret_reader(secrets: Secrets) -> ReadSecret:
    def read(reference: str) -> str:
        try:
            return secrets.read(reference)
        except NoSecret as error:
            raise SourceFailed(str(error)) from None

    return read


def polled_as(kind: str, said: Declaration, read_secret: ReadSecret, folder: Path | None) -> Polled:
    """``folder``: where sources that keep their own places keep them."""
    match said:
        case SqlSettings():
            return _bucketed(kind, said, SqlSource(said, read_secret))
        case TableSettings():
            return _bucketed(kind, said, TableSource(said, read_secret))
        case PromqlSettings():
            return _bucketed(kind, said, PromqlSource(said, read_secret))
        case ScrapeSettings():
            return _scrape(kind, said, ScrapeSource(said, read_secret))
        case WatchedSettings():
            file = None if folder is None else folder / f"{said.name}.json"
            watched = WatchedFiles(said, file)
            return Polled(said.name, kind, watched, said.every, said.timeout, declared=said)
        case KafkaSettings():
            kafka = KafkaFollower(said, read_secret, keep=folder is not None)
            return Polled(said.name, kind, kafka, said.every, said.timeout, declared=said)
        case MlflowSettings():
            return _mlflow(kind, said, read_secret, folder)
        case HostSettings():
            return _host(kind, said, HostSource(said))


def _bucketed(kind: str, said: DatabaseSettings | PromqlSettings, source: Source) -> Polled:
    return Polled(
        said.name,
        kind,
        source,
        every_ms=said.every or said.bucket,
        timeout_ms=said.timeout,
        delay_ms=said.delay,
        reread_ms=said.reread,
        backfill_ms=said.backfill,
        chunk_ms=said.bucket * said.chunk_buckets,
        declared=said,
    )


def _mlflow(kind: str, said: MlflowSettings, read_secret: ReadSecret, folder: Path | None) -> Polled:
    source = MlflowSource(said, read_secret, None if folder is None else folder / f"{said.name}.json")
    return Polled(
        said.name,
        kind,
        source,
        every_ms=said.every,
        timeout_ms=said.timeout,
        reread_ms=said.reread,
        backfill_ms=said.backfill,
        chunk_ms=DAY_MS,
        tells=source,
        declared=said,
    )


def _host(kind: str, said: HostSettings, source: HostSource) -> Polled:
    return Polled(
        said.name, kind, source, said.every, said.timeout, parts=source.parts, part_tag=TAG, declared=said
    )


def _scrape(kind: str, said: ScrapeSettings, source: ScrapeSource) -> Polled:
    rounds = -(-(TARGETS_MAX if said.dns else len(said.targets)) // WORKERS)
    return Polled(
        said.name,
        kind,
        source,
        every_ms=said.every,
        timeout_ms=said.timeout * rounds,
        parts=source.parts,
        counters=source.counters,
        declared=said,
    )
