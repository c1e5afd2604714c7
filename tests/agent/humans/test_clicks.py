"""Clicks in Slack, over HTTP and over a WebSocket, and PagerDuty's webhooks: none counts that should not."""

import contextlib
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from agent.humans.channels import Secrets
from agent.humans.clicks import Endpoint, PagerDutyEndpoint, SlackEndpoint
from agent.humans.people import people
from agent.settings import ChannelSettings
from tests.agent.humans.people import OBJECT, Played
from tests.agent.humans.scene import CHANNEL, Scene, payload
from tests.agent.humans.servers import APP_TOKEN, BOT_TOKEN, Services, served

SECRET = "played-signing-secret"
WEBHOOK_SECRET = "played-webhook-secret"


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with served() as three:
        yield three
        assert three.wrong == []


@pytest.fixture
def scene(tmp_path: Path, services: Services) -> Iterator[Scene]:
    services.whispers.clear()
    services.messages.clear()
    opened = Scene(tmp_path, services)
    yield opened
    opened.journal.close()


@contextlib.contextmanager
def mounted(endpoint: Endpoint) -> Iterator[Callable[[bytes, Mapping[str, str]], int]]:
    """The endpoint behind an HTTP server; gives what sends to it and tells the status."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, text = endpoint({k.lower(): v for k, v in self.headers.items()}, body)
            except Exception as error:  # noqa: BLE001  as a server does
                status, text = 500, repr(error)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def post(body: bytes, headers: Mapping[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
        connection.request("POST", "/", body, dict(headers))
        return connection.getresponse().status

    try:
        yield post
    finally:
        server.shutdown()
        server.server_close()
        endpoint.close()


def signed(scene: Scene, body: bytes, *, secret: str = SECRET, age_s: int = 0) -> dict[str, str]:
    at = str(int(scene.now().timestamp()) - age_s)
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={digest}"}


def form(click: Mapping[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(click)}).encode()


def clicked(scene: Scene, *clicks: Mapping[str, Any]) -> list[str]:
    """What each click is answered, over HTTP and properly signed."""
    with mounted(SlackEndpoint(scene.clicks(), SECRET, scene.now)) as post:
        for click in clicks:
            body = form(click)
            assert post(body, signed(scene, body)) == 200
    return [each["text"] for each in scene.services.whispers]


def test_a_click_approves(scene: Scene) -> None:
    row = scene.asked()
    (said,) = clicked(scene, payload(row))
    assert said.startswith("Approved as ana. The session goes on with: desk resume s-")
    assert scene.status(row) == "approved"
    whisper = scene.services.whispers[0]
    assert (whisper["channel"], whisper["user"]) == (CHANNEL, "U1")


def test_a_click_rejects_and_the_requester_withdraws(scene: Scene) -> None:
    first, second = scene.asked(), scene.asked(digest="e" * 64)
    clicked(scene, payload(first, verb="reject"), payload(second, "U3", "reject", digest="e" * 64))
    assert (scene.status(first), scene.status(second)) == ("rejected", "rejected")


@pytest.mark.parametrize(
    ("click", "said"),
    [
        ({"team": "T2"}, "Slack's T2/U1 is nobody in approvers.yaml"),
        ({"user": "U9"}, "Slack's T1/U9 is nobody in approvers.yaml"),
        ({"user": "U3"}, "rita asked for this change and cannot approve it"),
        ({"user": "U4"}, "no rule by which vic decides change in staging"),
        ({"digest": "0" * 64}, "What you were shown is not what"),
        ({"digest": ""}, "What you were shown is not what"),
    ],
)
def test_who_or_what_does_not_count_is_told_why(scene: Scene, click: dict[str, str], said: str) -> None:
    row = scene.asked()
    (answer,) = clicked(scene, payload(row, **click))
    assert said in answer
    assert scene.status(row) == "pending"


def test_nobody_approves_what_has_changed_or_may_not_be_made(scene: Scene) -> None:
    row = scene.asked()
    scene.cluster = Played(rights={})
    scene.services.whispers.clear()
    assert "ana may not patch" in clicked(scene, payload(row))[-1]
    scene.cluster = Played(tells=False)
    assert "Decide with your own login" in clicked(scene, payload(row))[-1]
    scene.cluster = Played(object={**OBJECT, "spec": {}})
    assert "see the new request" in clicked(scene, payload(row))[-1]
    assert scene.status(row) == "superseded"


def test_no_file_of_approvers_and_nobody_decides(scene: Scene) -> None:
    row = scene.asked()
    (scene.root / "approvers.yaml").unlink()
    assert "no approvers.yaml" in clicked(scene, payload(row))[-1]
    (scene.root / "approvers.yaml").write_text("people: [")
    assert "Nobody can decide until it is mended" in clicked(scene, payload(row))[-1]
    assert scene.status(row) == "pending"


def test_only_slack_is_believed_and_only_soon(scene: Scene) -> None:
    row = scene.asked()
    body = form(payload(row))
    right = signed(scene, body)
    flipped = bytearray(body)
    flipped[len(flipped) // 2] ^= 1
    wrong: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body, signed(scene, body, secret="another-secret")),
        (body, signed(scene, body, age_s=301)),
        (body, signed(scene, body, age_s=-301)),
        (bytes(flipped), right),
        (b"\xff" + body, right),
        (body, right | {"X-Slack-Signature": ""}),
        (body, right | {"X-Slack-Signature": "v0=" + "ä" * 64}),
        (body, right | {"X-Slack-Signature": right["X-Slack-Signature"].upper()}),
        (body, right | {"X-Slack-Request-Timestamp": "abc"}),
        (body, right | {"X-Slack-Request-Timestamp": "²"}),
        (body, right | {"X-Slack-Request-Timestamp": "9" * 400}),
        (body, right | {"X-Slack-Request-Timestamp": "-1"}),
        (body, right | {"X-Slack-Request-Timestamp": ""}),
    ]
    with mounted(SlackEndpoint(scene.clicks(), SECRET, scene.now)) as post:
        assert [post(*each) for each in wrong] == [401] * len(wrong)
        for nonsense in (b"", b"payload=", b"payload=[", b"other=1"):
            assert post(nonsense, signed(scene, nonsense)) == 400
        for odd in ("[]", "null", '{"type": "view_submission"}', '{"type": "block_actions", "actions": []}'):
            told = urlencode({"payload": odd}).encode()
            assert post(told, signed(scene, told)) == 200
        assert post(b"x" * 2_000_000, {}) == 413
    assert (scene.status(row), scene.services.whispers) == ("pending", [])


def test_what_is_delivered_twice_or_replayed_counts_once_and_a_second_click_is_told(scene: Scene) -> None:
    row = scene.asked()
    body = form(payload(row))
    headers = signed(scene, body)
    with mounted(SlackEndpoint(scene.clicks(), SECRET, scene.now)) as post:
        assert [post(body, headers) for _ in range(5)] == [200] * 5
    assert [each["text"][:15] for each in scene.services.whispers] == ["Approved as ana"]
    (said,) = clicked(scene, payload(row, "U2", "reject", at="2.2"))[1:]
    assert "is approved by ana and cannot be decided again" in said
    assert scene.status(row) == "approved"
    assert len(list(scene.journal.entries(types=("approval_decided",)))) == 1


def test_of_fifty_clicks_at_once_one_wins(scene: Scene) -> None:
    row = scene.asked()
    with mounted(SlackEndpoint(scene.clicks(), SECRET, scene.now)) as post, ThreadPoolExecutor(50) as pool:

        def click(n: int) -> int:
            body = form(payload(row, f"U{1 + n % 2}", ("approve", "reject")[n // 2 % 2], at=f"{n}.0"))
            return post(body, signed(scene, body))

        assert list(pool.map(click, range(50))) == [200] * 50
    won = [each["text"] for each in scene.services.whispers if not each["text"].startswith("Nothing was decided")]
    assert (len(scene.services.whispers), len(won)) == (50, 1)
    assert won[0].lower().startswith(scene.status(row))


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds, as long as a loaded machine may take."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def test_socket_mode(scene: Scene) -> None:
    row, other = scene.asked(), scene.asked(digest="e" * 64)
    served_by = scene.services
    together = people(
        scene.journal,
        scene.root,
        ChannelSettings(slack_channel=CHANNEL, slack_api=served_by.slack),
        Secrets(slack_bot_token=BOT_TOKEN, slack_app_token=APP_TOKEN),
        lambda: scene.cluster,  # type: ignore[arg-type,return-value]
        now=scene.now,
    )
    assert together.endpoints == {}
    with together.listening():
        served_by.click("e1", payload(row), times=3)
        served_by.click("e2", payload(other, "U9", digest="e" * 64))
        eventually(lambda: len(served_by.whispers) >= 2)
        eventually(lambda: {"e1", "e2"} <= served_by.acknowledged.keys())
    assert (scene.status(row), scene.status(other)) == ("approved", "pending")
    assert sorted(each["text"][:15] for each in served_by.whispers) == ["Approved as ana", "Nothing was dec"]


# --- PagerDuty -----------------------------------------------------------------------------------------------


def webhook(row: str, answer: str = "incident.acknowledged", event: str = "e1") -> bytes:
    data = {"id": "P1", "type": "incident", "incident_key": row, "status": "acknowledged"}
    agent = {"id": "U", "type": "user_reference", "summary": "Ana Example"}
    return json.dumps({"event": {"id": event, "event_type": answer, "agent": agent, "data": data}}).encode()


def by_pagerduty(body: bytes, *secrets: str, delivery: str = "w1") -> dict[str, str]:
    digests = [hmac.new(each.encode(), body, hashlib.sha256).hexdigest() for each in secrets or (WEBHOOK_SECRET,)]
    return {"X-PagerDuty-Signature": ",".join(f"v1={each}" for each in digests), "X-Webhook-Id": delivery}


def test_whoever_acknowledges_a_page_shows_on_the_card_and_has_decided_nothing(scene: Scene) -> None:
    row, watch = scene.asked("CRITICAL"), scene.watch()
    watch.tick()
    body = webhook(row)
    with mounted(PagerDutyEndpoint(scene.journal, WEBHOOK_SECRET)) as post:
        assert post(body, by_pagerduty(body, "old-secret", WEBHOOK_SECRET)) == 200
        assert post(body, by_pagerduty(body)) == 200  # delivered again
        assert post(body, by_pagerduty(body, delivery="w2")) == 200  # replayed, under a name that nobody signed
    watch.tick()
    assert len(scene.notices(row, "page_answered")) == 1
    assert "Acknowledged by Ana Example in PagerDuty" in scene.card(row).text
    assert scene.status(row) == "pending"
    assert scene.card(row).button("approve")


def test_only_pagerduty_is_believed(scene: Scene) -> None:
    row = scene.asked()
    body = webhook(row)
    with mounted(PagerDutyEndpoint(scene.journal, WEBHOOK_SECRET)) as post:
        for given in (
            {},
            by_pagerduty(body, "another"),
            {"X-PagerDuty-Signature": "v1=" + "ä" * 64},
            {"X-PagerDuty-Signature": by_pagerduty(body)["X-PagerDuty-Signature"].replace("v1=", "v0=")},
        ):
            assert post(body, given) == 401
        assert post(body.replace(b"Ana", b"Eve"), by_pagerduty(body)) == 401
        for odd, status in (
            (b"[]", 400),
            (b"{", 400),
            (webhook("apr-none"), 200),
            (webhook(row, "pagey.ping"), 200),
        ):
            assert post(odd, by_pagerduty(odd)) == status
    assert scene.notices(row, "page_answered") == []
