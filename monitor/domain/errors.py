"""The few errors that cross a boundary, in the words of the field, each saying whether to retry."""

from __future__ import annotations


class WatchkeeperError(Exception):
    """Base of all errors a caller may see."""

    retry = False


class BadRequest(WatchkeeperError):
    """The input as a whole cannot be read; nothing of it was kept."""


class UnknownSeries(WatchkeeperError):
    """A shard was handed a fingerprint without its identity; send the identities along."""

    retry = True


class IntakeUnavailable(WatchkeeperError):
    """The intake log cannot take the batch now; nothing of it was acknowledged."""

    retry = True


class Overloaded(IntakeUnavailable):
    """Too much waits already; try again after ``retry_after_s`` seconds. ``limit``: its name, if any."""

    def __init__(self, message: str, retry_after_s: int = 1, limit: str = "") -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.limit = limit


class InUse(WatchkeeperError):
    """Another process has the data folder open; end that one, or choose another folder."""


class Refused(WatchkeeperError):
    """What was asked for lies beyond a limit; ``limit`` is its name."""

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class Unfit(WatchkeeperError):
    """What was asked for cannot be done to this one, or not now."""


class NotFound(WatchkeeperError):
    """No such series, anomaly, incident or metric."""


class CorruptLog(WatchkeeperError):
    """A file is not what its name says; ``watchkeeper log verify`` tells more."""
