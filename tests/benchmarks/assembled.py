"""A session of Desk put together by hand: the real loop, gate, journal, redaction, files and git.

Played are the model, the tool's answer, and the cluster, which the loop itself asks three things at the start
(its version, our rights, the namespaces) and nothing afterwards: a reading tool asks the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from agent.journal.events import SessionStarted
from agent.journal.journal import Entry, Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.stores import JOURNAL
from agent.journal.view import SessionView
from agent.model.port import Model
from agent.redaction import Redactor
from agent.session.context import Desk
from agent.session.run import drive
from agent.stopping import StopSignal
from agent.workspace.files import Workspace
from agent.workspace.history import History
from tests.baseline import script
from tools.catalog import TOOLS
from tools.cluster.client import HttpCluster, Identity, Pages
from tools.frame import Result, Tool, ToolContext
from tools.risk import Risk

TASK = "look at every page of shop-dev"
SPARE_TURNS = 1
"""The turn that ends the session."""


def look(_context: ToolContext, *, page: Annotated[int, Field(ge=1, description="Which page, from 1.")]) -> Result:
    """One page of what there is."""
    return Result(script.found(page))


LOOK = Tool(look, Risk.READ)


class Nobody:
    """The surface of a session that nobody watches."""

    def delta(self, text: str, *, thinking: bool = False) -> None: ...
    def retrying(self, reason: str, wait_s: float) -> None: ...
    def progress(self, text: str) -> None: ...
    def entry(self, entry: Entry) -> None: ...
    def printed(self, path: str, content: bytes) -> None: ...
    def confirm(self, summary: str, diff: str) -> bool | None: ...


class Still(HttpCluster):
    """A cluster that answers the start protocol at once, and has no API for anything else."""

    def __init__(self) -> None:
        self.namespace = "shop-dev"
        self.fingerprint = "still"

    def whoami(self) -> Identity:
        return Identity("kim@example.com")

    def version(self, *, timeout_s: float | None = None) -> str:
        return "v1.34.0"

    def rules(self, namespace: str) -> list[dict[str, Any]]:
        return [{"verbs": ["get", "list"], "resources": ["pods", "pods/log"]}]

    def list(
        self,
        word: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        return [{"metadata": {"name": "shop-dev"}}]

    def pages(
        self,
        word: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        names_only: bool = False,
    ) -> Pages:
        yield b'{"items": [{"metadata": {"name": "checkout", "namespace": "shop-dev"}}]}'


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that is ready to be driven."""

    desk: Desk
    started: SessionStarted

    def drive(self) -> None:
        """Run it as `agent.app` does; raises `RuntimeError` when it does not end well."""
        with self.desk.journal.lease(self.desk.view.id), self.desk.stop.on_sigterm():
            self.desk.append(self.started)
            code = drive(self.desk)
        if code != 0:
            ended = self.desk.view.closed or self.desk.view.paused
            raise RuntimeError(f"session {self.desk.view.id} ended with exit code {code}: {ended}")


@contextlib.contextmanager
def assembled(root: Path, session: str, model: Model, turns: int) -> Iterator[Begun]:
    """A new session in the workspace `root`, with a model that takes `turns` turns and one to end."""
    journal = Journal(SqliteStore(root / JOURNAL), Redactor(("a-bearer-token-of-the-cluster",)))
    view, cluster, surface = SessionView(session), Still(), Nobody()
    journal.observe(lambda entry: view.apply(entry) if entry.session == session else None)
    journal.observe(lambda entry: surface.entry(entry) if entry.session == session else None)
    identity = cluster.whoami()
    desk = Desk(
        view=view,
        journal=journal,
        cluster=cluster,
        identity=identity,
        model=model,
        tools={tool.name: tool for tool in (*TOOLS, LOOK)},
        workspace=Workspace(root),
        history=History(root),
        surface=surface,
        stop=StopSignal(),
    )
    started = SessionStarted(
        task=TASK,
        namespace=cluster.namespace,
        model=model.name,
        requester=identity.username,
        cluster=cluster.fingerprint,
        max_turns=turns + SPARE_TURNS,
    )
    with contextlib.closing(journal):
        yield Begun(desk, started)
