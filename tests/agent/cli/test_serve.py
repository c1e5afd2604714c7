"""desk serve: what it prints, whom it refuses to serve, and its end."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from tests import forked
from tests.agent.conftest import InProcess
from tests.agent.humans.people import asked, request
from tests.agent.humans.scene import payload
from tests.agent.humans.servers import BOT_TOKEN, served

UP_WITHIN_S = 60.0
OIDC = "oidc: {issuer: https://login.example.com, client_id: desk}"


@pytest.mark.parametrize(
    ("settings", "arguments", "said"),
    [
        ("", ("--host", "0.0.0.0"), "At 0.0.0.0 others reach the page, and nothing says who they are"),
        ("", ("--host", "::"), "At :: others reach the page"),
        ("web: {token_review: true}", (), "lacks web.url, the page's https address, so nothing is served"),
        ("web: {url: https://desk.example.com}", ("--host", "0.0.0.0"), "lacks a login"),
        (f"web: {{{OIDC}}}", (), "lacks web.url"),
        ("web: {url: http://desk.example.com, token_review: true}", (), "Wrong settings: web in .*url"),
        ("web: {url: https://desk.example.com/a, token_review: true}", (), "Wrong settings: web in .*url"),
        ("web: {oidc: {issuer: http://login.example.com, client_id: desk}}", (), "Wrong settings: web in .*issuer"),
        ("web: {uri: https://desk.example.com}", (), "Wrong settings: web in .*uri"),
        ("web: {url: https://desk.example.com, token_review: true}", (), "There is no cluster"),
        ("", ("--port", "70000"), "70000 is not in the range"),
        ("", ("--kubeconfig", "/nowhere"), "The kubeconfig /nowhere does not exist"),
    ],
)
def test_what_is_not_served(
    in_process: InProcess, workspace: Path, settings: str, arguments: tuple[str, ...], said: str
) -> None:
    (workspace / "desk.yaml").write_text(settings)
    done = in_process("serve", "--workspace", workspace, *arguments)
    assert done.returncode == 2 and re.search(said, done.stderr), done.stderr


def test_what_is_no_workspace_is_not_served(in_process: InProcess, tmp_path: Path) -> None:
    done = in_process("serve", "--workspace", tmp_path, "--port", "0")
    assert done.returncode == 2 and "is not a workspace of Desk" in done.stderr


def test_without_the_extra_it_says_what_to_install(
    in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "agent.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = in_process("serve", "--workspace", workspace)
    assert done.returncode == 2 and "pip install 'desk-agent[web]'" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_served_until_it_is_told_to_end(workspace: Path, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    desk = forked.start(["serve", "--port", str(port)], cwd=workspace, env=dict(os.environ))
    _wait_for(f"{url}/healthz")
    with httpx.Client(base_url=url) as client:
        assert client.get("/readyz").status_code == 200
        assert "Print a new link in the terminal" in client.get("/login").text
    desk.send_signal(number)
    out, err = desk.communicate(timeout=60)
    assert (desk.returncode, err) == (0, "")
    first, link = out.splitlines()
    assert first == f"Desk's page is at {url}; Ctrl-C ends it."
    assert link.startswith(f"{url}/login/link?key=")


def _wait_for(url: str) -> None:
    until = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < until:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer")


def test_what_services_send_is_taken_by_their_signature_alone(workspace: Path) -> None:
    with served() as services:
        (workspace / "desk.yaml").write_text(f"channels: {{slack_channel: C0DESK, slack_api: '{services.slack}'}}")
        with contextlib.closing(Journal(SqliteStore(workspace / ".desk/journal.db"), Redactor())) as journal:
            row = asked(journal, request("CRITICAL"), datetime.now(UTC))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        secrets = {
            "DESK_SLACK_BOT_TOKEN": BOT_TOKEN,
            "DESK_SLACK_SIGNING_SECRET": "played-signing-secret",
            "DESK_PAGERDUTY_WEBHOOK_SECRET": "played-webhook-secret",
        }
        desk = forked.start(["serve", "--port", str(port)], cwd=workspace, env={**os.environ, **secrets})
        _wait_for(f"{url}/healthz")
        body = urlencode({"payload": json.dumps(payload(row))}).encode()
        at = str(int(time.time()))
        signed = hmac.new(b"played-signing-secret", f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {b"X-Slack-Request-Timestamp": at.encode(), b"X-Slack-Signature": f"v0={signed}".encode()}
        with httpx.Client(base_url=url) as client:
            assert client.post("/slack/actions", content=body, headers=headers).status_code == 200
            for name, value in (
                (b"X-Slack-Signature", "v0=" + "0" * 64),
                (b"X-Slack-Signature", "v0=" + "ä" * 64),
                (b"X-Slack-Request-Timestamp", "abc"),
                (b"X-Slack-Request-Timestamp", "²"),
            ):
                wrong = headers | {name: value.encode()}
                assert client.post("/slack/actions", content=body, headers=wrong).status_code == 401, value
            for value in ("", "v1=" + "0" * 64, "v1=" + "ä" * 64):
                wrong = {b"X-PagerDuty-Signature": value.encode()}
                assert client.post("/pagerduty/webhook", content=b"{}", headers=wrong).status_code == 401, value
            assert client.get("/slack/actions").status_code == 405
        until = time.monotonic() + UP_WITHIN_S
        while not (services.whispers and services.cards_of(row)):  # the click is answered, and the row is asked
            assert time.monotonic() < until
            time.sleep(0.05)
        desk.send_signal(signal.SIGTERM)
        desk.communicate(timeout=60)
        assert "Nothing was decided" in services.whispers[0]["text"]  # there are no approvers here
