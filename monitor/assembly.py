"""The composition root: the only file that names concrete parts, in a straight line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import metadata
from importlib.util import find_spec

from monitor.alerting.chart_links import ChartLinks
from monitor.alerting.label_links import LINKED, LabelLinks
from monitor.alerting.outbound import Outbound, checked
from monitor.alerting.receivers import make
from monitor.alerting.secrets import Secrets
from monitor.alerting.signing import key_of
from monitor.alerts import Alerts
from monitor.couriers import Couriers
from monitor.domain.lineage import Lineage
from monitor.engine.base import Engine
from monitor.engine.processes import ProcessEngine
from monitor.engine.settings import HostSettings
from monitor.engine.story import Story
from monitor.folder import FolderLock
from monitor.intake.limits import memory_bytes, series_limit
from monitor.service import Monitor
from monitor.settings import Settings, SettingsError
from monitor.sources import declared_sources
from monitor.store.accounts import Accounts
from monitor.store.alerts import AlertStore
from monitor.store.budgets import BudgetStore
from monitor.store.database import Database
from monitor.store.destinations import Destinations, wall_ms
from monitor.store.migrations import upgrade
from monitor.store.outbox import Outbox
from monitor.telemetry import Telemetry

BYTES_PER_SERIES = 450
"""Rows, index, a day's season by the hour and key text, with a margin: docs/architecture.md."""


def build(settings: Settings, *, clock_ms: Callable[[], int] = wall_ms) -> Monitor:
    """A Monitor on the settings' data folder, which is its own until `Monitor.stop`; nothing runs before
    `Monitor.start`. ``clock_ms``: the wall clock. Raises InUse where another server has the folder."""
    settings.data_dir.mkdir(0o700, parents=True, exist_ok=True)
    polled = declared_sources(settings)
    lock = FolderLock(settings.data_dir)
    try:
        settings = _as_laid_out(settings)
        upgrade(settings.database)
        total = settings.limits.series_max or series_limit(memory_bytes(), BYTES_PER_SERIES)
        settings = settings.model_copy(update={"limits": replace(settings.limits, series_max=total)})
        engine = _engine(settings, total)
        database = Database(settings.database)
    except BaseException:
        lock.release()
        raise
    telemetry = Telemetry()
    key = key_of(settings.data_dir)
    label_links = LabelLinks(key, settings.alerts.page_url, wall_ms)
    chart_links = ChartLinks(key, settings.alerts.page_url, wall_ms, find_spec("matplotlib") is not None)
    alerts = _alerts(settings, database, lambda: story.lineage, telemetry, label_links)
    alerts.chart_url = chart_links.url
    story, accounts = Story(database, alerts.announce), Accounts(database)
    return Monitor(
        settings,
        engine,
        story,
        accounts,
        alerts,
        version=version(),
        telemetry=telemetry,
        clock_ms=clock_ms,
        on_stopped=lock.release,
        label_links=label_links,
        chart_links=chart_links,
        served=settings.data_dir / "served",
        polled=polled,
        beat=_beat(settings),
    )


def _beat(settings: Settings) -> Callable[[], None] | None:
    """Sends one sign of life; None where none is wanted. The way there is that of receivers."""
    url = settings.meta.heartbeat_url
    if not url:
        return None
    outbound = Outbound(settings.alerts.reachable)

    def beat() -> None:
        checked(outbound.post(url, b'{"watchkeeper": "well"}'), "the heartbeat's address")

    return beat


def _alerts(
    settings: Settings,
    database: Database,
    lineage: Callable[[], Lineage],
    telemetry: Telemetry,
    label_links: LabelLinks,
) -> Alerts:
    secrets = Secrets(settings.secrets)
    make_receiver = partial(make, outbound=Outbound(settings.alerts.reachable))
    return Alerts(
        AlertStore(database, settings.alerts.notices_max),
        Destinations(database),
        Outbox(database),
        lambda compose: Couriers(database, compose, secrets, make=make_receiver),
        budgets=BudgetStore(database),
        lineage=lineage,
        now_ms=wall_ms,
        links=lambda incident, receiver: label_links.urls(incident.id, LINKED, receiver),
        page=settings.alerts.page_url,
        on_left_out=lambda count: telemetry.limits.hit("notices_max", count),
    )


def _as_laid_out(settings: Settings) -> Settings:
    """With as many shards as the data folder was made for; SettingsError where others are asked for."""
    layout = settings.data_dir / "layout.json"
    if not layout.exists():
        layout.write_text(json.dumps({"shards": settings.shards}) + "\n")
        return settings
    shards = int(json.loads(layout.read_text())["shards"])
    if shards != settings.shards and "shards" in settings.model_fields_set:
        raise SettingsError(f"shards: {settings.data_dir} was made for {shards}, not {settings.shards}")
    return settings.model_copy(update={"shards": shards})


def _engine(settings: Settings, total: int) -> Engine:
    host = HostSettings(
        directory=settings.data_dir,
        default_zone=settings.default_timezone,
        limits=settings.limits,
        segment_bytes=settings.log_segment_bytes,
        retention_days=settings.retention_days,
        backlog_bytes_max=max(settings.limits.backlog_bytes_max // settings.shards, 1),
        backlog_ms_max=settings.limits.backlog_s_max * 1_000,
        series_limit=max(total // settings.shards, 1),
    )
    if settings.engine == "inline":
        from monitor.engine.inline import InlineEngine  # loads all that shards need

        return InlineEngine(settings.shards, host)
    return ProcessEngine(settings.shards, host)


def version() -> str:
    try:
        return metadata.version("watchkeeper")
    except metadata.PackageNotFoundError:
        return "source"
