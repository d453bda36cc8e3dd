"""How much one user may do and say."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from api.access.throttle import Throttle
from api.problems import Problem
from api.routes.common import access_of, monitor_of, principal_of
from monitor.domain.access import Principal, Scope
from monitor.telemetry import LimitBook


@dataclass(frozen=True, slots=True)
class Quota:
    """Of whoever asks. Admins, and anyone while access control is off, may act as often as they like."""

    principal: Principal
    throttle: Throttle
    note_bytes: int
    book: LimitBook

    def take(self, note: str = "") -> None:
        """Raises 413 for a note that is too long, and 429 for one request too many in a minute."""
        if len(note.encode(errors="surrogatepass")) > self.note_bytes:
            self.book.hit("http.note_bytes")
            raise Problem(413, f"a note or comment is limited to {self.note_bytes} bytes", kind="note-bytes")
        if "\0" in note or any("\ud800" <= c <= "\udfff" for c in note):
            raise Problem(422, "a note holds text", kind="invalid-parameter")
        wait_s = 0 if Scope.ADMIN in self.principal.scopes else self.throttle.wait_s(self.principal.name)
        if wait_s:
            self.book.hit("http.feedback_per_minute")
            raise Problem(
                429,
                f"try again in {wait_s} s",
                kind="feedback-per-minute",
                headers={"Retry-After": str(wait_s)},
            )


def quota_of(request: Request) -> Quota:
    monitor = monitor_of(request)
    note_bytes = monitor.settings.http.note_bytes
    return Quota(principal_of(request), access_of(request).feedback, note_bytes, monitor.telemetry.limits)
