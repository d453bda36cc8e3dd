"""What a kind of receiver is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from monitor.alerting.secrets import Secrets
from monitor.domain.notice import Receiver


class Strict(BaseModel):
    """Settings of one kind; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """``make`` opens no connection. ``per_s``: notices that begin to be sent in a second, at most."""

    name: str
    settings: type[S]
    make: Callable[[S, Secrets], Receiver]
    per_s: float
