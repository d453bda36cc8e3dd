"""MLflow's own client, loaded when a source needs it, and its errors in our words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from collectors.mlflow_settings import MlflowSettings
from collectors.pulled import ReadSecret, SourceFailed
from collectors.source_fields import REFERENCE

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

T = TypeVar("T")
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # a monitor tells nobody what it watches
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # we ask again ourselves
}
"""MLflow reads these alone; what is set already stays."""


def client(settings: MlflowSettings, read_secret: ReadSecret) -> MlflowClient:
    """Some seconds at the first time, for the import. Raises SourceFailed."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow.tracking import MlflowClient
    except ImportError:
        raise SourceFailed("the extra mlflow is not installed: pip install mlflow-skinny") from None
    uri, registry = (
        read_secret(one) if REFERENCE.fullmatch(one) else one
        for one in (settings.uri, settings.registry or settings.uri)
    )
    with asking():
        return MlflowClient(tracking_uri=uri, registry_uri=registry)


@contextmanager
def asking() -> Iterator[None]:
    """Whatever MLflow and what it stands on raise is a source that failed; only the kind of error is told
    where the words are not MLflow's own, since an address with a password may be in them."""
    try:
        yield
    except SourceFailed:
        raise
    except Exception as error:
        from mlflow.exceptions import MlflowException, RestException

        if isinstance(error, RestException):
            raise SourceFailed(f"MLflow: {str(error)[:300]}") from None
        kind = getattr(error, "error_code", "") if isinstance(error, MlflowException) else ""
        raise SourceFailed(f"MLflow: {kind or type(error).__name__}") from None


def paged(ask: Callable[[str | None], Any], most: int, what: str) -> list[Any]:
    """All pages of a search. Raises SourceFailed beyond ``most``."""
    found: list[Any] = []
    token: str | None = None
    while True:
        page = ask(token)
        found += page
        if len(found) > most:
            raise SourceFailed(f"more than {most} {what}")
        token = page.token
        if not token:
            return found
