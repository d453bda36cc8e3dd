"""The example that verifies webhooks takes ours, and nothing that was changed."""

from __future__ import annotations

import base64
import threading
import time

import pytest

from examples.verify_webhook import genuine, serve
from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import built
from monitor.alerting.receivers.webhook import signature
from monitor.domain.notice import Rejected
from tests.alerting.making import notice

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def test_it_takes_what_we_sign_once_and_refuses_others(capfd: pytest.CaptureFixture[str]) -> None:
    server = serve(SECRET, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        url, out = f"http://127.0.0.1:{server.server_port}/", Outbound(["127.0.0.1"])
        receiver = built("webhook", {"url": url, "secret": SECRET}, out)
        receiver.deliver(notice())
        receiver.deliver(notice())
        other = "whsec_" + base64.b64encode(b"o" * 32).decode()
        for settings in ({"url": url}, {"url": url, "secret": other}):
            with pytest.raises(Rejected):
                built("webhook", settings, out).deliver(notice())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert capfd.readouterr().out.splitlines() == [notice().incident.title]  # type: ignore[union-attr]


def test_a_changed_body_id_or_time_is_not_genuine() -> None:
    now = int(time.time())
    headers = signature(SECRET, "a/1", now, b"{}")
    assert genuine(SECRET, headers, b"{}", now)
    assert not genuine(SECRET, headers, b"{} ", now)
    assert not genuine(SECRET, headers, b"{}", now + 301)
    assert not genuine(SECRET, headers | {"webhook-id": "a/2"}, b"{}", now)
    assert not genuine(SECRET, headers | {"webhook-timestamp": str(now + 1)}, b"{}", now)
    assert not genuine(SECRET, {}, b"{}", now)
