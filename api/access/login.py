"""Coming in and going out: the login page, a form that needs no script, and single sign-on beside it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from hmac import compare_digest
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from api.access.access import Access
from api.access.actor import Actor
from api.access.gate import Admitted, cookie_of
from api.access.sessions import COOKIE
from api.problems import Problem
from monitor.domain.access import User

if TYPE_CHECKING:
    from api.access.sign_on import SignOn

P = ParamSpec("P")
T = TypeVar("T")

FORM_COOKIE = "__Host-watchkeeper-form"
STATE_COOKIE = "__Host-watchkeeper-sso"
FORM_BYTES = 4_096
ENDED = "Your session has ended. Log in to go on where you were."
_FILES = {"/login.css": "text/css", "/login.js": "text/javascript"}
_FORM = "application/x-www-form-urlencoded"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in · Watchkeeper</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/login.css">
<script src="/login.js" defer></script>
</head>
<body>
<main>
<h1>Watchkeeper</h1>
{said}
<form method="post">
<input type="hidden" name="csrf" value="{csrf}">
<label>Name <input name="name" autocomplete="username" autocapitalize="none" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>
{sso}</main>
</body>
</html>
"""
_SSO = '<a class="sso" href="/login/sso">Single sign-on</a>\n'


def login_page(said: str, sso: bool, status: int = 200) -> Response:
    """The form, with a value that must come back both in it and in a cookie. It goes to its own address, so
    that what stands there behind # is still known when the page itself is shown."""
    csrf = secrets.token_urlsafe(24)
    words = f'<p class="said" role="alert">{escape(said)}</p>' if said else "<p>Log in to go on.</p>"
    page = _PAGE.format(said=words, csrf=csrf, sso=_SSO if sso else "")
    answer = HTMLResponse(page, status)
    _set(answer, FORM_COOKIE, csrf)
    return answer


def login_routes(access: Access, sign_on: SignOn | None) -> list[BaseRoute]:
    """``/login``, ``/logout`` and what belongs to them; while access control is off, 404."""
    door = _Door(access, sign_on)
    return [
        Route("/login", door.show, methods=["GET"]),
        Route("/login", door.enter, methods=["POST"]),
        *(Route(path, door.file, methods=["GET"]) for path in _FILES),
        Route("/login/sso", door.leave_for_sign_on, methods=["GET"]),
        Route("/login/sso/done", door.enter_by_sign_on, methods=["GET"]),
        Route("/logout", door.leave, methods=["POST"]),
    ]


class _Door:
    def __init__(self, access: Access, sign_on: SignOn | None) -> None:
        self._access = access
        self._sign_on = sign_on

    async def show(self, request: Request) -> Response:
        self._check_enabled()
        said = ENDED if "ended" in request.query_params else ""
        return login_page(said, self._sign_on is not None)

    async def file(self, request: Request) -> Response:
        path = request.url.path
        return FileResponse(Path(__file__).with_name(path[1:]), media_type=_FILES[path])

    async def enter(self, request: Request) -> Response:
        self._check_enabled()
        form = await _form(request)
        sent = cookie_of(Headers(scope=request.scope), FORM_COOKIE)
        if not sent or not compare_digest(sent.encode(), form.get("csrf", "").encode()):
            raise Problem(403, "the form is not one of this browser; load the login page again", kind="csrf")
        name, address = form.get("name", "")[:128], _address(request)
        if wait_s := self._access.tries.wait_s((name, address)):
            text = f"Too many tries; wait {wait_s} seconds."
            answer = login_page(text, self._sign_on is not None, 429)
            answer.headers["Retry-After"] = str(wait_s)
            return answer
        check = self._access.users.check
        user = await asyncio.to_thread(check, name, form.get("password", "")[:256])
        if user is None:
            await self._told_of_failure(request, name)
            return login_page("Wrong name or password.", self._sign_on is not None, 401)
        return await self._come_in(request, user)

    async def leave(self, request: Request) -> Response:
        self._check_enabled()
        admitted: Admitted = request.state.admitted
        if admitted.session is None or admitted.principal is None:
            raise Problem(400, "a token cannot log out; revoke it")
        by = _actor(request, admitted.principal.name)
        await self._change(self._access.sessions.close, admitted.session.id, by)
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
        return answer

    async def leave_for_sign_on(self, _: Request) -> Response:
        sign_on = self._check_sign_on()
        url, state = await asyncio.to_thread(sign_on.begin)
        answer = RedirectResponse(url, 303)
        _set(answer, STATE_COOKIE, state)
        return answer

    async def enter_by_sign_on(self, request: Request) -> Response:
        sign_on = self._check_sign_on()
        state = cookie_of(Headers(scope=request.scope), STATE_COOKIE)
        found = await asyncio.to_thread(sign_on.end, state, dict(request.query_params))
        by = _actor(request, "single sign-on")
        users = self._access.users
        user = await self._change(
            users.come_by_sign_on, found.subject, found.name, found.role, found.team, by
        )
        answer = await self._come_in(request, user)
        answer.delete_cookie(STATE_COOKIE, secure=True, httponly=True, samesite="lax")
        return answer

    async def _come_in(self, request: Request, user: User) -> Response:
        by = _actor(request, user.principal.name)
        old = cookie_of(Headers(scope=request.scope), COOKIE)
        _, cookie = await self._change(self._access.sessions.open, user, by, old)
        answer = RedirectResponse("/", 303)
        _set(answer, COOKIE, cookie)
        answer.delete_cookie(FORM_COOKIE, secure=True, httponly=True, samesite="lax")
        return answer

    async def _change(self, action: Callable[P, T], *asked: P.args, **more: P.kwargs) -> T:
        """On a thread, and one change at a time."""

        def change() -> T:
            with self._access.changing:
                return action(*asked, **more)

        return await asyncio.to_thread(change)

    async def _told_of_failure(self, request: Request, name: str) -> None:
        """Of names that there are only: others could be made up without end."""
        if self._access.users.get(name) is not None:
            deed = _actor(request, "anyone").did("login failed", f"user:{name}")
            await asyncio.to_thread(self._access.accounts.record, deed)

    def _check_enabled(self) -> None:
        if not self._access.enabled:
            raise Problem(404, "access control is off: there is nobody to log in")

    def _check_sign_on(self) -> SignOn:
        self._check_enabled()
        if self._sign_on is None:
            raise Problem(404, "there is no single sign-on here")
        return self._sign_on


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise Problem(415, f"one Content-Type of {_FORM}")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES:
            raise Problem(413, f"the form is limited to {FORM_BYTES} bytes")
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=8))
    except ValueError as error:
        raise Problem(400, "the form cannot be read") from error


def _set(answer: Response, name: str, value: str) -> None:
    answer.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _actor(request: Request, name: str) -> Actor:
    return Actor(name, _address(request), request.state.request_id)
