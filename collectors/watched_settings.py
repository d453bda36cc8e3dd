"""Files that are read on as they grow, as they are declared."""

from __future__ import annotations

from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator

from collectors.source_fields import Name, Span, Strict, Text
from monitor.domain.durations import MINUTE_MS


class WatchedSettings(Strict):
    """``path``: a file, a folder, or a pattern such as ``/data/*.csv`` in one folder; ``tags``: the columns
    that are tags, instead of all text columns; ``zone``: of times without one."""

    name: Name
    path: Text
    every: Span = MINUTE_MS
    timeout: Span = MINUTE_MS
    tags: tuple[Text, ...] | None = Field(default=None, strict=False)
    zone: str = "UTC"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.path.startswith("/"):
            raise ValueError("path: from the root, as /data/orders.csv")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("zone: no such time zone") from None
        return self
