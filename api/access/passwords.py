"""Passwords: argon2id, a few at a time, and the same time for names that there are not."""

from __future__ import annotations

import secrets
from functools import cached_property
from threading import Semaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

SHORTEST = 12
LONGEST = 256
_AT_ONCE = 2


class Passwords:
    """RFC 9106's second profile: 64 MiB, three passes; some 0.2 s of a core. Blocking, thread-safe: at most
    two are hashed at a time, so that many logins do not fill the memory.

    >>> quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    >>> kept = quick.hash("correct horse")
    >>> quick.right(kept, "correct horse"), quick.right(kept, "wrong"), quick.right(None, "correct horse")
    (True, False, False)
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turn = Semaphore(_AT_ONCE)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        with self._turn:
            return self._hasher.hash(password)

    def right(self, kept: str | None, password: str) -> bool:
        """Is it the password that ``kept`` was made of? None: there is none, which takes as long to find."""
        with self._turn:
            try:
                return self._hasher.verify(kept or self._nobody, password) and kept is not None
            except (VerificationError, InvalidHashError):
                return False
