"""The page in Chromium: live, decided, logged out, attacked, and read by a screen reader's rules."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from agent.journal.approvals import load
from agent.journal.events import (
    IncidentOpened,
    ModelTurn,
    SessionClosed,
    SessionPaused,
    ToolResult,
)
from agent.journal.events import SessionStarted as Started
from tests.agent.humans.people import CLUSTER, SESSION, asked, begin, request
from tests.agent.web.serving import Served, served

CHROMIUM = shutil.which("chromium") or ""
AXE = Path(__file__).parents[3] / ".browser/node_modules/axe-core/axe.min.js"
PATIENCE_MS = 30_000
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
OTHER = "20260601-120000-ffffff"

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def up(workspace: Path) -> Iterator[Served]:
    with served(workspace) as page:
        yield page


def entered(browser: Browser, up: Served, name: str, **options: Any) -> Page:
    """The page of somebody who has pasted their token. What it says on its console is a fault."""
    context = browser.new_context(**options)
    up.clients.callback(context.close)  # an open page is told of changes, and its server waits for it
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{up.url}/login")
    page.get_by_label("Token of the cluster").fill(f"token-of-{name}")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible(timeout=PATIENCE_MS)
    return page


def shown(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)


def waiting(up: Served, **other: Any) -> str:
    return asked(up.journal, request(**other), up.clock())


def say(up: Served, text: str, number: int = 1) -> None:
    up.journal.append(SESSION, ModelTurn(number, [{"type": "text", "text": text}], "end_turn"))


def test_a_session_is_seen_as_it_runs(browser: Browser, up: Served) -> None:
    page = entered(browser, up, "vic")
    begin(up.journal)
    page.get_by_role("link", name="fix checkout").click()
    expect(page.get_by_role("status")).to_have_text("live", timeout=PATIENCE_MS)
    for number in range(1, 4):
        say(up, f"I look, {number}.", number)
        shown(page, f"I look, {number}.")
    row = asked(up.journal, request(), up.clock(), OTHER)
    up.journal.append(SESSION, SessionClosed(0, "done", "It runs.", ""))
    shown(page, "It runs.")
    expect(page.locator("#head .chip")).to_have_text("done", timeout=PATIENCE_MS)
    expect(page.locator("#waiting")).to_contain_text("1")
    assert page.get_by_role("log").get_by_role("listitem").filter(has_text="I look, 1.").count() == 1
    page.get_by_role("link", name="Approvals").click()
    page.get_by_role("link", name="raise the limit").click()
    assert row in page.url


def test_approved_by_one_is_seen_by_the_other_and_by_nobody_twice(browser: Browser, up: Served) -> None:
    row = waiting(up)
    ana, ben = (entered(browser, up, name) for name in ("ana", "ben"))
    for page in (ana, ben):
        page.goto(f"{up.url}/approvals/{row}")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
    ben.get_by_label("Reason").fill("half a sen")
    ana.get_by_role("button", name="Approve").focus()
    ana.keyboard.press("Enter")
    shown(ana, "It is approved")
    shown(ben, "by ana")
    expect(ben.get_by_role("button", name="Approve")).to_have_count(0, timeout=PATIENCE_MS)
    assert load(up.journal, row).approver == "ana"


def test_rejected_by_keyboard_with_a_reason(browser: Browser, up: Served) -> None:
    row = waiting(up)
    page = entered(browser, up, "ben")
    page.goto(f"{up.url}/approvals/{row}")
    page.get_by_label("Reason").focus()
    page.keyboard.type("not tonight")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    shown(page, "It is rejected")
    assert (load(up.journal, row).status, load(up.journal, row).reason) == ("rejected", "not tonight")


def test_a_page_that_is_over_leads_to_the_login(browser: Browser, up: Served) -> None:
    row = waiting(up)
    pages = [entered(browser, up, "ana") for _ in range(2)]
    for page in pages:
        page.goto(f"{up.url}/approvals/{row}")
        expect(page.get_by_role("status")).to_have_text("live", timeout=PATIENCE_MS)
    pages[0].get_by_role("button", name="Log out").click()
    expect(pages[0].get_by_role("heading", name="Log in to Desk")).to_be_visible(timeout=PATIENCE_MS)
    pages[0].go_back()
    expect(pages[0].get_by_role("heading", name="Log in to Desk")).to_be_visible(timeout=PATIENCE_MS)
    up.clock.ahead = timedelta(hours=9)
    expect(pages[1].get_by_role("heading", name="Log in to Desk")).to_be_visible(timeout=PATIENCE_MS)
    assert load(up.journal, row).status == "pending"


def test_another_site_decides_nothing(browser: Browser, up: Served, tmp_path: Path) -> None:
    """Not with its own form, not in a frame, not by a script that reads the page."""
    row = waiting(up)
    page = entered(browser, up, "ana")
    visit = up.site.visits.of(cookie_of(page.context, up))
    assert visit is not None
    stolen = visit.token(f"/approvals/{row}/approve")  # even where it is known
    (tmp_path / "evil.html").write_text(
        f"""<form method=post action="{up.url}/approvals/{row}/approve">
        <input name=token value={stolen}><input name=digest value={"d" * 64}><button>Win a prize</button></form>
        <iframe src="{up.url}/approvals/{row}"></iframe><p id=said>nothing</p>
        <script>fetch("{up.url}/approvals/{row}", {{credentials: "include"}})
          .then(answer => answer.text()).then(text => said.textContent = text, error => said.textContent = "barred")
        </script>"""
    )
    with elsewhere(tmp_path) as port:
        for host in ("127.0.0.1", "localhost"):
            page.goto(f"http://{host}:{port}/evil.html")
            expect(page.locator("#said")).to_have_text("barred", timeout=PATIENCE_MS)
            assert page.frames[1].locator("button").count() == 0
            page.get_by_role("button", name="Win a prize").click()
            page.wait_for_url(f"{up.url}/**")
            expect(page.get_by_role("alert")).to_contain_text("nothing was done", timeout=PATIENCE_MS)
    assert load(up.journal, row).status == "pending"


def cookie_of(context: BrowserContext, up: Served) -> str:
    return next(str(each["value"]) for each in context.cookies() if each["name"] == up.site.origin.cookie)


@contextlib.contextmanager
def elsewhere(folder: Path) -> Iterator[int]:
    """Another origin, that serves a folder; gives its port."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def filled(up: Served) -> str:
    """A session that tells a little of everything, all of it hostile; the id of what waits."""
    up.journal.append(SESSION, Started(HOSTILE, HOSTILE, "playbook", "rita", CLUSTER))
    say(up, HOSTILE)
    up.journal.append(SESSION, ToolResult("c0", "logs", f"{HOSTILE}\n" * 30))
    up.journal.append(SESSION, IncidentOpened("k", HOSTILE, "HIGH", *[HOSTILE] * 5))
    row = asked(up.journal, request(summary=HOSTILE, diff=f"+{HOSTILE}\n-x\n"), up.clock())
    up.journal.append(SESSION, SessionPaused(3, HOSTILE, HOSTILE, approval_id=row))
    return row


def test_no_text_runs_and_every_page_is_readable_at_both_widths_in_both_schemes(
    browser: Browser, up: Served
) -> None:
    row = filled(up)
    paths = ("/", f"/sessions/{SESSION}", "/approvals", f"/approvals/{row}", "/incidents", "/journal")
    axe = AXE.read_text() if AXE.exists() else ""
    faults: list[Any] = []

    def listen(page: Page) -> None:
        page.on("console", lambda said: faults.append(said.text))
        page.on("dialog", lambda dialog: faults.append(dialog.message))

    for scheme, width in (("light", 390), ("dark", 1400)):
        page = entered(browser, up, "ana", color_scheme=scheme, viewport={"width": width, "height": 850})
        listen(page)
        for path in paths:
            page.goto(f"{up.url}{path}")
            if path == "/journal":
                shown(page, "The journal is intact")
            assert page.title().endswith("· Desk")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
            assert page.locator("main img, main script").count() == 0
            rules = "{}" if scheme == "light" else "{runOnly: ['color-contrast']}"
            found = page.evaluate(f"{axe};axe.run({rules})")["violations"] if axe else []
            faults += [(path, each["id"]) for each in found if each["impact"] in ("serious", "critical")]
        page.goto(f"{up.url}/sessions/{SESSION}")
        say(up, HOSTILE, 2)
        expect(page.get_by_role("log").get_by_text(HOSTILE)).not_to_have_count(0, timeout=PATIENCE_MS)
        assert page.title().endswith("· Desk")
    assert faults == []
    if not axe:
        pytest.skip("axe-core is not there: make .browser/.ready")
