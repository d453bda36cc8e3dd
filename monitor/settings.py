"""Every setting of Watchkeeper: a TOML file, then ``WATCHKEEPER_*`` variables over it, then arguments.

An unknown key is an error wherever it stands, since a setting that is silently ignored is worse than
a server that does not start. Nested keys are ``[http]`` tables in the file and ``WATCHKEEPER_HTTP__…``
in the environment.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from monitor.domain.access import Role
from monitor.intake.limits import Limits

PREFIX = "WATCHKEEPER_"
# Read by the command line's client side, and by benchmarks; no settings of the server.
CLIENT_VARIABLES = frozenset(PREFIX + name for name in ("TOKEN", "URL", "CONFIG", "DATA"))

Positive = Annotated[int, Field(gt=0)]


class SettingsError(ValueError):
    """A setting is unknown or has a value it cannot have; the text names each, one a line."""


class HttpLimits(BaseModel):
    """What one request, and all requests together, may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget_bytes: Positive = Field(
        default=256 * 2**20, description="bytes that the bodies of all requests under way may hold together"
    )
    running_requests: Positive = Field(default=64, description="ingest requests that run at one time")
    waiting_requests: Positive = Field(
        default=256, description="ingest requests that wait or send beside those"
    )
    connections: Positive = Field(default=1_000, description="open connections; one more is answered 503")
    header_bytes: Positive = Field(default=16 * 2**10, description="a request's headers together, in bytes")
    control_bytes: Positive = Field(
        default=4 * 2**20,
        description="a body of a request that sends no samples, as sent and uncompressed, in bytes; 413",
    )
    body_read_s: Positive = Field(default=30, description="seconds that the sending of one body may take")
    body_bytes_per_s: Positive = Field(
        default=1_024, description="slowest sending of a body, after five seconds of grace"
    )
    answer_s: Positive = Field(default=60, description="seconds to wait for the intake log")
    keep_alive_s: Positive = Field(default=30, description="seconds an idle connection is kept")
    query_points: Positive = Field(default=11_000, description="most points of one series in one answer")
    watchers: Positive = Field(default=100, description="open event streams; one more is answered 503")
    feedback_per_minute: Positive = Field(
        default=60,
        description="labels and acts of one user in a minute; one more is answered 429",
    )
    note_bytes: Positive = Field(default=4_096, description="bytes of a label's note, or of a comment")


class SignOn(BaseModel):
    """Single sign-on by OpenID Connect; needs the extra ``oidc``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(default="", description="address of the identity provider; empty: no single sign-on")
    client_id: str = Field(default="", description="what the provider calls this server")
    client_secret_file: str = Field(
        default="", description="file that holds the client's secret; empty: none"
    )
    redirect_url: str = Field(
        default="", description="this server's address from outside, followed by /login/sso/done"
    )
    groups_claim: str = Field(default="groups", description="claim of the ID token that lists groups")
    roles: dict[str, Role] = Field(
        default={}, description="role by group; the strongest counts, and without one nobody comes in"
    )
    teams: dict[str, str] = Field(
        default={}, description="team by group, for all but admins; without one: every team"
    )


class AccessSettings(BaseModel):
    """Who may come in, and for how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: tuple[str, ...] = Field(
        default=(), description="names this server is reached by, beside its address and those of loopback"
    )
    session_idle_s: Positive = Field(default=1_800, description="seconds after which an idle login ends")
    session_total_s: Positive = Field(default=43_200, description="seconds after which any login ends")
    login_tries: Positive = Field(default=5, description="logins tried in a minute, by account and address")
    sso: SignOn = Field(default_factory=SignOn, description="single sign-on")


class AlertSettings(BaseModel):
    """How incidents are told of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_url: str = Field(default="", description="this server's address from outside, for links in notices")
    reachable: tuple[str, ...] = Field(
        default=(),
        description="hosts, and networks such as 10.1.0.0/16, that receivers may be at although not public",
    )
    secrets_dir: str = Field(
        default="", description="folder of files with secrets of receivers; empty: secrets in the data folder"
    )
    notices_max: Positive = Field(
        default=100_000,
        description="notices that wait; beyond it updates are left out, opens and closes never",
    )


class MetaSettings(BaseModel):
    """How Watchkeeper watches itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True, description="tell the own series watchkeeper.*, and freeze models while one is wrong"
    )
    heartbeat_url: str = Field(
        default="",
        description="address that is sent a POST each minute while all is well; empty: none",
    )


class RankingSettings(BaseModel):
    """What is learned of which incidents people act on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hold_back_below: float = Field(
        default=0.0,
        ge=0.0,
        le=0.5,
        description="notices of incidents on which people act with a smaller chance are held back, once the "
        "ranking has proven itself; 0: none",
    )


class StatsdSettings(BaseModel):
    """The listener for StatsD."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="listen for StatsD, over UDP and TCP")
    host: str = Field(
        default="127.0.0.1", description="address it listens on; loopback only while auth is off"
    )
    port: int = Field(default=8125, ge=0, le=65_535, description="port it listens on; 0 takes any free one")
    flush_s: Positive = Field(default=10, description="seconds that lines are gathered for one sample")
    series_max: Positive = Field(
        default=10_000, description="names with their tags that it holds; lines of further ones are refused"
    )


class Settings(BaseSettings):
    """All settings, frozen. ``Settings()`` reads the environment only; `load` reads a file too.

    >>> Settings(port=9000).port
    9000
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(
        default=Path("watchkeeper-data"), description="folder of log, checkpoints, history and database"
    )
    host: str = Field(
        default="127.0.0.1", description="address to listen on; loopback only while auth is off"
    )
    port: int = Field(default=8321, ge=0, le=65_535, description="port to listen on; 0 takes any free one")
    shards: int = Field(
        default_factory=lambda: max(1, min(os.cpu_count() or 1, 64)),
        ge=1,
        le=1_024,
        description="number of shards, one a core by default; fixed once a data folder exists",
    )
    engine: Literal["processes", "inline"] = Field(
        default="processes", description="where shards run: worker processes, or inline in the server's own"
    )
    auth: Literal["off", "on"] = Field(
        default="off", description="access control: off (on loopback only), or on"
    )
    default_timezone: str = Field(default="UTC", description="time zone of series that name none")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty is SQLite in the data folder")
    checkpoint_interval_s: Positive = Field(
        default=300, description="seconds between checkpoints while samples arrive"
    )
    retention_days: Positive = Field(default=400, description="days that observation history is kept")
    log_segment_bytes: int = Field(
        default=128 * 2**20, ge=2**16, description="size at which a new segment of the log is begun"
    )
    predictions_bytes_max: Positive = Field(
        default=4 * 2**30,
        description="bytes on disk of predictions that wait for their outcome; beyond it a sample is kept",
    )
    decode_lanes: int = Field(
        default_factory=lambda: max(1, min(4, (os.cpu_count() or 1) // 2)),
        ge=1,
        le=64,
        description="threads that decode request bodies",
    )
    stall_s: Positive = Field(
        default=30, description="seconds without progress on a backlog after which /ready says 503"
    )
    sources_file: str = Field(
        default="", description="file of sources to poll; empty: sources.toml in the data folder, if there"
    )
    http: HttpLimits = Field(default_factory=HttpLimits, description="limits on requests")
    access: AccessSettings = Field(default_factory=AccessSettings, description="who may come in")
    alerts: AlertSettings = Field(default_factory=AlertSettings, description="how incidents are told of")
    ranking: RankingSettings = Field(
        default_factory=RankingSettings, description="what is learned of which incidents people act on"
    )
    meta: MetaSettings = Field(default_factory=MetaSettings, description="how Watchkeeper watches itself")
    statsd: StatsdSettings = Field(default_factory=StatsdSettings, description="the listener for StatsD")
    limits: Limits = Field(default_factory=Limits, description="limits on series, names, time and backlog")

    @field_validator("default_timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"no such time zone: {name!r}") from error
        return name

    @field_validator("limits", mode="before")
    @classmethod
    def _known_limits(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            known = {field.name for field in dataclasses.fields(Limits)}
            if unknown := sorted(set(value) - known):
                raise ValueError(f"unknown limit: {', '.join(map(str, unknown))}")
        return value

    @property
    def database(self) -> str:
        """The SQLAlchemy URL to open."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'watchkeeper.db').absolute()}"

    @property
    def secrets(self) -> Path:
        """The folder of secrets of receivers."""
        return Path(self.alerts.secrets_dir) if self.alerts.secrets_dir else self.data_dir / "secrets"

    @property
    def sources(self) -> Path:
        """The file that declares what is polled."""
        return Path(self.sources_file) if self.sources_file else self.data_dir / "sources.toml"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings


def load(config: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings of a file, the environment over it, and ``overrides`` (those not None) over both.

    Raises SettingsError, naming every unknown key and every value that cannot be.
    """
    environ = os.environ if environ is None else environ
    unknown = unknown_variables(environ)
    if unknown:
        raise SettingsError("\n".join(f"{name}: no such setting" for name in unknown))
    values: dict[str, Any] = {}
    try:
        if config is not None:
            values = _from_file(config)
        for name, value in _from_environment(environ).items():
            _merge(values, name, value)
        values.update({name: value for name, value in overrides.items() if value is not None})
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_fault(e) for e in error.errors(include_url=False))) from error
    except SettingsError:
        raise
    except ValueError as error:  # a variable of nested values that is no JSON
        raise SettingsError(str(error)) from error


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Variables that begin like ours and name no setting.

    >>> unknown_variables({"WATCHKEEPER_PROT": "1", "WATCHKEEPER_STATSD__PORT": "1", "HOME": "/"})
    ['WATCHKEEPER_PROT']
    """
    known = CLIENT_VARIABLES | {PREFIX + name.upper() for name in Settings.model_fields}
    tables = [name for name, field in Settings.model_fields.items() if _is_table(field.annotation)]
    # Secrets of receivers are named by the last, and are no settings.
    nested = (*(f"{name.upper()}__" for name in tables), "SECRET_")
    return sorted(
        name
        for name in environ
        if name.upper().startswith(PREFIX)
        and name.upper() not in known
        and not name.upper().removeprefix(PREFIX).startswith(nested)
    )


def _is_table(annotation: object) -> bool:
    return dataclasses.is_dataclass(annotation) or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    )


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only.

    >>> [is_loopback(h) for h in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _from_file(config: Path) -> dict[str, Any]:
    if not config.is_file():
        raise SettingsError(f"{config}: no such file")
    try:
        return dict(TomlConfigSettingsSource(Settings, toml_file=config)())
    except ValueError as error:  # no TOML, or not UTF-8
        raise SettingsError(f"{config}: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in environ.items()}
    return source()


def _merge(values: dict[str, Any], name: str, value: Any) -> None:
    old = values.get(name)
    if isinstance(old, dict) and isinstance(value, dict):
        values[name] = {**old, **value}
    else:
        values[name] = value


def _fault(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    message = "no such setting" if error["type"] == "extra_forbidden" else cast(str, error["msg"])
    return f"{place}: {message}"
