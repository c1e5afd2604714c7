"""Desk, killed: its sessions from their start over every resume to their end, and the judgement of each."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.checks import cluster, files, workspace
from tests.chaos.checks.history import Repository
from tests.chaos.life import Budget, Ended, Fault, Planned, Role, wait_for_orphans
from tests.chaos.outcome import Outcome
from tests.chaos.points import Course, Point
from tests.chaos.script import EFFECTS, Names
from tests.chaos.stand import Stand
from tests.chaos.victim import Job

NAME = "desk"
MAX_LIVES = 60
AGENT = "desk-agent"
ROLLED_BACK_EVERY = 4
"""The changes of each so manieth session are put back in the end."""
UNDONE = {"patch:checkout": "set_resources", "post:settings": "delete"}
"""Effect of a rollback -> the tool whose commit is rolled back."""


@dataclass
class Session:
    """One session of Desk on a worker's stand."""

    stand: Stand
    number: int
    plan: Planned
    budget: Budget
    broken: str = ""
    rolls_back: bool = False
    outcome: Outcome = field(init=False)
    folder: Path = field(init=False)
    _id: str = ""
    _after: str = ""

    def __post_init__(self) -> None:
        self.outcome = Outcome(self.number)
        self.names = Names(self.stand.ground.namespace, self.number)
        self.folder = self.stand.folder(f"desk-{self.number}")
        self._executioner = self.stand.executioner(self.budget)
        self._seen = files.Seen(self.folder / "ws")

    @property
    def workspace(self) -> Path:
        """Where it runs."""
        return self.folder / "ws"

    def run(self) -> Outcome:
        """From the start to the end, and the judgement."""
        self.stand.ground.place(self.names)
        self.stand.proxy.settled()
        ended: Ended | None = self._live("start")
        while ended is not None and len(self.outcome.lives) < MAX_LIVES:
            ended = self._next(ended)
        wait_for_orphans([life.pid for life in self.outcome.lives if life.killed])
        self._judge()
        return self.outcome

    def _next(self, ended: Ended) -> Ended | None:
        """The process after this one; None when the session is over, or can't go on."""
        if ended.killed and ended.role != "approve":
            return self._live("resume" if self._has_begun() else "start")
        waiting = self._waiting()
        match ended.role, ended.code:
            case (("start" | "resume"), 3) if waiting:
                return self._live("approve", waiting)
            case (("start" | "resume"), 0):
                return None
            case "approve", _ if waiting and ended.killed:
                return self._live("approve", waiting)
            case "approve", _ if ended.killed or ended.code == 0:
                return self._live("resume")
        self._blame(Fault("crashed", f"{ended}: {self._tail()}"))
        return None

    def _live(self, role: Role, approval: str = "") -> Ended:
        point = self.plan.next(self._after, role)
        ended = self._executioner.run(self._job(role, approval), role, point)
        self.outcome.lives.append(ended)
        for step, session, _ in ended.steps:
            self._id = session or self._id
            if self._course_index(step) > self._course_index(self._after):
                self._after = step
        if ended.killed:
            self._blame(*self._seen.look())
        elif ended.point is not None:
            self.plan.missed(ended.point)
        return ended

    def _course_index(self, step: str) -> int:
        course = getattr(self.plan, "course", None)
        return course.index(step) if isinstance(course, Course) else -1

    def _job(self, role: Role, approval: str = "", session: str = "") -> Job:
        stand = self.stand
        log = str(self.folder / "log")
        if role == "approve":
            command = ("approvals", "approve", approval, "--kubeconfig", stand.approver_kubeconfig)
            return Job("command", str(self.workspace), log, arguments=command)
        return Job(
            "start" if role == "start" else "resume",
            str(self.workspace),
            log,
            kubeconfig=stand.kubeconfig,
            model_url=stand.model.url,
            task=self.names.task,
            namespace=self.names.namespace,
            session=session or self._id or None,
            broken=self.broken,
        )

    def _has_begun(self) -> bool:
        """Whether there is a session to resume: its first event is on disk."""
        return bool(self._id) or bool(_rows(self.workspace, "SELECT seq FROM events LIMIT 1"))

    def _waiting(self) -> str:
        """The approval that waits; empty when none does."""
        rows = _rows(self.workspace, "SELECT id FROM approvals WHERE status = 'pending'")
        return str(rows[0][0]) if rows else ""

    def _crashed(self) -> bool:
        return any(fault.trouble == "crashed" for fault in self.outcome.faults)

    def _blame(self, *faults: Fault) -> None:
        self.outcome.faults += faults

    def _tail(self) -> str:
        log = self.folder / "log"
        return " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])[-600:] if log.exists() else ""

    def _judge(self) -> None:
        stand, names = self.stand, self.names
        sent = stand.proxy.settled()
        self.outcome.effects = len(names.effects())
        found = list(cluster.each_once(stand.audit, names.namespace, names.effects(), AGENT, sent))
        if self._crashed():  # it is somewhere in the middle: what is not done yet is not lost
            self._blame(*(fault for fault in found if fault.trouble == "doubled"))
        else:
            self._blame(*found, *cluster.as_wanted(stand.ground, names), *self._seen.compare())
            self._blame(*workspace.after_session(self.folder, names.task, stand.ground.approver))
        stand.audit.forget([one.audit_id for one in sent])
        if self.rolls_back and not self.outcome.faults:
            self._roll_back()
        stand.ground.clear(list(names.effects().values()))

    def _roll_back(self) -> None:
        """The first change and the deletion are undone, each by its commit; this is killed as well."""
        stand, names = self.stand, self.names
        for effect, tool in UNDONE.items():
            self._undo(effect, Repository(self.workspace).commit_of(tool))
        wait_for_orphans([life.pid for life in self.outcome.lives if life.killed])
        sent = stand.proxy.settled()
        objects = {
            "patch:checkout": names.effects()["patch:checkout"],
            "post:settings": ("configmaps", names.deleted),
        }
        self.outcome.effects += len(objects)
        self._blame(*cluster.each_once(stand.audit, names.namespace, objects, AGENT, sent))
        self._blame(*cluster.as_before(stand.ground, names), *workspace.after_rollbacks(self.folder))
        stand.audit.forget([one.audit_id for one in sent])

    def _undo(self, effect: str, sha: str) -> None:
        begun = self._newest_session()
        while len(self.outcome.lives) < MAX_LIVES:
            newest = self._newest_session()
            job = self._rollback(sha) if newest == begun else self._job("resume", session=newest)
            ended = self._executioner.run(job, "undo", self.plan.next(effect, "undo"))
            self.outcome.lives.append(ended)
            if not ended.killed:
                break
        if ended.code != 0:
            self._blame(Fault("crashed", f"rollback of {sha[:10]}: {ended}: {self._tail()}"))

    def _rollback(self, sha: str) -> Job:
        command = ("rollback", sha, "--kubeconfig", self.stand.kubeconfig)
        return Job("command", str(self.workspace), str(self.folder / "log"), arguments=command)

    def _newest_session(self) -> str:
        rows = _rows(self.workspace, "SELECT session FROM events ORDER BY seq DESC LIMIT 1")
        return str(rows[0][0])


def _rows(workspace: Path, query: str) -> list[tuple[object, ...]]:
    """Of the journal, as it is; nothing when there is none yet."""
    file = workspace / ".desk" / "journal.db"
    if not file.exists():
        return []
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:  # killed before its tables were made
        return []
    finally:
        connection.close()


class Undisturbed:
    """No kills."""

    def next(self, after: str, role: Role) -> Point | None:
        """None."""
        return None

    def missed(self, point: Point) -> None:
        """There is none to miss."""


def course(stand: Stand, number: int) -> tuple[Course, Outcome]:
    """How a session goes that nobody kills."""
    session = Session(stand, number, Undisturbed(), Budget(0))
    outcome = session.run()
    steps: dict[str, float] = {}
    before_s = approving_s = 0.0
    for ended in outcome.lives:
        if ended.role == "approve":
            approving_s = ended.length_s
            continue
        for step, _, at_s in ended.steps:
            if step != "session_resumed":
                steps.setdefault(step, before_s + at_s)
        before_s += ended.length_s
    effects = {effect: f"tool_intent:{tool}" for effect, tool in EFFECTS.items()}
    return Course(tuple(steps.items()), effects, approving_s), outcome
