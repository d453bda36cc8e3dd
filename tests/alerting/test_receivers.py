"""Every receiver that speaks HTTP: what it sends, what it makes of every kind of answer, and that nothing of
its secrets is told."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import KINDS, built, checked, make, read
from monitor.alerting.receivers.webhook import signature
from monitor.alerting.secrets import NoSecret, Secrets
from monitor.domain.errors import BadRequest
from monitor.domain.notice import Notice, NoticeKind, Receiver, Rejected, Undelivered
from tests.alerting.corpus import CORPUS
from tests.alerting.making import PICTURE, FakeServer, notice, serving

pytestmark = pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")  # in Apprise
DATA = Path(__file__).parents[1] / "data" / "receivers"
CANARY = "canary0123456789canary0123456789"
SIGNING = "whsec_" + base64.b64encode(CANARY.encode()).decode()
CHART = "https://watchkeeper.example/chart/abc.def"
OUT = Outbound(["127.0.0.1"])
HASTY = Outbound(["127.0.0.1"], deadline_s=0.4)
HTTP = ["webhook", "alertmanager", "pagerduty", "slack", "slack-app", "teams", "apprise"]
KINDS_TOLD = [NoticeKind.OPENED, NoticeKind.UPDATED, NoticeKind.ACKNOWLEDGED, NoticeKind.CLOSED]


def given(which: str, url: str) -> dict[str, Any]:
    secret = f"{url}/{CANARY}"
    settings: dict[str, dict[str, Any]] = {
        "webhook": {"url": secret, "secret": SIGNING, "pictures": True},
        "alertmanager": {
            "url": url,
            "username": "am",
            "password": CANARY,
            "labels": {"source": "watchkeeper"},
        },
        "pagerduty": {"url": url, "routing_key": CANARY},
        "slack": {"webhook_url": secret},
        "slack-app": {"token": CANARY, "channel": "C1", "api_url": url},
        "teams": {"url": secret},
        "apprise": {"url": url.replace("http://", "json://") + f"/{CANARY}"},
        "mail": {
            "host": "mail.example",
            "sender": "a@b.example",
            "recipients": ["c@d.example"],
            "username": "x",
        }
        | {"password": CANARY},
    }
    return settings[which]


def made(which: str, server: FakeServer, out: Outbound = OUT) -> Receiver:
    server.body = b'{"ok":true,"ts":"1.5"}'
    return built(which.removesuffix("-app"), given(which, server.url), out)


@pytest.mark.parametrize("which", [one for one in HTTP if one != "apprise"])
@pytest.mark.parametrize("kind", [*KINDS_TOLD, NoticeKind.DIGEST])
def test_what_is_sent_fits_what_the_receiver_published(which: str, kind: NoticeKind) -> None:
    told = notice(kind, changed=("12 more series",), pictures=(PICTURE,), chart=CHART)
    with serving() as server:
        receiver = made(which, server)
        if kind is NoticeKind.DIGEST and not KINDS[which.removesuffix("-app")].digests:
            with pytest.raises(Rejected, match="digest"):
                receiver.deliver(told)
            return
        receiver.deliver(told)
        published(which).validate(server.asked[0].json)


@pytest.mark.parametrize("which", [one for one in HTTP if one != "apprise"])
@pytest.mark.parametrize("name", CORPUS.values(), ids=list(CORPUS))
def test_what_is_sent_fits_whatever_others_named(which: str, name: str) -> None:
    with serving() as server:
        receiver = made(which, server)
        for kind in KINDS_TOLD:
            receiver.deliver(notice(kind, 2, name=name, pictures=(PICTURE,), chart=CHART))
        assert len(server.asked) >= len(KINDS_TOLD)
        for asked in server.asked:
            published(which).validate(asked.json)


def published(which: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((DATA / f"{which.removesuffix('-app')}.json").read_text())
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("which", HTTP)
@pytest.mark.parametrize("status", [429, 500, 503, 408])
def test_what_may_pass_is_worth_another_try(which: str, status: int) -> None:
    with serving() as server:
        receiver = made(which, server)
        server.status, server.headers = status, {"Retry-After": "9"}
        with pytest.raises(Undelivered) as caught:
            receiver.deliver(notice())
        assert caught.value.retry_after_s == (None if which == "apprise" else 9.0)


@pytest.mark.parametrize("which", [one for one in HTTP if one != "apprise"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_what_will_never_be_taken_is_rejected(
    which: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving() as server:
        receiver = made(which, server)
        server.status, server.body = status, f"<b>{CANARY}</b>".encode()
        with pytest.raises(Rejected) as caught:
            receiver.deliver(notice())
        assert CANARY not in str(caught.value) + caplog.text
        assert str(status) in str(caught.value)


@pytest.mark.parametrize("which", HTTP)
@pytest.mark.parametrize("fault", ["reset", "slow", "gone"])
def test_a_broken_connection_is_worth_another_try(
    which: str, fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving() as server:
        receiver = made(which, server, HASTY)
        server.reset = fault == "reset"
        server.drip_s = 0.05 if fault == "slow" and which != "apprise" else None
        server.status = 500
        if fault == "gone":
            settings = given(which, "http://127.0.0.1:1")
            receiver = built(which.removesuffix("-app"), settings, OUT)
        with pytest.raises(Undelivered) as caught:
            receiver.deliver(notice())
    said = str(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert CANARY not in said


@pytest.mark.parametrize("which", [*HTTP, "mail"])
def test_secrets_are_in_no_words(which: str) -> None:
    kind = which.removesuffix("-app")
    settings = checked(kind, given(which, "http://127.0.0.1:1"))
    assert CANARY not in repr(settings) + str(settings)
    for name in KINDS[kind].secrets:
        with pytest.raises(BadRequest) as caught:
            checked(kind, given(which, "http://127.0.0.1:1") | {name: [CANARY]})
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize("which", HTTP)
def test_unknown_settings_are_errors(which: str) -> None:
    with pytest.raises(BadRequest, match="wrong"):
        checked(which.removesuffix("-app"), given(which, "http://127.0.0.1:1") | {"wrong": 1})


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks specification."""
    headers = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_sent_again_has_the_same_id() -> None:
    with serving() as server:
        receiver = made("webhook", server)
        receiver.deliver(notice(sequence=4))
        receiver.deliver(notice(sequence=4))
        ids = [one.headers["webhook-id"] for one in server.asked]
    assert ids == ["watchkeeper/inc-1/4"] * 2


def told_to_pagerduty(*notices: Notice) -> list[str]:
    with serving() as server:
        receiver = made("pagerduty", server)
        for one in notices:
            receiver.deliver(one)
        return [one.json["event_action"] for one in server.asked]


def test_pagerduty_hears_nothing_after_a_resolve() -> None:
    story = [notice(kind, place) for place, kind in enumerate(KINDS_TOLD, 1)]
    late = [notice(NoticeKind.UPDATED, 2), notice(NoticeKind.OPENED, 1), notice(NoticeKind.ACKNOWLEDGED, 3)]
    actions = ["trigger", "trigger", "acknowledge", "resolve"]
    assert told_to_pagerduty(*story, *late) == actions
    assert told_to_pagerduty(*story, *late, notice(NoticeKind.OPENED, 5)) == [*actions, "trigger"]


def test_a_failed_resolve_is_no_resolve() -> None:
    with serving() as server:
        receiver = made("pagerduty", server)
        server.status = 500
        with pytest.raises(Undelivered):
            receiver.deliver(notice(NoticeKind.CLOSED, 2))
        server.status = 202
        receiver.deliver(notice(NoticeKind.CLOSED, 2))
        assert len(server.asked) == 2


def test_slack_as_an_app_keeps_an_incident_in_one_thread() -> None:
    with serving() as server:
        receiver = made("slack-app", server)
        receiver.deliver(notice())
        receiver.deliver(notice(NoticeKind.UPDATED, 2))
        first, second = (one.json for one in server.asked)
        assert "thread_ts" not in first
        assert second["thread_ts"] == "1.5"
        assert server.asked[0].path == "/chat.postMessage"


@pytest.mark.parametrize(
    ("code", "kind"),
    [("ratelimited", Undelivered), ("invalid_auth", Rejected), (CANARY, Rejected), (7, Rejected)],
)
def test_slack_may_refuse_with_200(code: Any, kind: type[Exception]) -> None:
    with serving() as server:
        receiver = made("slack-app", server)
        server.body = json.dumps({"ok": False, "error": code}).encode()
        with pytest.raises(kind) as caught:
            receiver.deliver(notice())
        assert CANARY not in str(caught.value)


def test_apprise_goes_nowhere_that_is_not_allowed() -> None:
    with serving() as server:
        receiver = built("apprise", given("apprise", server.url), Outbound())
        with pytest.raises(Rejected, match="not among"):
            receiver.deliver(notice())
        assert server.asked == []


@pytest.mark.parametrize("url", ["syslog://", "dbus://", "nothing", "", "://"])
def test_apprise_of_this_machine_is_refused(url: str) -> None:
    with pytest.raises((Rejected, Undelivered)):
        built("apprise", {"url": url}, Outbound()).deliver(notice())


def test_apprise_sends_text_and_picture() -> None:
    with serving() as server:
        made("apprise", server).deliver(notice(pictures=(PICTURE,)))
        sent = server.asked[0].json
    assert sent["title"].startswith("New incident: error")
    assert "https://watchkeeper.example/label/n" in sent["message"]
    assert len(sent["attachments"]) == 1


@pytest.mark.parametrize("which", [*HTTP, "mail"])
def test_settings_name_their_secrets_and_hold_none(which: str) -> None:
    kind = which.removesuffix("-app")
    plain = given(which, "http://127.0.0.1:1")
    names = [name for name in KINDS[kind].secrets if name in plain]
    for name in names:
        others = {other: f"file:{other}" for other in names if other != name}
        with pytest.raises(BadRequest, match="env:NAME") as caught:
            read(kind, plain | others)
        assert CANARY not in str(caught.value)
    references = {name: f"env:WATCHKEEPER_SECRET_{name.upper()}" for name in names}
    read(kind, plain | references)
    environ = {f"WATCHKEEPER_SECRET_{name.upper()}": str(plain[name]) for name in names}
    make(kind, plain | references, Secrets(None, environ)).close()
    with pytest.raises(NoSecret):
        make(kind, plain | references, Secrets(None, {}))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "not base64!", CANARY[:20]])
def test_a_signing_secret_has_its_form(secret: str) -> None:
    with pytest.raises(BadRequest, match="whsec_"):
        built("webhook", {"url": "https://a.example", "secret": secret}, OUT)


@pytest.mark.parametrize("which", ["slack", "slack-app", "teams", "pagerduty"])
@pytest.mark.parametrize("chart", [CHART, "", "javascript:alert(1)"])
def test_a_chart_is_shown_by_its_address_where_there_is_one(which: str, chart: str) -> None:
    with serving() as server:
        made(which, server).deliver(notice(chart=chart))
        (asked,) = server.asked
        assert json.dumps(asked.json).count("/chart/") == (
            (2 if which == "pagerduty" else 1) if chart == CHART else 0
        )
        assert "javascript" not in json.dumps(asked.json)


@pytest.mark.parametrize("which", ["slack", "slack-app"])
def test_a_message_that_slack_refuses_for_its_chart_is_sent_without(which: str) -> None:
    with serving() as server:
        receiver = made(which, server)
        server.status, server.body = 400, b"invalid_blocks"
        with pytest.raises(Rejected):
            receiver.deliver(notice(chart=CHART))
        charts = ["/chart/" in json.dumps(one.json) for one in server.asked]
        assert charts == [True, False]
