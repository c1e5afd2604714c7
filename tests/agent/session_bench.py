"""A session put together by hand: the real loop, journal, git and API; only the model is played."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.journal import approvals
from agent.journal.events import SessionResumed, SessionStarted
from agent.journal.journal import Entry, Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.stores import JOURNAL
from agent.journal.view import SessionView
from agent.model.port import AssistantMessage, Block, Conversation, Model, TextDelta, ToolUse, TurnEnded
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from agent.session.context import Desk
from agent.stopping import StopSignal
from agent.workspace.files import Workspace
from agent.workspace.history import History
from agent.workspace.names import WORKING
from tools.catalog import TOOLS
from tools.changes.build import reference
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.json import Json

Turn = Sequence[Block] | Callable[[], Sequence[Block]]

SESSION = "20250131-093005-abc123"
FIX = "checkout keeps crashing, fix it"


def use(tool: str, /, **arguments: Any) -> ToolUse:
    """A call; its id is given when it is played."""
    return ToolUse("", tool, arguments)


def finish(outcome: str = "done", summary: str = "It is done.") -> list[Block]:
    """The turn that ends a session."""
    return [use("finish", outcome=outcome, summary=summary)]


def limit(memory: str, namespace: str = "shop-dev", name: str = "checkout") -> list[Block]:
    """The turn that sets a memory limit."""
    return [use("set_resources", namespace=namespace, name=name, memory_limit=memory)]


def healthy(namespace: str = "shop-dev") -> list[Block]:
    """The turn that waits for checkout, as briefly as can be."""
    return [use("wait_for_rollout", namespace=namespace, name="checkout", timeout_s=20, stable_s=0)]


class Scripted:
    """The `Model` that says its turns in order. It goes by the conversation, so that a resume goes on."""

    name = "scripted"

    def __init__(self, *turns: Turn, cost_usd: float | None = None) -> None:
        self._turns = turns
        self._cost_usd = cost_usd

    def stream(self, conversation: Conversation) -> Iterator[TextDelta | TurnEnded]:
        """The turn that comes after those of the conversation."""
        number = sum(isinstance(message, AssistantMessage) for message in conversation.messages)
        said = self._turns[number]
        blocks = said() if callable(said) else said
        named = [
            ToolUse(f"call_{number}_{index}", block.name, block.input) if isinstance(block, ToolUse) else block
            for index, block in enumerate(blocks)
        ]
        yield TextDelta("hm")
        yield TurnEnded(tuple(named), "tool_use", cost_usd=self._cost_usd)


@dataclass
class Watcher:
    """The surface: remembers what it was shown, answers what it is asked."""

    answer: bool | None = None
    on_entry: Callable[[Entry], None] = field(default=lambda _entry: None)
    entries: list[Entry] = field(default_factory=list)
    deltas: list[str] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)

    def delta(self, text: str, *, thinking: bool = False) -> None:
        self.deltas.append(text)

    def retrying(self, reason: str, wait_s: float) -> None:
        self.retries.append(reason)

    def progress(self, text: str) -> None: ...

    def entry(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.on_entry(entry)

    def printed(self, path: str, content: bytes) -> None:
        self.files.append((path, content))

    def confirm(self, summary: str, diff: str) -> bool | None:
        return self.answer


class Bench:
    """A workspace, a sandbox, and the sessions on them."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        self.root = root
        self.other = self.client(sandbox)
        self._sandbox = sandbox

    def client(self, sandbox: Sandbox) -> HttpCluster:
        return connect(Where(document=sandbox.kubeconfig()))

    def begin(
        self,
        model: Model,
        task: str = FIX,
        *,
        watcher: Watcher | None = None,
        session: str = SESSION,
        **started: Any,
    ) -> Desk:
        """A new session, begun."""
        desk = self._desk(model, SessionView(session), watcher or Watcher())
        first = SessionStarted(
            task=task,
            model=model.name,
            requester=desk.identity.username,
            cluster=desk.cluster.fingerprint,
            **{"namespace": "shop-dev", "sandbox": True, **started},
        )
        desk.append(first)
        return desk

    def resume(self, before: Desk, model: Model, *, watcher: Watcher | None = None) -> Desk:
        """The same session in another process: everything it knows is what its journal says."""
        before.journal.close()
        journal = self._journal()
        approvals.expire(journal, datetime.now(UTC))
        view = SessionView.of(before.view.id, journal.entries(before.view.id))
        journal.close()
        desk = self._desk(model, view, watcher or Watcher())
        desk.append(SessionResumed(desk.identity.username, "the test goes on"))
        return desk

    def _journal(self) -> Journal:
        return Journal(SqliteStore(self.root / JOURNAL), Redactor())

    def _desk(self, model: Model, view: SessionView, watcher: Watcher) -> Desk:
        journal = self._journal()
        journal.observe(lambda entry: view.apply(entry) if entry.session == view.id else None)
        journal.observe(watcher.entry)
        cluster = self.client(self._sandbox)
        return Desk(
            view=view,
            journal=journal,
            cluster=cluster,
            identity=cluster.whoami(),
            model=model,
            tools={tool.name: tool for tool in TOOLS},
            workspace=Workspace(self.root),
            history=History(self.root),
            surface=watcher,
            stop=StopSignal(),
        )

    def checkout(self, namespace: str = "shop-dev") -> Json:
        """The Deployment as it is."""
        return self.other.get("deployment", "checkout", namespace)

    def memory(self, namespace: str = "shop-dev") -> str:
        """Its memory limit."""
        containers = self.checkout(namespace)["spec"]["template"]["spec"]["containers"]
        return str(containers[0]["resources"]["limits"]["memory"])

    def patch(self, body: Json, namespace: str = "shop-dev") -> None:
        """What somebody else changes on it."""
        self.other.patch(reference(self.checkout(namespace)), body)

    def label(self, value: str, namespace: str = "shop-dev") -> None:
        """A small change by somebody else."""
        self.patch({"metadata": {"labels": {"touched": value}}}, namespace)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def working(self) -> str:
        return (self.root / WORKING).read_text()

    def hook(self, script: str) -> Path:
        """A pre-commit hook of the workspace's repository."""
        file = self.root / ".git/hooks/pre-commit"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file
