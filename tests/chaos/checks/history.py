"""What git says in the end."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agent.journal.view import SessionView
from agent.workspace.anchors import TRAILER
from agent.workspace.changeset import files_written
from tests.chaos.checks.journal import Told
from tests.chaos.life import Fault
from tests.chaos.script import SUBTASKS, tool_of

CHANGE_SET = ("applied.yaml", "before.yaml", "diff.patch", "undo.yaml")
APPROVED = "delete"
LOGS, WORKING = "logs/LOGS.md", "working/WORKING.md"


@dataclass(frozen=True)
class Commit:
    """One commit of the history."""

    sha: str
    subject: str
    trailers: Mapping[str, str]
    files: frozenset[str]

    @property
    def key(self) -> tuple[str, str]:
        """(session, subtask): of each there may be one."""
        return self.trailers.get("Session", ""), self.trailers.get("Subtask", "")


class Repository:
    """The workspace's git, asked by git itself."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of git; it takes no lock."""
        command = ["git", "--no-optional-locks", "-C", str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    @cached_property
    def commits(self) -> tuple[Commit, ...]:
        """All but the one that made the workspace, newest first."""
        shown = "--format=%x1e%H%x1f%s%x1f%(trailers:only,unfold)%x1f"
        records = self.git("log", "--name-only", shown).stdout.split("\x1e")[1:]
        return tuple(_commit(record) for record in records[:-1])

    def commit_of(self, tool: str) -> str:
        """The newest commit of what a tool did."""
        return next(commit.sha for commit in self.commits if tool_of(commit.key[1]) == tool)


def _commit(record: str) -> Commit:
    sha, subject, trailers, files = record.split("\x1f")
    pairs = (line.partition(": ") for line in trailers.splitlines() if line)
    return Commit(sha, subject, {key: value for key, _, value in pairs}, frozenset(files.split()))


def as_told(history: Repository, told: Told) -> Iterator[Fault]:
    """Exactly one commit for each that the journal has, and no other."""
    made = Counter(commit.key for commit in history.commits)
    known = Counter((session, event.subtask) for session, event in told.commits())
    shas = {commit.sha for commit in history.commits}
    for (_, subtask), times in (made | known).items():
        if times > 1:
            yield Fault("doubled", f"{times} commits of {subtask}", tool_of(subtask))
    for session, event in told.commits():
        if event.sha and (event.sha not in shas or not made[session, event.subtask]):
            yield Fault("lost", f"no commit {event.sha[:10]} of {event.subtask}", tool_of(event.subtask))
    for key in made.keys() - known.keys():
        yield Fault("doubled", f"a commit of {key}, of which the journal knows nothing", tool_of(key[1]))


def complete(history: Repository, view: SessionView, task: str, approver: str) -> Iterator[Fault]:
    """A commit for each subtask, the wait and the end of the session, with its trailers and files."""
    ours = [commit for commit in history.commits if commit.key[0] == view.id]
    for tool in {*SUBTASKS, "close", "pause"} - {tool_of(commit.key[1]) for commit in ours}:
        yield Fault("lost", f"no commit of {tool}", tool)
    for commit in history.commits:
        yield from _trailers(commit, view, task, approver)
        yield from _content(commit, view)


def _trailers(commit: Commit, view: SessionView, task: str, approver: str) -> Iterator[Fault]:
    subtask = commit.key[1]
    expected = {"Session": view.id, "Subtask": subtask, "Task": task}
    if folder := _folder(commit, view):
        expected["Changes"] = folder
    if tool_of(subtask) == APPROVED:
        expected["Approved-By"] = approver
    expected[TRAILER] = commit.trailers.get(TRAILER, "the head of its session")  # compared in checks/journal.py
    if dict(commit.trailers) != expected:
        yield Fault("history", f"the commit of {subtask} has the trailers {dict(commit.trailers)}, not {expected}")
    if not re.match(r"agent:developer-experience: \d{8}-\d{6} - .", commit.subject):
        yield Fault("history", f"the commit of {subtask} has the subject {commit.subject}")


def _folder(commit: Commit, view: SessionView) -> str:
    tool = tool_of(commit.key[1])
    return f"working/changes/{view.id}/{commit.key[1]}" if tool in SUBTASKS else ""


def _content(commit: Commit, view: SessionView) -> Iterator[Fault]:
    """Its log entry, its own files, and nothing else."""
    wanted = {LOGS}
    if folder := _folder(commit, view):
        wanted |= {f"{folder}/{name}" for name in CHANGE_SET}
    own = [done for _, done in view.subtasks if done.subtask == commit.key[1]]
    wanted |= {change["target"]["name"] for done in own for change in files_written(view.changes_of(done))}
    if commit.files - {WORKING} != wanted:
        yield Fault("history", f"the commit of {commit.key[1]} holds {sorted(commit.files)}, not {sorted(wanted)}")


def sound(history: Repository) -> Iterator[Fault]:
    """By git's own check; and nothing is left uncommitted."""
    checked = history.git("fsck", "--strict", "--full", "--no-dangling")
    if checked.returncode or checked.stderr.strip():
        yield Fault("history", f"git fsck: {checked.stdout} {checked.stderr}".strip())
    dirty = history.git("status", "--porcelain", "--untracked-files=all").stdout
    if dirty:
        yield Fault("files", f"not committed: {dirty.strip()}")
