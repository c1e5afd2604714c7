"""desk serve: what it prints, whom it refuses to serve, and its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests import forked
from tests.agent.conftest import InProcess

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
