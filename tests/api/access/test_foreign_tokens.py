"""Tokens as the clients of other systems announce them."""

from __future__ import annotations

from monitor.domain.access import Scope
from tests.api.access.conftest import Secured
from tests.hostile.influx import PATH, TEXT


def test_a_token_as_their_clients_send_it(app: Secured) -> None:
    def status(token: str) -> int:
        headers = TEXT | {"authorization": f"Token {token}"}
        return app.http.post(PATH, content=b"a f=1", headers=headers).status_code

    assert status(app.token(Scope.INGEST)) == 204
    assert (status(app.token(Scope.READ)), status("nonsense")) == (403, 401)
