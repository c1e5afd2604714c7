"""The pages over HTTP: what they tell, live, to whom, and that nothing they tell is markup."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from agent.errors import UsageError
from agent.journal.approvals import first_of_two
from agent.journal.events import (
    IncidentOpened,
    ModelTurn,
    NoticeIntended,
    SessionClosed,
    SessionPaused,
    ToolResult,
)
from agent.web.server import listen
from tests.agent.humans.people import SESSION, asked, begin, request
from tests.agent.web.serving import Served

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2Jgone\u202e{{ 7*7 }}"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;gone{{ 7*7 }}"
PAGES = ("/", f"/sessions/{SESSION}", "/approvals?show=all", "/incidents", "/journal")


def turn(number: int, text: str) -> ModelTurn:
    usage = {"input_tokens": 1200, "output_tokens": 34}
    return ModelTurn(number, [{"type": "text", "text": text}], "end_turn", usage, "claude-x", 0.0125, 1.5)


def incident(title: str) -> IncidentOpened:
    return IncidentOpened("k1", title, "HIGH", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)


def events(client: httpx.Client, path: str) -> Generator[str]:
    """The names of the events that a stream sends."""
    with client.stream("GET", path) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("event: "):
                yield line.removeprefix("event: ")


def test_a_story_tells_turns_calls_results_and_cost(page: Served) -> None:
    row = asked(page.journal, request(), page.clock())
    page.journal.append(SESSION, turn(1, "I look."), turn(2, "It is too small."))
    page.journal.append(SESSION, ToolResult("c1", "logs", "\n".join(f"line {number}" for number in range(30))))
    page.journal.append(SESSION, SessionPaused(3, f"waiting for {row}", "somebody else decides", approval_id=row))
    shown = page.logged_in("vic").get(f"/sessions/{SESSION}").text
    for said in (
        "fix checkout",
        "I look.",
        "$0.0250",
        "2,400 in, 68 out",
        "18 more lines",
        "line 29",
        row,
        "paused",
    ):
        assert said in shown, said


def test_a_page_that_is_shown_gets_what_came_since_once(page: Served) -> None:
    begin(page.journal)
    vic = page.logged_in("vic")
    whole = vic.get(f"/sessions/{SESSION}").text
    (tail,) = re.findall(r'id="tail".*?hx-get="([^"]+)"', whole)
    part = {"HX-Request": "true"}
    assert vic.get(tail.replace("&amp;", "&"), headers=part).status_code == 204
    page.journal.append(SESSION, turn(1, "I look."))
    more = vic.get(tail.replace("&amp;", "&"), headers=part).text
    assert more.count("I look.") == 1 and "as rita" not in more and 'hx-swap-oob="true"' in more
    (tail,) = re.findall(r'id="tail".*?hx-get="([^"]+)"', more)
    assert vic.get(tail.replace("&amp;", "&"), headers=part).status_code == 204


def test_a_list_that_is_as_it_was_is_not_sent_again(page: Served) -> None:
    row = asked(page.journal, request(), page.clock())
    vic = page.logged_in("vic")
    (again,) = re.findall(r'id="live" hx-get="([^"]+)"', vic.get("/approvals?show=all").text)
    path = again.replace("&amp;", "&")
    first = vic.get(path, headers={"HX-Request": "true"})
    assert first.status_code in (200, 204)  # its ages are told in seconds, while it is new
    page.journal.append(SESSION, SessionClosed(0, "done", "well", ""))
    asked(page.journal, request(call_id="c2", digest="f" * 64), page.clock(), session="20260601-120000-ffffff")
    changed = vic.get(path, headers={"HX-Request": "true"}).text
    assert changed.count('class="row approval"') == 2 and row in changed


def test_a_stream_says_that_something_happened_and_ends_with_the_visit(page: Served) -> None:
    begin(page.journal)
    vic = page.logged_in("vic")
    for path in ("/events", f"/events?session={SESSION}"):
        stream = events(vic, path)
        assert next(stream) == "changed"
        page.journal.append(SESSION, turn(1, "I look."))
        assert next(stream) == "changed"
        stream.close()
    stream = events(vic, "/events")
    next(stream)
    page.site.visits.end(vic.cookies[page.site.origin.cookie])
    assert "over" in stream
    assert vic.get("/events").status_code == 401


def test_nothing_that_is_told_is_markup_or_paints(page: Served) -> None:
    begin(page.journal)
    page.journal.append(SESSION, turn(1, HOSTILE), incident(HOSTILE), ToolResult("c0", "logs", HOSTILE))
    row = asked(
        page.journal, request(summary=HOSTILE, diff=HOSTILE, arguments={"a": HOSTILE}), page.clock(), SESSION
    )
    page.journal.append(SESSION, SessionPaused(3, HOSTILE, HOSTILE))
    vic = page.logged_in("vic")
    told = 0
    for path in (*PAGES, f"/approvals/{row}", "/sessions/%3Cscript%3Ealert(1)%3C%2Fscript%3E"):
        shown = vic.get(path).text
        assert "<script>alert" not in shown and "<img" not in shown, path
        assert "\x1b" not in shown and "\u202e" not in shown, path
        told += shown.count(SHOWN)
    assert told >= 8


def test_every_answer_allows_no_script_but_its_own_and_no_frame(page: Served) -> None:
    begin(page.journal)
    vic = page.logged_in("vic")
    for path in (*PAGES, "/login", "/nope", "/static/desk.css", "/healthz"):
        headers = vic.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
        assert "server" not in headers
    for path in PAGES:
        shown = vic.get(path).text
        assert not re.search(r"<script(?! src=)|\son\w+=|\sstyle=|<style", shown), path


@pytest.mark.parametrize(
    "path", ["/", "/approvals", "/incidents", "/journal", "/journal/verification", "/sessions/x"]
)
def test_whoever_is_logged_out_sees_the_login_and_nothing_else(page: Served, path: str) -> None:
    client = page.client()
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (303, "")
    assert answer.headers["location"].startswith("/login?next=%2F")
    part = client.get(path, headers={"HX-Request": "true"})
    assert (part.status_code, part.text, part.headers["hx-redirect"]) == (401, "", "/login")


@pytest.mark.parametrize(
    "host", ["evil.example.com", "127.0.0.1", "localhost:1", "", "127.0.0.1:8470.evil.example.com"]
)
def test_another_name_that_leads_here_is_not_answered(page: Served, host: str) -> None:
    answer = page.client().get("/login", headers={"Host": host})
    assert answer.status_code in (400, 421) and "token" not in answer.text


def test_what_machines_ask_names_nobody(page: Served) -> None:
    asked(page.journal, request(), page.clock())
    page.journal.append(SESSION, turn(1, "I look."), incident("checkout"), SessionClosed(0, "done", "well", ""))
    client = page.client()
    probes = {path: client.get(path, headers={"Host": "10.0.0.7:8470"}) for path in ("/healthz", "/readyz")}
    assert {path: (each.status_code, each.text) for path, each in probes.items()} == {
        "/healthz": (200, "ok\n"),
        "/readyz": (200, "ok\n"),
    }
    for _ in range(2):
        scraped = client.get("/metrics", headers={"Host": "10.0.0.7:8470"})
        assert scraped.headers["content-type"].startswith("text/plain")
        for line in (
            'desk_sessions{status="done"} 1.0',
            "desk_approvals_pending 1.0",
            'desk_model_turns_total{model="claude-x"} 1.0',
            'desk_model_tokens_total{kind="input_tokens"} 1200.0',
            "desk_model_cost_usd_total 0.0125",
            'desk_approvals_asked_total{priority="HIGH"} 1.0',
            'desk_incidents_total{severity="HIGH"} 1.0',
            'desk_sessions_closed_total{outcome="done"} 1.0',
        ):
            assert line in scraped.text.splitlines()
        assert not re.search(f"{SESSION}|shop-staging|rita|checkout", scraped.text)


def test_the_journal_is_verified_where_it_is_shown(page: Served) -> None:
    begin(page.journal)
    vic = page.logged_in("vic")
    assert "session_started" in vic.get("/journal").text
    assert "The journal is intact: 1 event," in vic.get("/journal/verification").text


def test_each_link_of_the_journal_leads_to_what_its_event_is_of(page: Served) -> None:
    row = asked(page.journal, request(risk="secret"), page.clock())
    first_of_two(page.journal, row, "ana", "web")
    onboarded = f"onboarded-{SESSION}"
    page.journal.append(onboarded, NoticeIntended(onboarded, "slack", "onboarded"))
    vic = page.logged_in("vic")
    links = set(re.findall(r'<td><a class="mono" href="([^"]+)"', vic.get("/journal").text))
    assert links == {f"/sessions/{SESSION}", f"/approvals/{row}"}
    assert {vic.get(link).status_code for link in links} == {200}


@pytest.mark.parametrize("path", ["/nope", "/sessions/none", "/approvals/apr-0", "/sessions/a%00b"])
def test_what_is_not_there_is_said(page: Served, path: str) -> None:
    answer = page.logged_in("vic").get(path)
    assert answer.status_code == 404 and 'role="alert"' in answer.text


def test_a_port_that_is_taken_is_said(page: Served) -> None:
    with pytest.raises(UsageError, match=r"cannot be served at 127\.0\.0\.1:.*Name another --port"):
        listen("127.0.0.1", int(page.url.rpartition(":")[2]))


def test_what_is_vendored_has_its_licence() -> None:
    static = Path(__file__).parents[3] / "agent/web/static"
    assert "Zero-Clause BSD" in (static / "htmx.LICENSE").read_text()
    assert '"2.0.11"' in (static / "htmx.min.js").read_text()
