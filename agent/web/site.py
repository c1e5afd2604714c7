"""What the pages work with, and how they are rendered."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from agent.humans.clicks import Endpoint
from agent.journal import approvals
from agent.journal.journal import Journal
from agent.journal.requests import Requests
from agent.journal.summary import Summary, summarize
from agent.web.api.bearer import Bearers
from agent.web.guard import Origin
from agent.web.logins import KubernetesTokens, Link
from agent.web.metrics import Metrics
from agent.web.oidc import Oidc
from agent.web.visits import Visit, Visits
from tools.cluster.client import Cluster
from tools.plaintext import plain

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True)
class Logins:
    """The ways to log in; None: not this one."""

    link: Link | None = None
    tokens: KubernetesTokens | None = None
    oidc: Oidc | None = None


@dataclass(frozen=True)
class Site:
    """One workspace's page. Everything in it is safe for several threads."""

    workspace: Path
    database: str | None
    """Where the journal is, as the setting `journal` has it."""
    journal: Journal
    open_journal: Callable[[], Journal]
    """Another one on the same store, for what takes long."""
    cluster: Cluster
    origin: Origin
    logins: Logins
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    """What answers services, each by its own signature: no browser, no visit."""
    callback_hosts: tuple[str, ...] = ()
    """Hosts of callbacks that may have private addresses."""
    say: Callable[[str], None] = print
    """What whoever started it reads."""
    ending: threading.Event = field(default_factory=threading.Event)
    """Set once the process is to end."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @cached_property
    def visits(self) -> Visits:
        """Who is logged in."""
        return Visits(self.now)

    @cached_property
    def bearers(self) -> Bearers:
        """The tokens of programs."""
        return Bearers(self.logins, self.now)

    @cached_property
    def requests(self) -> Requests:
        """What programs have asked for."""
        return Requests(self.journal)

    @cached_property
    def streams(self) -> list[str]:
        """The sessions whose events somebody is sent now. The event loop's alone."""
        return []

    @cached_property
    def metrics(self) -> Metrics:
        """What is counted."""
        return Metrics(self.journal, self.summary)

    def summary(self) -> Summary:
        """The sessions, and the approvals that wait."""
        return summarize(self.workspace, self.database, now=self.now())

    @contextlib.contextmanager
    def own_journal(self) -> Iterator[Journal]:
        """A journal that nobody else waits for."""
        with contextlib.closing(self.open_journal()) as journal:
            yield journal

    def offer_link(self) -> None:
        """Print a link that logs in once, where whoever started the page reads it."""
        if self.logins.link:
            self.say(f"{self.origin.url}/login/link?key={self.logins.link.offer()}")

    def page(self, template: str, visit: Visit | None, status: int = 200, /, **values: Any) -> HTMLResponse:
        """A page, or a part of one."""
        told: Mapping[str, Any] = {
            "visit": visit,
            "visitor": visit.visitor if visit else None,
            "now": self.now(),
            "workspace": self.workspace.resolve().name,
            "waiting": len(approvals.listing(self.journal, self.now())) if visit and visit.visitor else 0,
            **values,
        }
        return HTMLResponse(_TEMPLATES.get_template(template).render(told), status)


def _shown(value: Any) -> Any:
    """What a template prints: no value paints a terminal, reorders a line, or is markup."""
    return value if hasattr(value, "__html__") else plain(str(value))


def age(at: str, now: datetime) -> str:
    """How long ago, as kubectl says it: 42s, 5m, 3h, 9d; `in 5m` for what is to come."""
    seconds = int((now - datetime.fromisoformat(at)).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if abs(seconds) >= length:
            return f"in {-seconds // length}{unit}" if seconds < 0 else f"{seconds // length}{unit}"
    return f"in {-seconds}s" if seconds < 0 else f"{seconds}s"


def clock(at: str) -> str:
    """A time of day, UTC."""
    return f"{datetime.fromisoformat(at).astimezone(UTC):%H:%M:%S}"


def day_and_clock(at: str) -> str:
    """A day and a time, UTC, to the second."""
    return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def page_of(chain: str) -> str:
    """The page that tells what a chain of the journal is of: an approval, or a session, or a message about one."""
    kind, _, session = chain.partition("-")
    if kind == "apr":
        return f"/approvals/{quote(chain, safe='')}"
    return f"/sessions/{quote(session if kind == 'onboarded' else chain, safe='')}"


_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    finalize=_shown,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(age=age, clock=clock, at=day_and_clock, page_of=page_of)
