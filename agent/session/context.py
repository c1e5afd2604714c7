"""What the nodes of the loop work with: one session's journal, cluster, model, tools and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol

from agent.gate.policy import TABLE, Table
from agent.journal.events import CallGated, Event
from agent.journal.journal import Entry, Journal
from agent.journal.view import SessionView
from agent.model.port import ToolSpec
from agent.session.endings import ENDINGS
from agent.stopping import StopSignal
from tools.changes.driver import Driver, Preview
from tools.changes.kubernetes import KubernetesDriver
from tools.changes.plan import FILES, KUBECONFIGS, KUBERNETES, Change, Plan
from tools.cloud.connect import CLOUDS, no_clouds
from tools.frame import Rendering, Result, Tool, ToolContext
from tools.git_hosts.hosts import GitHosts

if TYPE_CHECKING:
    from concurrent.futures import Future

    from agent.model.port import Model
    from agent.understanding.wishes import Understanding
    from agent.workspace.files import Workspace
    from agent.workspace.history import History
    from tools.cloud.resource import Cloud
    from tools.cluster.client import Cluster, Identity
    from tools.cluster.errors import ClusterError
    from tools.json import Json

Outcome = Result | Rendering | Plan
"""What a tool gives."""


class Surface(Protocol):
    """Whoever watches: the console, a stream of JSON lines, nobody."""

    def delta(self, text: str, *, thinking: bool = False) -> None:
        """Some more words of the model: of what it says, or of what it thinks."""

    def retrying(self, reason: str, wait_s: float) -> None:
        """The model's turn failed on its way and is asked for again: its words so far are void."""

    def progress(self, text: str) -> None:
        """What is being waited for, in a few words."""

    def entry(self, entry: Entry) -> None:
        """An event, safe on disk."""

    def printed(self, path: str, content: bytes) -> None:
        """A file that goes to standard output."""

    def confirm(self, summary: str, diff: str) -> bool | None:
        """Ask the person at the terminal; None when there is nobody."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A gated plan, ready to be made, with the preview of each change that is left, by the change's id."""

    plan: Plan
    gated: CallGated
    previews: Mapping[str, Preview]
    seen: dict[str, Preview | ClusterError] = field(default_factory=dict)
    """By the change's id, what the system says of those that it could not be asked for before; not sent yet."""

    def is_unseen(self, change: Change) -> bool:
        """Whether the system could not be asked for a change that is left."""
        preview = self.previews.get(change.id)
        return preview is not None and preview.unseen

    @property
    def diff(self) -> str:
        """What the whole plan would change."""
        return "\n".join(preview.diff for preview in self.previews.values() if not preview.same)


@dataclass
class Records:
    """What a session is written down with: its view, the journal, the files, the history."""

    view: SessionView
    journal: Journal
    workspace: Workspace
    history: History

    def append(self, *events: Event) -> None:
        """Write events to the journal; the view and whoever observes follow."""
        self.journal.append(self.view.id, *events)


@dataclass
class Desk(Records):
    """One session at work. `planned` holds what the gate let through in this process; the rest is journaled."""

    cluster: Cluster
    identity: Identity
    model: Model
    tools: Mapping[str, Tool]
    surface: Surface
    stop: StopSignal
    table: Table = field(default_factory=lambda: TABLE)
    """What the gate decides by."""
    git_hosts: GitHosts = field(default_factory=GitHosts)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    planned: dict[str, Planned] = field(default_factory=dict)
    reading: dict[str, Future[Outcome]] = field(default_factory=dict)
    """By a call's id, what is being read for it already."""
    drivers: dict[str, Driver] = field(default_factory=dict)
    """System -> who makes changes of it; the cluster's is made when it is asked for."""
    clouds: Callable[[str], Cloud] = no_clouds
    """System -> the cloud, connected to when it is asked for."""
    _understood: Understanding | None = None

    @cached_property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as a model sees them, with those that end a session; the same in every turn."""
        tools = (*self.tools.values(), *ENDINGS)
        return tuple(ToolSpec(tool.name, tool.description, tool.schema) for tool in tools)

    def driver(self, change: Change) -> Driver:
        """Who makes this change; raises `LookupError` where nothing of that system is known."""
        if change.system == FILES and change.system not in self.drivers:
            from agent.workspace.past_changes import wrote_last
            from tools.changes.files import FilesDriver

            wrote = partial(wrote_last, self.history)
            self.drivers[FILES] = FilesDriver(self.workspace.root, self.history, wrote)
        if change.system == KUBERNETES and change.system not in self.drivers:
            self.drivers[KUBERNETES] = KubernetesDriver(
                self.cluster,
                mask=self.mask,
                sleep=self.stop.sleep,
                username=self.identity.username,
                connect=self.clouds,
            )
        if change.system == KUBECONFIGS and change.system not in self.drivers:
            from tools.changes.kubeconfigs import KubeconfigDriver

            self.drivers[KUBECONFIGS] = KubeconfigDriver(self.cluster, username=self.identity.username)
        if change.system in CLOUDS and change.system not in self.drivers:
            from tools.changes.clouds import CloudDriver

            self.drivers[change.system] = CloudDriver(change.system, self.clouds, self.cluster)
        return self.drivers[change.system]

    def schemas(self) -> dict[str, Json]:
        """Of each tool's arguments."""
        return {name: tool.schema for name, tool in self.tools.items()}

    def understood(self) -> Understanding:
        """What the person's own words ask for, among the names that were listed."""
        from agent.session.conversation import understood  # a typed call does without it

        if self._understood is None:
            self._understood = understood(self.view, self.schemas())
        return self._understood

    def context(self) -> ToolContext:
        """What a tool is given."""
        return ToolContext(
            self.cluster,
            sleep=self.stop.sleep,
            mask=self.mask,
            progress=self.surface.progress,
            git_hosts=self.git_hosts,
            clouds=self.clouds,
            session=self.view.id,
        )

    def mask(self, value: Json) -> Json:
        """An object without its secrets. The journal masks all that is written; text made of an object needs
        it before, for in text nobody sees what a value belongs to."""
        masked = self.journal.redactor.redact(value)
        return masked if isinstance(masked, dict) else {}
