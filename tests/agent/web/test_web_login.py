"""Logging in by a link or a token, and out; what a cookie is worth, and until when."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent.web.visits import MOST, Visitor, Visits
from tests.agent.web.certificates import self_signed
from tests.agent.web.serving import Served, forms, served, submit


def link(page: Served) -> str:
    page.site.offer_link()
    return page.printed[-1].removeprefix(page.url)


def test_the_link_logs_in_once(page: Served) -> None:
    path, mine, other = link(page), page.client(), page.client()
    entered = mine.get(path)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert "rita" in mine.get("/").text
    again = other.get(path)
    assert again.status_code == 403 and "used already" in again.text
    assert other.get("/").status_code == 303


def test_a_newer_link_replaces_the_one_before_and_is_printed_for_whoever_sits_there(page: Served) -> None:
    old, client = link(page), page.client()
    printed = submit(client, client.get("/login"), "/login/print")
    assert printed.status_code == 200 and "stands in the terminal" in printed.text
    newest = page.printed[-1].removeprefix(page.url)
    assert newest not in printed.text and newest != old
    assert client.get(old).status_code == 403
    assert client.get(newest).status_code == 303
    for key in ("", "x", "ü" * 50, "A" * 5000):
        assert client.get("/login/link", params={"key": key}).status_code == 403


@pytest.mark.parametrize("token", ["", "   ", "nothing", "token-of-ana\nX: y", "tökén", "x" * 20_000])
def test_what_is_no_token_logs_nobody_in(page: Served, token: str) -> None:
    client = page.client()
    refused = submit(client, client.get("/login"), "/login/token", kubernetes_token=token)
    assert refused.status_code == 403 and 'role="alert"' in refused.text
    assert token.strip() in ("", "nothing") or token not in refused.text
    assert client.get("/").status_code == 303


def test_a_login_gives_a_new_cookie_and_a_logout_ends_it(page: Served) -> None:
    client, name = page.client(), page.site.origin.cookie
    shown = client.get("/login")
    before = client.cookies[name]
    submit(client, shown, "/login/token", kubernetes_token="token-of-ana")
    after = client.cookies[name]
    assert before != after and page.site.visits.of(before) is None
    out = submit(client, client.get("/"), "/logout")
    assert out.headers["location"] == "/login" and name not in client.cookies
    assert client.get("/", headers={"Cookie": f"{name}={after}"}).status_code == 303


@pytest.mark.parametrize(
    ("wanted", "gets"),
    [
        ("/approvals/apr-1?x=1", "/approvals/apr-1?x=1"),
        ("https://evil.example.com/", "/"),
        ("//evil.example.com", "/"),
        ("/\\evil.example.com", "/"),
        ("/a\nLocation: x", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_the_login_comes_a_page_of_ours(page: Served, wanted: str, gets: str) -> None:
    client = page.client()
    shown = client.get("/login", params={"next": wanted})
    entered = client.post(
        "/login/token",
        params={"next": wanted},
        data={**forms(shown)["/login/token"], "kubernetes_token": "token-of-ana"},
    )
    assert (entered.status_code, entered.headers["location"]) == (303, gets)


def test_another_page_can_log_nobody_in(page: Served) -> None:
    client = page.client()
    shown = client.get("/login")
    client.headers["Origin"] = "https://evil.example.com"
    assert submit(client, shown, "/login/token", kubernetes_token="token-of-ana").status_code == 403
    client.headers["Origin"] = page.url
    assert client.post("/login/token", data={"kubernetes_token": "token-of-ana"}).status_code == 403


def test_a_visit_ends_with_the_token_that_it_was_begun_with(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=5)
    claims = base64.urlsafe_b64encode(json.dumps({"exp": int(ends.timestamp())}).encode()).decode().rstrip("=")
    client = page.client()
    submit(client, client.get("/login"), "/login/token", kubernetes_token=f"token-of-ana.{claims}.x")
    assert client.get("/").status_code == 200
    page.clock.ahead = timedelta(minutes=5, seconds=1)
    assert client.get("/").status_code == 303


def test_the_cookie_on_loopback_is_the_browsers_own(page: Served) -> None:
    kept = page.client().get("/login").headers["set-cookie"]
    port = urlsplit(page.url).port
    assert kept.startswith(f"desk-{port}=")
    for word in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert word in kept
    assert "Secure" not in kept and "Domain" not in kept


def test_over_tls_the_cookie_is_of_this_host_alone(workspace: Path, tmp_path: Path) -> None:
    with served(workspace, origin="https://127.0.0.1:PORT", certificate=self_signed(tmp_path)) as page:
        shown = page.client().get("/login")
        kept = shown.headers["set-cookie"]
        assert kept.startswith("__Host-desk=")
        for word in ("HttpOnly", "SameSite=lax", "Path=/", "Secure"):
            assert word in kept
        assert "Domain" not in kept and "max-age" in shown.headers["strict-transport-security"]
        assert "ana" in page.logged_in("ana").get("/").text


def test_visits_have_an_end_in_number_and_time() -> None:
    now = datetime.now(UTC)
    visits = Visits(lambda: now)
    first, _ = visits.begin()
    mine, _ = visits.begin(Visitor("ana", None))
    for _ in range(MOST - 1):
        visits.begin()
    assert visits.of(first) is None
    assert visits.of(mine) is not None
    now += timedelta(hours=8)
    assert visits.of(mine) is None
