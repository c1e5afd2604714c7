"""The API over real HTTP: who is let in, what is taken, how it is refused. Each answer obeys its document."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from agent.docs.openapi import written
from agent.journal.approvals import load
from agent.journal.events import SessionClosed, SessionLaunched, SessionStarted, ToolResult
from agent.journal.requests import chain_of
from agent.web.api import handlers, stream
from agent.web.api.operations import OPERATIONS
from tests.agent.humans.people import CHECKOUT, asked
from tests.agent.web.contract import check, obeys
from tests.agent.web.serving import Served, served
from tests.postgres import server

BODY = {"session_key": "ticket-7", "task": "why does checkout crash in shop-dev?"}
MAY_ACT = ["impersonate users/ana", "impersonate users/ben"]
DIGEST = "d" * 64


@pytest.fixture(autouse=True)
def _may_act_as(page: Served) -> None:
    page.cluster.me = "desk"
    page.cluster.rights = {**page.cluster.rights, "desk": MAY_ACT}


def begin(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/sessions", json={**BODY, **body})


# --- the document ----------------------------------------------------------------------------------------


def test_the_document_is_openapi_and_stands_in_docs(page: Served) -> None:
    shown = page.program().get("/openapi.json").json()
    OpenAPIV31SpecValidator(shown).validate()
    assert written() == Path("docs/openapi.json").read_text()
    assert shown == json.loads(written())
    known = {(each.method.lower(), each.path) for each in OPERATIONS}
    assert known == {(method, path) for path, item in shown["paths"].items() for method in item}


# --- who is let in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "token-of-ana", "Bearer", "Bearer nothing", "Basic token-of-ana"])
def test_without_a_token_that_is_known_nobody_is_told_anything(page: Served, header: str) -> None:
    client = page.program(Authorization=header)
    for each in OPERATIONS:
        path = each.path.replace("{session}", "x").replace("{approval}", "x")
        if each.login != "none":
            refused = client.request(each.method, path, json=BODY)
            assert refused.status_code in (401, 403 if each.login == "link" else 401), each
            assert "ana" not in refused.text


def test_a_cookie_is_nobody_here(page: Served) -> None:
    row = asked(page.journal, now=page.clock())
    browser = page.logged_in("ana")
    assert browser.get(f"/approvals/{row}").status_code == 200
    for method, path, body in (
        ("POST", "/api/v1/sessions", BODY),
        ("POST", f"/api/v1/approvals/{row}/approve", {"digest": DIGEST}),
        ("GET", "/api/v1/sessions", None),
    ):
        answer = browser.request(method, path, json=body)
        obeys(answer)
        assert answer.status_code == 401
    assert load(page.journal, row).status == "pending"


def test_the_printed_link_is_traded_once_for_a_token(page: Served) -> None:
    page.site.offer_link()
    key = page.printed[-1].partition("key=")[2]
    entered = page.program(Authorization=f"Bearer {key}").post("/login")
    assert entered.status_code == 200 and entered.json()["user"] == "rita"
    program = page.program(Authorization=f"Bearer {entered.json()['token']}")
    assert program.get("/sessions").status_code == 200
    assert begin(program).json()["requester"] == "rita"  # Desk's own login: nobody is impersonated
    assert page.program(Authorization=f"Bearer {key}").post("/login").status_code == 403
    page.clock.ahead = timedelta(hours=9)
    assert program.get("/sessions").status_code == 401


def test_another_host_is_told_so_as_a_problem(page: Served) -> None:
    assert page.program("ana", Host="evil.example.com").get("/sessions").status_code == 421


# --- what is taken ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (
            {"content": b"task=x", "headers": {"Content-Type": "text/plain"}},
            415,
            "must be JSON",
        ),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "is no JSON"),
        ({"content": b"{}" + b" " * 70_000, "headers": {"Content-Type": "application/json"}}, 413, "64 KiB"),
        ({"json": {"task": "x"}}, 422, "session_key"),
        ({"json": {**BODY, "task": " "}}, 422, "task"),
        ({"json": {**BODY, "session_key": "a\nb"}}, 422, "session_key"),
        ({"json": {**BODY, "kubeconfig": "/etc/passwd"}}, 422, "kubeconfig"),
        ({"json": {**BODY, "namespace": "../x"}}, 422, "namespace is '../x'"),
        ({"json": {**BODY, "model": "gpt"}}, 422, "model is 'gpt'"),
        ({"json": {**BODY, "max_turns": 0}}, 422, "max_turns is 0"),
        ({"json": {**BODY, "max_cost_usd": -1}}, 422, "max_cost_usd"),
        ({"json": {**BODY, "deadline": "tomorrow"}}, 422, "deadline"),
        ({"json": {**BODY, "deadline": "2020-01-01T00:00:00Z"}}, 422, "is over"),
        ({"json": {**BODY, "callback": "http://bot.example.com"}}, 422, "must begin with https://"),
        ({"json": {**BODY, "callback": "https://169.254.169.254/latest"}}, 422, "no public address"),
        ({"json": {**BODY, "session_key": "AKIAIOSFODNN7EXAMPLQ"}}, 422, "looks like a secret"),
    ],
)
def test_what_is_not_taken(page: Served, sent: dict[str, Any], status: int, said: str) -> None:
    refused = page.program("ana").post("/sessions", **sent)
    assert refused.status_code == status, refused.text
    assert said in refused.json()["detail"]
    assert page.site.requests.read() == []


def test_what_is_not_there_is_a_problem_too(page: Served) -> None:
    ana = page.program("ana")
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("DELETE", "/sessions", 405),
        ("GET", "/sessions/nope", 404),
        ("GET", "/sessions/nope/events", 404),
        ("POST", "/sessions/nope/cancel", 404),
        ("GET", "/approvals/nope", 404),
        ("GET", "/sessions?limit=x", 400),
    ):
        assert ana.request(method, path).status_code == status, path


# --- sessions --------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_session(page: Served) -> None:
    ana = page.program("ana")
    first = begin(
        ana, callback="https://bot.example.com/x", deadline=(datetime.now(UTC) + timedelta(1)).isoformat()
    )
    sent = {"callback": "https://bot.example.com/x", "deadline": first.json()["deadline"]}
    again = begin(ana, **sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == f"/api/v1/sessions/{first.json()['id']}"
    shown = ana.get(first.headers["location"].removeprefix("/api/v1")).json()
    assert (shown["status"], shown["requester"], shown["exit_code"]) == ("queued", "ana", None)
    assert [line["session"] for line in ana.get("/sessions").json()["sessions"]] == [first.json()["id"]]
    assert begin(ana, **sent, read_only=True).status_code == 409
    assert begin(page.program("ben"), **sent).status_code == 409
    page.clock.ahead = timedelta(2)
    assert begin(ana, **sent).status_code == 200  # a deadline that is over speaks against new ones only


def test_a_key_of_the_command_line_is_not_taken(page: Served) -> None:
    page.journal.append("s1", SessionStarted("mend it", "shop", "playbook", "kim", "c", session_key="ticket-7"))
    assert begin(page.program("ana")).status_code == 409
    shown = page.program("ana").get("/sessions/s1").json()
    assert (shown["session_key"], shown["status"], shown["session"]["session"]) == ("ticket-7", "killed", "s1")
    assert page.program("ana").post("/sessions/s1/cancel").status_code == 409


def test_nobody_gets_rights_that_desk_may_not_act_with(page: Served) -> None:
    refused = begin(page.program("vic"))
    assert refused.status_code == 403 and "may not impersonate users/vic" in refused.json()["detail"]
    assert begin(page.program("vic"), sandbox=True).status_code == 201


def test_a_task_with_a_secret_is_stored_and_known_again_without_it(page: Served) -> None:
    secret = "hunter2-Xy9-correct-horse"
    ana = page.program("ana")
    for status in (201, 200):
        done = begin(ana, task=f"set the password of db to password={secret} in shop-dev")
        assert done.status_code == status and secret not in done.text
    assert secret not in "".join(str(entry.body) for entry in page.journal.entries())


def test_so_many_wait_and_no_more(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "MOST_WAITING_OF_ONE", 2)
    ana = page.program("ana")
    for key in ("a", "b"):
        assert begin(ana, session_key=key).status_code == 201
    refused = begin(ana, session_key="c")
    assert refused.status_code == 429 and refused.headers["retry-after"] == "30"
    assert begin(ana, session_key="a").status_code == 200
    assert begin(page.program("ben"), session_key="d").status_code == 201


def test_who_asked_cancels_and_nobody_else(page: Served) -> None:
    ana = page.program("ana")
    name = begin(ana).json()["id"]
    assert page.program("ben").post(f"/sessions/{name}/cancel").status_code == 403
    assert ana.post(f"/sessions/{name}/resume").status_code == 409
    cancelled = ana.post(f"/sessions/{name}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"], cancelled.json()["exit_code"]) == (
        202,
        "cancelled",
        1,
    )
    assert ana.post(f"/sessions/{name}/cancel").status_code == 409
    assert begin(ana).json()["status"] == "cancelled"


@pytest.fixture(params=["file", "database"])
def servers(request: pytest.FixtureRequest, workspace: Path) -> Iterator[list[Served]]:
    """Two of one journal."""
    with contextlib.ExitStack() as stack:
        is_file = request.param == "file"
        database = None if is_file else stack.enter_context(server()).database()
        up = [stack.enter_context(served(workspace, database=database)) for _ in range(2)]
        for page in up:
            page.cluster.me, page.cluster.rights = "desk", {"desk": MAY_ACT}
        yield up


def test_twenty_at_once_with_one_key_are_one_session(servers: list[Served]) -> None:
    clients = [servers[number % 2].program("ana") for number in range(20)]
    for client in clients:
        client.get("/openapi.json")  # its connection is made
    gate = threading.Barrier(20)

    def post(client: httpx.Client) -> httpx.Response:
        gate.wait()
        return begin(client)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, clients))
    assert sorted(each.status_code for each in answers) == [200] * 19 + [201]
    assert len({each.json()["id"] for each in answers}) == 1
    assert len(list(servers[0].journal.entries(types=("session_requested",)))) == 1


# --- events ----------------------------------------------------------------------------------------------


def told(client: httpx.Client, session: str, after: str = "") -> Iterator[tuple[str, str, Any]]:
    """(event, id, data) as they come."""
    headers = {"Last-Event-ID": after} if after else {}
    with client.stream("GET", f"/sessions/{session}/events", headers=headers) as answer:
        assert answer.status_code == 200
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"])
                fields = {}


def test_events_go_on_where_they_stopped_and_end(page: Served) -> None:
    ana = page.program("ana")
    name = begin(ana).json()["id"]
    events = told(ana, name)
    first = next(events)
    assert (first[0], first[2]["type"]) == ("message", "session_requested")
    started = SessionStarted("t", "shop", "playbook", "ana", "c", session_key="ticket-7")
    page.journal.append(chain_of("ticket-7"), SessionLaunched("ticket-7", "process 1"))
    page.journal.append(name, started, ToolResult("c1", "get", "password=hunter2-Xy9-correct"))
    seen = [next(events) for _ in range(3)]
    assert [each[2]["type"] for each in seen] == ["session_launched", "session_started", "tool_result"]
    assert "hunter2" not in str(seen)
    events.close()  # type: ignore[attr-defined]
    page.journal.append(name, SessionClosed(0, "done", "it is", ""))
    (closed, end) = told(ana, name, after=seen[-1][1])
    assert closed[2]["type"] == "session_closed"
    assert end == ("end", "", {"id": name, "status": "done", "exit_code": 0})
    assert [each[0] for each in told(ana, name, after=closed[1])] == ["end"]
    check(closed[2], {"$ref": "#/components/schemas/Event"})
    assert ana.get(f"/sessions/{name}/events", headers={"Last-Event-ID": "x"}).status_code == 400


def test_a_stream_ends_with_its_token_and_there_are_so_many(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.api.routes.MOST_STREAMS", 1)
    ana = page.program("ana")
    name = begin(ana).json()["id"]
    events = told(ana, name)
    next(events)
    assert page.program("ben").get(f"/sessions/{name}/events").status_code == 429
    page.clock.ahead = timedelta(hours=9)
    assert next(events)[0] == "over"
    assert stream.MOST_STREAMS == 64


# --- approvals -------------------------------------------------------------------------------------------


def test_an_approval_is_decided_as_in_every_channel(page: Served) -> None:
    row = asked(page.journal, now=page.clock())
    ana, ben, rita, vic = (page.program(name) for name in ("ana", "ben", "rita", "vic"))
    (listed,) = ana.get("/approvals").json()["approvals"]
    assert (listed["id"], listed["digest"]) == (row, DIGEST)
    assert ana.get(f"/approvals/{row}").json()["approvals"] == [listed]
    path, body = f"/approvals/{row}/approve", {"digest": DIGEST, "reason": "seen"}
    assert rita.post(path, json=body).status_code == 403  # she has asked for it
    assert vic.post(path, json=body).status_code == 403  # no rule names him
    assert ana.post(path, json={"digest": "other"}).status_code == 409
    assert ana.post(path, json={}).status_code == 422
    assert load(page.journal, row).status == "pending"
    done = ana.post(path, json=body)
    assert (done.status_code, done.json()["approval"]["approver"]) == (200, "ana")
    assert ben.post(path, json=body).status_code == 409
    assert load(page.journal, row).status == "approved"
    (decided,) = page.journal.entries(types=("approval_decided",))
    assert (decided.body["channel"], decided.body["reason"]) == ("api", "seen")
    assert ana.get("/approvals").json()["approvals"] == []
    assert len(ana.get("/approvals?show=all").json()["approvals"]) == 1


def test_who_asked_may_withdraw_it_and_rights_are_asked_of_the_cluster(page: Served) -> None:
    row = asked(page.journal, now=page.clock())
    page.cluster.rights = {"rita": [CHECKOUT]}
    assert page.program("ana").post(f"/approvals/{row}/reject", json={"digest": DIGEST}).status_code == 403
    assert page.program("rita").post(f"/approvals/{row}/reject", json={"digest": DIGEST}).status_code == 200
    assert load(page.journal, row).status == "rejected"
