"""Who may use which route: one table. What is not in it is forbidden; a test holds it against the routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from starlette.routing import compile_path

from monitor.domain.access import Principal, Scope

API = "/api/v1"


class Reach(StrEnum):
    """What of other teams a route shows or changes, for those who are bound to a team."""

    NOTHING = "nothing"  # no team has anything to do with it
    OWN = "own"  # only their own team's: the route's `View` sees to it
    WHOLE = "whole"  # every team's, so they may not


@dataclass(frozen=True, slots=True)
class Rule:
    """``scope`` None: whoever is known may; ``open``: even who is not."""

    scope: Scope | None = None
    reach: Reach = Reach.NOTHING
    open: bool = False

    def refusal(self, principal: Principal) -> str:
        """Why a principal may not; empty if they may.

        >>> Rule(Scope.READ).refusal(Principal("token:1", frozenset({Scope.INGEST})))
        'the scope read is needed'
        """
        if self.scope is not None and self.scope not in principal.scopes:
            return f"the scope {self.scope} is needed"
        if self.reach is Reach.WHOLE and principal.team is not None:
            return "this concerns every team, and you are bound to one"
        return ""


_OPEN = Rule(open=True)
_KNOWN = Rule()
_PAGE = Rule(Scope.READ)
_READ = Rule(Scope.READ, Reach.OWN)
_WHOLE = Rule(Scope.READ, Reach.WHOLE)
_RESPOND = Rule(Scope.FEEDBACK, Reach.OWN)
_CHANGE = Rule(Scope.CONFIG, Reach.OWN)
_CHANGE_WHOLE = Rule(Scope.CONFIG, Reach.WHOLE)
_ADMIN = Rule(Scope.ADMIN, Reach.WHOLE)
_SILENCE = Rule(Scope.SILENCE, Reach.OWN)

TABLE: Mapping[tuple[str, str], Rule] = {
    ("POST", f"{API}/samples"): Rule(Scope.INGEST, Reach.OWN),
    ("POST", f"{API}/write"): Rule(Scope.INGEST, Reach.OWN),
    ("POST", "/api/v2/write"): Rule(Scope.INGEST, Reach.OWN),
    ("POST", "/v1/metrics"): Rule(Scope.INGEST, Reach.OWN),
    ("POST", f"{API}/predictions"): Rule(Scope.INGEST, Reach.OWN),
    ("POST", f"{API}/outcomes"): Rule(Scope.INGEST, Reach.OWN),
    ("GET", f"{API}/models"): _READ,
    ("GET", f"{API}/models/{{name}}"): _READ,
    ("PUT", f"{API}/models/{{name}}"): _CHANGE,
    ("GET", f"{API}/incidents"): _READ,
    ("GET", f"{API}/incidents/{{incident_id}}"): _READ,
    ("POST", f"{API}/incidents/{{incident_id}}/acknowledge"): _RESPOND,
    ("POST", f"{API}/incidents/{{incident_id}}/unacknowledge"): _RESPOND,
    ("POST", f"{API}/incidents/{{incident_id}}/comment"): _RESPOND,
    ("POST", f"{API}/incidents/{{incident_id}}/merge"): _RESPOND,
    ("POST", f"{API}/incidents/{{incident_id}}/split"): _RESPOND,
    ("POST", f"{API}/incidents/{{incident_id}}/move"): _RESPOND,
    ("POST", f"{API}/acts/{{act_id}}/undo"): _RESPOND,
    ("GET", f"{API}/labels"): _READ,
    ("POST", f"{API}/labels"): _RESPOND,
    ("POST", f"{API}/labels/{{label_id}}/undo"): _RESPOND,
    ("POST", f"{API}/lab"): _RESPOND,
    ("POST", f"{API}/lab/csv"): _RESPOND,
    ("GET", f"{API}/anomalies"): _READ,
    ("GET", f"{API}/explain"): _READ,
    ("GET", f"{API}/series"): _READ,
    ("GET", f"{API}/series/{{series_id}}"): _READ,
    ("GET", f"{API}/series/{{series_id}}/observations"): _READ,
    ("GET", f"{API}/series/{{series_id}}/challenger"): _READ,
    ("DELETE", f"{API}/series/{{series_id}}"): _CHANGE,
    ("GET", f"{API}/series/{{series_id}}/journal"): _READ,
    ("POST", f"{API}/series/{{series_id}}/undo"): _CHANGE,
    ("POST", f"{API}/series/{{series_id}}/contest"): _CHANGE,
    ("GET", f"{API}/metrics"): _READ,
    ("GET", f"{API}/metrics/{{name:path}}"): _READ,
    ("PUT", f"{API}/metrics/{{name:path}}"): _CHANGE_WHOLE,
    ("GET", f"{API}/topology"): _WHOLE,
    ("GET", f"{API}/topology/communities"): _WHOLE,
    ("GET", f"{API}/lineage"): _WHOLE,
    ("PUT", f"{API}/lineage"): _CHANGE_WHOLE,
    ("GET", f"{API}/changes"): _WHOLE,
    ("POST", f"{API}/changes"): _CHANGE_WHOLE,
    ("GET", f"{API}/incidents/{{incident_id}}/notices"): _READ,
    ("GET", f"{API}/ranking"): _WHOLE,
    ("GET", f"{API}/routes"): _READ,
    ("POST", f"{API}/routes/preview"): _CHANGE,
    ("GET", f"{API}/routes/{{name}}"): _READ,
    ("PUT", f"{API}/routes/{{name}}"): _CHANGE,
    ("DELETE", f"{API}/routes/{{name}}"): _CHANGE,
    ("GET", f"{API}/budgets"): _READ,
    ("GET", f"{API}/comfort"): _READ,
    ("PUT", f"{API}/budgets/{{name}}"): _CHANGE,
    ("DELETE", f"{API}/budgets/{{name}}"): _CHANGE,
    ("GET", f"{API}/receivers"): _READ,
    ("GET", f"{API}/receivers/{{name}}"): _READ,
    ("PUT", f"{API}/receivers/{{name}}"): _CHANGE_WHOLE,
    ("DELETE", f"{API}/receivers/{{name}}"): _CHANGE_WHOLE,
    ("POST", f"{API}/receivers/{{name}}/test"): _CHANGE_WHOLE,
    ("GET", f"{API}/mutes"): _READ,
    ("POST", f"{API}/mutes"): _SILENCE,
    ("POST", f"{API}/mutes/preview"): _SILENCE,
    ("DELETE", f"{API}/mutes/{{mute_id}}"): _SILENCE,
    ("GET", f"{API}/calendars"): _READ,
    ("POST", f"{API}/calendars"): _CHANGE,
    ("DELETE", f"{API}/calendars/{{calendar_id}}"): _CHANGE,
    ("GET", f"{API}/status"): _READ,
    ("GET", f"{API}/events"): _READ,
    ("GET", f"{API}/sources"): _WHOLE,
    ("GET", f"{API}/sources/{{name}}"): _ADMIN,
    ("POST", f"{API}/sources"): _ADMIN,
    ("PUT", f"{API}/sources/{{name}}"): _ADMIN,
    ("DELETE", f"{API}/sources/{{name}}"): _ADMIN,
    ("POST", f"{API}/sources/preview"): _ADMIN,
    ("GET", f"{API}/meta"): _WHOLE,
    ("POST", f"{API}/meta/freeze"): _CHANGE_WHOLE,
    ("POST", f"{API}/meta/unfreeze"): _CHANGE_WHOLE,
    ("POST", f"{API}/meta/rollback"): _CHANGE_WHOLE,
    ("POST", f"{API}/meta/reopen"): _CHANGE_WHOLE,
    ("GET", f"{API}/me"): _KNOWN,
    ("GET", f"{API}/teams"): _ADMIN,
    ("PUT", f"{API}/teams/{{name}}"): _ADMIN,
    ("GET", f"{API}/tokens"): _ADMIN,
    ("POST", f"{API}/tokens"): _ADMIN,
    ("DELETE", f"{API}/tokens/{{token_id}}"): _ADMIN,
    ("GET", f"{API}/users"): _ADMIN,
    ("PUT", f"{API}/users/{{name}}"): _ADMIN,
    ("DELETE", f"{API}/users/{{name}}"): _ADMIN,
    ("GET", f"{API}/audit"): _ADMIN,
    ("GET", "/openapi.json"): _PAGE,
    ("GET", "/metrics"): _WHOLE,
    ("GET", "/live"): _OPEN,
    ("GET", "/ready"): _OPEN,
    ("GET", "/"): _PAGE,
    ("GET", "/assets/{path:path}"): _PAGE,
    ("GET", "/favicon.svg"): _OPEN,
    ("GET", "/favicon.ico"): _OPEN,
    ("GET", "/login"): _OPEN,
    ("POST", "/login"): _OPEN,
    ("GET", "/login.css"): _OPEN,
    ("GET", "/login.js"): _OPEN,
    ("GET", "/login/sso"): _OPEN,
    ("GET", "/login/sso/done"): _OPEN,
    ("POST", "/logout"): _KNOWN,
    ("GET", "/label/{token}"): _OPEN,
    ("POST", "/label/{token}"): _OPEN,
    ("GET", "/chart/{token}"): _OPEN,
}

_EXACT = {key: rule for key, rule in TABLE.items() if "{" not in key[1]}
_SHAPED: dict[str, list[tuple[re.Pattern[str], Rule]]] = {}
for (_method, _template), _rule in TABLE.items():
    if "{" in _template:
        _SHAPED.setdefault(_method, []).append((compile_path(_template)[0], _rule))


def rule_of(method: str, path: str) -> Rule | None:
    """What holds for a request; None where the table says nothing.

    >>> rule_of("HEAD", "/live").open, rule_of("GET", "/api/v1/series/00ff").scope, rule_of("GET", "/none")
    (True, <Scope.READ: 'read'>, None)
    """
    if method == "HEAD":
        method = "GET"
    exact = _EXACT.get((method, path))
    if exact is not None:
        return exact
    return next((rule for shape, rule in _SHAPED.get(method, ()) if shape.match(path)), None)
