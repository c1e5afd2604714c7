"""The page over real HTTP, on a thread; the people's cluster is played, and so is the clock."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import httpx

from agent.humans.approvers import KubernetesUser
from agent.journal import stores
from agent.journal.journal import Journal
from agent.journal.stores import JOURNAL
from agent.redaction import Redactor
from agent.web.guard import Origin
from agent.web.logins import KubernetesTokens, Link
from agent.web.oidc import Oidc
from agent.web.server import Server, listen
from agent.web.site import Logins, Site
from agent.web.visits import Visitor
from tests.agent.humans.people import Played
from tests.agent.web.contract import obeys
from tools.cluster.client import Cluster, Identity
from tools.cluster.errors import Unauthorized

APPROVERS = """
people:
  ana: {kubernetes: ana, oidc: "https://login.example.com#ana"}
  ben: {kubernetes: ben}
  rita: {kubernetes: rita}
  vic: {kubernetes: vic}
rules:
  - classes: [provision, change, secret, delete]
    environments: [dev, test, staging]
    people: [ana, ben, rita]
"""
UP_WITHIN_S = 30.0
FORM = re.compile(r'<form method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class PlayedWithTokens(Played):
    """The cluster knows `token-of-NAME`, for the audience `desk`."""

    def review_token(self, token: str, audience: str) -> Identity:
        name = token.removeprefix("token-of-")
        if audience != "desk" or name == token:
            raise Unauthorized("invalid bearer token")
        return Identity(name)


@dataclass
class Clock:
    """The time, until somebody moves it."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Served:
    """A page that is served, and what it is made of."""

    site: Site
    url: str
    journal: Journal
    cluster: Played
    clock: Clock
    printed: list[str]
    verify: ssl.SSLContext | bool = True
    clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def client(self) -> httpx.Client:
        """A browser that is logged out. It sends what a browser does with a form of this page."""
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        client = httpx.Client(base_url=self.url, headers=headers, verify=self.verify, timeout=30)
        return self.clients.enter_context(client)

    def program(self, name: str = "", **headers: str) -> httpx.Client:
        """A program with the token of somebody; each of its answers is held against the OpenAPI document."""
        token = {"Authorization": f"Bearer token-of-{name}"} if name else {}
        client = httpx.Client(
            base_url=f"{self.url}/api/v1", headers={**token, **headers}, timeout=30,
            event_hooks={"response": [obeys]},
        )  # fmt: skip
        return self.clients.enter_context(client)

    def logged_in(self, name: str) -> httpx.Client:
        """The browser of somebody who has pasted their token."""
        client = self.client()
        entered = submit(client, client.get("/login"), "/login/token", kubernetes_token=f"token-of-{name}")
        assert entered.status_code == 303, entered.text
        return client


def forms(page: httpx.Response) -> dict[str, dict[str, str]]:
    """The forms of a page: where each is sent -> its hidden fields."""
    return {action.partition("?")[0]: dict(HIDDEN.findall(inside)) for action, inside in FORM.findall(page.text)}


def submit(client: httpx.Client, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
    """Send a form of a page."""
    return client.post(action, data={**forms(page)[action], **fields})


@contextlib.contextmanager
def served(
    workspace: Path,
    *,
    origin: str = "",
    oidc: Callable[[str], Oidc] | None = None,
    certificate: tuple[Path, Path] | None = None,
    database: str | None = None,
) -> Iterator[Served]:
    """The page of a workspace, at `origin`, or at a port of loopback that is free; `oidc` by its redirect URI.

    `database` is the address of its journal's.
    """

    def opened() -> Journal:
        return Journal(stores.opened(workspace, database), Redactor())

    (workspace / JOURNAL).parent.mkdir(parents=True, exist_ok=True)
    (workspace / "approvers.yaml").write_text(APPROVERS)
    cluster, clock, printed = PlayedWithTokens(me="rita"), Clock(), list[str]()
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listen("127.0.0.1", 0))
        port = listening.getsockname()[1]
        url = origin.replace("PORT", str(port)) or f"http://127.0.0.1:{port}"
        journal = stack.enter_context(contextlib.closing(opened()))
        played = cast("Cluster", cluster)
        site = Site(
            workspace=workspace,
            database=database,
            journal=stack.enter_context(contextlib.closing(opened())),
            open_journal=opened,
            cluster=played,
            origin=Origin(url),
            logins=Logins(
                link=Link(Visitor("rita", KubernetesUser("rita"), is_own_login=True)),
                tokens=KubernetesTokens(played),
                oidc=oidc(f"{url}/login/oidc/callback") if oidc else None,
            ),
            say=printed.append,
            now=clock,
        )
        server = Server(site)
        if certificate:
            server.config.ssl_certfile, server.config.ssl_keyfile = certificate
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        running.start()
        until = time.monotonic() + UP_WITHIN_S
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        verify = ssl.create_default_context(cafile=str(certificate[0])) if certificate else True
        page = Served(site, url, journal, cluster, clock, printed, verify)
        try:
            yield page
        finally:
            page.clients.close()
            site.ending.set()
            server.should_exit = True
            running.join(UP_WITHIN_S)
            assert not running.is_alive()
