"""Who asks, and may they? Asked once for each request, before anything else of it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope as Asked

from api.access.access import Access
from api.access.policy import Rule, rule_of
from api.access.sessions import COOKIE
from api.problems import Problem
from monitor.domain.access import ANYONE, Principal, Session

_KINDS = frozenset({"bearer", "token"})
"""How a token is announced; the second as InfluxDB's clients do it."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whoever was let in; None where the route is open to those who are not known. ``valid``: whether they
    still would be, for answers that go on and on."""

    principal: Principal | None
    session: Session | None = None
    valid: Callable[[], bool] = lambda: True


class Gate:
    """``routes``: those of the application, to tell a route that the policy forgot from one there is not.
    ``door``: the page for a person who is not known."""

    def __init__(
        self, access: Access, routes: Callable[[], Iterable[BaseRoute]], door: Callable[[], Response]
    ) -> None:
        self._access = access
        self._routes = routes
        self.door = door

    def admit(self, asked: Asked, headers: Headers) -> Admitted:
        """Raises Problem: 401 for who is not known, 403 for who may not."""
        rule = rule_of(asked["method"], asked["path"])
        if rule is not None and rule.open:
            return Admitted(None)
        admitted = self._known(headers) if self._access.enabled else Admitted(ANYONE)
        if admitted is None:
            raise Problem(
                401, "a token or a login is needed", kind="unknown", headers={"WWW-Authenticate": "Bearer"}
            )
        if admitted.session is not None and asked["method"] not in SAFE_METHODS:
            _check_csrf(headers, admitted.session)
        assert admitted.principal is not None
        self._check(rule, admitted.principal, asked)
        return admitted

    def _check(self, rule: Rule | None, principal: Principal, asked: Asked) -> None:
        if rule is not None:
            if refusal := rule.refusal(principal):
                raise Problem(403, refusal, kind="not-allowed")
        elif any(route.matches(asked)[0] is Match.FULL for route in self._routes()):
            raise Problem(403, "nobody may do this: no rule speaks of it", kind="no-rule")

    def _known(self, headers: Headers) -> Admitted | None:
        """By token if one is sent, whatever cookie comes along; else by session."""
        sent = headers.getlist("authorization")
        if sent:
            return self._by_token(sent)
        return self._by_session(headers)

    def _by_token(self, sent: list[str]) -> Admitted | None:
        kind, _, text = sent[0].partition(" ")
        if len(sent) != 1 or kind.lower() not in _KINDS:
            return None
        tokens = self._access.tokens
        token = tokens.find(text.strip().encode("latin-1"))  # the bytes as they came
        if token is None:
            return None
        return Admitted(token.principal, valid=lambda: tokens.valid(token.id))

    def _by_session(self, headers: Headers) -> Admitted | None:
        sessions, users = self._access.sessions, self._access.users
        session = sessions.find(cookie_of(headers, COOKIE))
        user = users.get(session.user) if session is not None else None
        if session is None or user is None:
            return None
        valid = lambda: sessions.valid(session.id) and users.get(user.name) == user  # noqa: E731
        return Admitted(user.principal, session, valid)


def cookie_of(headers: Headers, name: str) -> str:
    """A cookie's value; empty without one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _check_csrf(headers: Headers, session: Session) -> None:
    sent = headers.get("x-csrf-token", "")
    if not compare_digest(sent.encode(), session.csrf.encode()):
        raise Problem(403, "the header X-CSRF-Token of this session is needed", kind="csrf")
