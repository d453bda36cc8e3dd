"""Single sign-on by OpenID Connect: the code flow with PKCE, state and nonce. Needs the extra ``oidc``.

Who comes in is told by (issuer, subject) alone: names and e-mail addresses may be changed by their owners.
What they may is told by their groups, anew at each login; without a group that has a role nobody comes in.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from api.problems import Problem
from monitor.domain.access import Role
from monitor.domain.extras import installing
from monitor.settings import Settings, SettingsError, is_loopback
from monitor.settings import SignOn as SignOnSettings

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT_S = 10.0
ANSWER_BYTES = 1 << 20
_WAITS_S = 600.0
_WAITING_MAX = 1_000
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY_S = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Who came in. ``subject``: issuer and subject in one text; ``name``: for display only."""

    subject: str
    name: str
    role: Role
    team: str | None


@dataclass(frozen=True, slots=True)
class _Begun:
    verifier: str
    nonce: str
    at_s: float


class SignOn:
    """Logins under way, each for ten minutes. Blocking; one thread at a time is enough for its dictionary."""

    def __init__(
        self,
        settings: SignOnSettings,
        secret: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._http = httpx2.Client(timeout=TIMEOUT_S, transport=transport)  # follows no redirects
        self._clock = clock
        self._begun: OrderedDict[str, _Begun] = OrderedDict()

    def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the state that must come back with it and with its cookie."""
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self._begun[state] = _Begun(verifier, nonce, self._clock())
        while len(self._begun) > _WAITING_MAX:
            self._begun.popitem(last=False)
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_url,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        where = self._provider()["authorization_endpoint"]
        return f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}", state

    def end(self, cookie: str, answer: Mapping[str, str]) -> Person:
        """Who came back. Raises Problem 403 for anyone who is not let in, 503 where the provider fails."""
        state = answer.get("state", "")
        if not cookie or not compare_digest(cookie.encode(), state.encode()):
            raise _refused("this login was not begun by this browser")
        begun = self._begun.pop(state, None)
        if begun is None or self._clock() - begun.at_s > _WAITS_S:
            raise _refused("this login has run out; begin again")
        if "code" not in answer:
            raise _refused("the identity provider let nobody in")
        provider = self._provider()
        claims = self._claims(provider, self._token(provider, answer["code"], begun.verifier), begun.nonce)
        return self._person(claims)

    def _provider(self) -> Mapping[str, Any]:
        found = self._json("GET", self._settings.issuer.rstrip("/") + DISCOVERY)
        if found.get("issuer") != self._settings.issuer:
            raise _failed("it calls itself by another name than the setting issuer")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if not all(_may_be_asked(found.get(name), self._settings.issuer) for name in wanted):
            raise _failed("its description lacks an address, or names an unsafe one")
        return found

    def _token(self, provider: Mapping[str, Any], code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect_url,
            "client_id": self._settings.client_id,
            "code_verifier": verifier,
        }
        if self._secret:
            form["client_secret"] = self._secret
        token = self._json("POST", provider["token_endpoint"], form).get("id_token")
        if not isinstance(token, str):
            raise _failed("it gave no ID token")
        return token

    def _claims(self, provider: Mapping[str, Any], token: str, nonce: str) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        keys = self._json("GET", provider["jwks_uri"])
        must = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        try:
            read = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
            told = {"client_id": self._settings.client_id, "nonce": nonce}
            claims = CodeIDToken(read.claims, read.header, must, told)
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _refused("the identity provider's token does not hold") from error
        except Exception as error:  # authlib's own errors have no base below Exception that it exports
            if not type(error).__module__.startswith("authlib."):
                raise
            raise _refused("the identity provider's token does not hold") from error
        if claims.get("nonce") != nonce:
            raise _refused("the identity provider's token is of another login")
        return dict(claims)

    def _person(self, claims: Mapping[str, Any]) -> Person:
        listed = claims.get(self._settings.groups_claim)
        groups = [group for group in listed if isinstance(group, str)] if isinstance(listed, list) else []
        roles = [self._settings.roles[group] for group in groups if group in self._settings.roles]
        if not roles:
            raise _refused("none of your groups has a role here")
        role = max(roles, key=list(Role).index)
        teams = sorted({self._settings.teams[group] for group in groups if group in self._settings.teams})
        if len(teams) > 1 and role is not Role.ADMIN:
            raise _refused("your groups are of several teams: " + ", ".join(teams))
        team = teams[0] if teams and role is not Role.ADMIN else None
        name = str(claims.get("preferred_username") or claims["sub"])
        return Person(f"{claims['iss']} {claims['sub']}", name, role, team)

    def _json(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        try:
            answer = self._http.request(method, url, data=form, headers={"Accept": "application/json"})
            if answer.status_code != 200 or len(answer.content) > ANSWER_BYTES:
                raise _failed(f"it answered {answer.status_code}")
            found = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise _failed("it did not answer as it should") from error
        if not isinstance(found, dict):
            raise _failed("it did not answer as it should")
        return found


def sign_on(settings: Settings) -> SignOn:
    """As the settings say. Raises SettingsError for what is missing."""
    sso = settings.access.sso
    missing = [name for name in ("client_id", "redirect_url", "roles") if not getattr(sso, name)]
    if missing:
        raise SettingsError("\n".join(f"access.sso.{name}: needed with an issuer" for name in missing))
    if not _may_be_asked(sso.issuer, sso.issuer):
        raise SettingsError("access.sso.issuer: https, or http on loopback")
    try:
        import authlib  # noqa: F401
    except ImportError as error:
        raise SettingsError(f"access.sso: {installing('oidc')}") from error
    path = sso.client_secret_file
    try:
        return SignOn(sso, Path(path).read_text().strip() if path else "")
    except OSError as error:
        raise SettingsError(f"access.sso.client_secret_file: {error}") from error


def _may_be_asked(url: Any, issuer: str) -> bool:
    """https, or http on loopback if the issuer is there too.

    >>> _may_be_asked("https://id.example", "https://id.example"), _may_be_asked("http://id.example", "")
    (True, False)
    """
    if not isinstance(url, str):
        return False
    both = [urlsplit(one) for one in (url, issuer)]
    near = all(is_loopback(one.hostname or "") for one in both)
    return both[0].scheme == "https" or (both[0].scheme == "http" and near)


def _refused(why: str) -> Problem:
    return Problem(403, why, kind="sign-on")


def _failed(why: str) -> Problem:
    return Problem(503, f"the identity provider cannot be used now: {why}", headers={"Retry-After": "10"})
