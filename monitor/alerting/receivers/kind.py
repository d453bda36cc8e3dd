"""What a kind of receiver is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from monitor.alerting.secrets import Secrets
from monitor.domain.notice import Receiver


class Strict(BaseModel):
    """Settings of one kind; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SecretName = Annotated[str, Field(pattern=r"^(env:[A-Z0-9_]{1,128}|file:[\w.-]{1,128})$")]
"""Where a secret is, for settings that need one: `monitor.alerting.secrets` reads it. Settings are shown
to whoever may see the receiver, so none may hold a secret itself."""

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """``make`` opens no connection. ``per_s``: notices that begin to be sent in a second, at most.
    ``digests``: can it take a digest; ``re_sent``: must open incidents be delivered anew every few
    minutes."""

    name: str
    settings: type[S]
    make: Callable[[S, Secrets], Receiver]
    per_s: float
    digests: bool = True
    re_sent: bool = False
