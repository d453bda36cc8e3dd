"""People with roles: all in memory, written through to the store."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from api.access.actor import Actor
from api.access.passwords import LONGEST, SHORTEST, Passwords
from monitor.domain.access import Role, User
from monitor.domain.errors import BadRequest, NotFound
from monitor.store.accounts import Accounts

NAME = "[A-Za-z0-9._@-]{1,128}"


class Users:
    """Changes by one thread at a time; any thread may look up."""

    def __init__(self, accounts: Accounts, passwords: Passwords) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._known = {user.name: user for user in accounts.users()}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: str) -> User | None:
        return self._known.get(name)

    def all(self) -> list[User]:
        return sorted(self._known.values(), key=lambda user: user.name)

    def check(self, name: str, password: str) -> User | None:
        """The user of that name and password. Blocks while it hashes."""
        user = self._known.get(name)
        right = self._passwords.right(user.password if user is not None else None, password)
        return user if right else None

    def put(
        self, name: str, role: Role, by: Actor, *, team: str | None = None, password: str | None = None
    ) -> User:
        """Make a user, or change one; without a password the one there is stays. Raises BadRequest."""
        if not re.fullmatch(NAME, name):
            raise BadRequest("name: letters, digits and . _ @ - only, at most 128")
        if password is not None and not SHORTEST <= len(password) <= LONGEST:
            raise BadRequest(f"password: {SHORTEST} to {LONGEST} characters")
        known = self._known.get(name)
        if known is not None and role is not Role.ADMIN:
            self._not_the_last_admin(known)
        user = known or User(name, role, created_ms=self._accounts.now_ms())
        kept = user.password if password is None else self._passwords.hash(password)
        return self._put(replace(user, role=role, team=team, password=kept), by)

    def come_by_sign_on(self, subject: str, name: str, role: Role, team: str | None, by: Actor) -> User:
        """The user that an identity provider calls ``subject``, with the rights it states now."""
        known = next((user for user in self._known.values() if user.subject == subject), None)
        if known is None:
            return self._put(User(self._free(name), role, team, None, subject, self._accounts.now_ms()), by)
        changed = replace(known, role=role, team=team)
        return known if changed == known else self._put(changed, by)

    def remove(self, name: str, by: Actor) -> None:
        """With every session. Raises NotFound, BadRequest for the last admin."""
        user = self._known.get(name)
        if user is None:
            raise NotFound("no such user")
        self._not_the_last_admin(user)
        del self._known[name]
        self._accounts.drop_user(name, by.did("user removed", f"user:{name}", said(user)))

    def _put(self, user: User, by: Actor) -> User:
        if user.team is not None and user.role is Role.ADMIN:
            raise BadRequest("team: an admin is of every team")
        known = self._known.get(user.name)
        deed = by.did(
            "user created" if known is None else "user changed",
            f"user:{user.name}",
            None if known is None else said(known),
            said(user) | ({"password": "changed"} if known and user.password != known.password else {}),
        )
        self._accounts.put_user(user, deed)
        self._known[user.name] = user
        return user

    def _not_the_last_admin(self, user: User) -> None:
        admins = [one for one in self._known.values() if one.role is Role.ADMIN]
        if admins == [user]:
            raise BadRequest("the last admin cannot be taken away")

    def _free(self, wanted: str) -> str:
        """A name nobody has, near the one wanted: an identity provider's names are no keys."""
        name = re.sub("[^A-Za-z0-9._@-]", "-", wanted)[:100] or "user"
        number = 1
        while (found := name if number == 1 else f"{name}-{number}") in self._known:
            number += 1
        return found


def said(user: User) -> dict[str, Any]:
    """A user as people and the audit log see it: of the password, that there is one."""
    return {
        "role": user.role.value,
        "team": user.team,
        "password": "set" if user.password else None,
        "subject": user.subject,
        "created_ms": user.created_ms,
    }
