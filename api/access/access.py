"""Access as a whole: tokens, users and sessions of one server, over its store."""

from __future__ import annotations

import logging
import time
from threading import Lock

from argon2 import PasswordHasher

from api.access.passwords import Passwords
from api.access.sessions import Sessions
from api.access.throttle import Throttle
from api.access.tokens import Tokens
from api.access.users import Users
from monitor.every import Every
from monitor.settings import Settings
from monitor.store.accounts import Accounts

log = logging.getLogger(__name__)

TIDY_S = 60.0


class Access:
    """``enabled`` false: anybody may do anything, on loopback only (`api.server.check_bind`). ``changing`` is
    held by whoever changes tokens, users or sessions."""

    def __init__(self, settings: Settings, accounts: Accounts, hasher: PasswordHasher | None = None) -> None:
        self.enabled = settings.auth == "on"
        self.changing = Lock()
        self.accounts = accounts
        self.tokens = Tokens(accounts)
        self.users = Users(accounts, Passwords(hasher))
        self.sessions = Sessions(accounts, settings.access.session_idle_s, settings.access.session_total_s)
        self.tries = Throttle(settings.access.login_tries, time.monotonic)
        self.feedback = Throttle(settings.http.feedback_per_minute, time.monotonic)
        self._tidying = Every(TIDY_S, self.tidy)

    def start(self) -> None:
        self._tidying.start()

    def close(self) -> None:
        self._tidying.stop()
        try:
            self.tidy()
        except Exception:  # a server that stops has more to do
            log.exception("what was used when could not be written down")

    def tidy(self) -> None:
        """Write down what was used when; drop sessions that have run out, and old audit entries."""
        tokens, sessions = self.tokens.take_used(), self.sessions.take_seen()
        if tokens or sessions:
            self.accounts.seen(tokens, sessions)
        with self.changing:
            self.sessions.sweep()
        self.accounts.prune()
