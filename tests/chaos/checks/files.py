"""What the workspace's files say: whole at every moment, and in the end all of it, once."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from agent.journal.view import SessionView
from agent.workspace.changeset import files_written
from tests.chaos.checks.history import CHANGE_SET, LOGS, WORKING, Repository
from tests.chaos.life import Fault, Trouble
from tests.chaos.script import tool_of

FOLDERS = ("working", "logs", "incidents", "manifests")
LOG_FIELDS = (
    *("Agent", "Session", "Action", "Reason", "Approved By", "Target"),
    *("Result", "Commits", "Undo", "Next Action"),
)
MAY_BE_LEFT_OUT = ("Approved By", "Commits", "Undo")
SECTIONS = ("Current Session", "Completed This Session", "Remaining Tasks", "Blockers", "Next Action")
_ENTRY = re.compile(
    r"## (?P<time>\S+) - (?P<title>.+)\n\n"
    + "".join(rf"(?:- {name}: .+\n){'?' * (name in MAY_BE_LEFT_OUT)}" for name in LOG_FIELDS)
)
_WORKING = re.compile(
    r"# WORKING\n\n## Agent: developer-experience \(Desk\)\n\n"
    + "\n".join(rf"### {name}\n(?P<{name.replace(' ', '_')}>(?:.+\n)+)" for name in SECTIONS)
)


def log(root: Path, history: Repository, view: SessionView) -> Iterator[Fault]:
    """One whole entry a commit, newest first."""
    text = (root / LOGS).read_text()
    if torn := _torn_log(text):
        yield Fault("half-written", f"{LOGS}: {torn}")
    entries = list(_ENTRY.finditer(text))
    for entry, times in Counter(found[0] for found in entries).items():
        if times > 1:
            yield Fault("doubled", f"{LOGS} has {times} times: {entry.splitlines()[0]}")
    if len(entries) != len(history.commits):
        trouble: Trouble = "lost" if len(entries) < len(history.commits) else "doubled"
        yield Fault(trouble, f"{LOGS} has {len(entries)} entries for {len(history.commits)} commits")
    for _, done in view.subtasks:
        if not any(found["title"] == done.title for found in entries):
            yield Fault("lost", f"{LOGS} says nothing of: {done.title}", tool_of(done.subtask))
    dates = [found["time"] for found in entries]
    if dates != sorted(dates, reverse=True):
        yield Fault("files", f"{LOGS} is not newest first: {dates}")


def working(root: Path, view: SessionView) -> Iterator[Fault]:
    """The section says the whole session, and that it is over."""
    text = (root / WORKING).read_text()
    found = _WORKING.fullmatch(text)
    if found is None:
        yield Fault("half-written", f"{WORKING} is not whole: {text[-200:]!r}")
        return
    completed = [
        re.sub(r" \(commit [0-9a-f]{10}\)$", "", line.removeprefix("- "))
        for line in found["Completed_This_Session"].splitlines()
        if line
    ]
    wanted = [done.title for _, done in view.subtasks]
    if completed != wanted:
        yield Fault("files", f"{WORKING} tells of {completed}, the journal of {wanted}")
    if (found["Remaining_Tasks"].strip(), found["Blockers"].strip()) != ("- none", "- none"):
        yield Fault("files", f"{WORKING} has something left to do: {found['Remaining_Tasks']}")


def change_sets(root: Path, view: SessionView) -> Iterator[Fault]:
    """Every change has its four files, and every file that was written is as it was to be; all of them whole."""
    folder = root / "working/changes" / view.id
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    wanted = [done.subtask for _, done in view.subtasks]
    if there != wanted:
        yield Fault("files", f"there are the change sets {there}, not {wanted}")
    for name in there:
        held = sorted(path.name for path in (folder / name).iterdir())
        if held != list(CHANGE_SET):
            yield Fault("files", f"the change set {name} holds {held}")
    for _, done in view.subtasks:
        for change in files_written(view.changes_of(done)):
            file = root / change["target"]["name"]
            if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != change["body"]["sha256"]:
                yield Fault("files", f"{file} is not what was rendered")


def whole(root: Path) -> Iterator[Fault]:
    """No file breaks off, at whatever moment."""
    for path in _texts(root):
        if said := _torn(path):
            yield Fault("half-written", f"{path.relative_to(root)}: {said}")


def leftovers(folder: Path) -> Iterator[Fault]:
    """A session's folder has no lock and no temporary file any more."""
    root = folder / "ws"
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if _is_leftover(inside):
            yield Fault("leftover", str(inside))
    left = sorted(path.name for path in (folder / "tmp").iterdir())
    if left:
        yield Fault("leftover", f"in the folder for temporary files: {', '.join(left)}")


def _is_leftover(path: Path) -> bool:
    if path.parts[0] == ".git":
        return path.suffix == ".lock" or path.name.startswith(
            ("index.desk", "desk")
        )  # tmp_obj_* is git gc's to prune
    if path.parts[0] == ".desk":
        return path.name.startswith(".gitignore.")
    return ".tmp" in path.name


def _texts(root: Path) -> list[Path]:
    found = [path for name in FOLDERS for path in sorted((root / name).rglob("*"))]
    return [path for path in found if path.is_file() and ".tmp" not in path.name]


def _torn(path: Path) -> str:
    """Why a file is not whole; empty when it is."""
    text = path.read_text(errors="replace")
    if path.name == "LOGS.md":
        return _torn_log(text)
    if path.name == "WORKING.md":
        return "" if text == "# WORKING\n" or _WORKING.fullmatch(text) else "is not whole"
    return _torn_yaml(text) if path.suffix == ".yaml" else "" if text.endswith("\n") else "breaks off"


def _torn_log(text: str) -> str:
    rest = text.removeprefix("# LOGS\n")
    if rest == text:
        return "its title is gone"
    left = _ENTRY.sub("", rest).strip()
    return f"what is no entry: {left[:100]!r}" if left else ""


def _torn_yaml(text: str) -> str:
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return f"is no YAML: {error}"
    return "" if loaded and text.endswith("\n") else "breaks off"


@dataclass
class Seen:
    """The files as they were right after each kill: whole then, and in the end what they were then."""

    root: Path
    files: dict[str, bytes] = field(default_factory=dict)

    def look(self) -> list[Fault]:
        """What is half-written now."""
        for path in _texts(self.root):
            if {"manifests", "changes"} & set(path.relative_to(self.root).parts):
                self.files[str(path.relative_to(self.root))] = path.read_bytes()
        return [Fault("half-written", f"right after a kill: {fault.text}") for fault in whole(self.root)]

    def compare(self) -> list[Fault]:
        """What was there is still there, to the byte: such a file is written once."""
        return [
            Fault("half-written", f"{path} was something else after a kill than it is in the end")
            for path, content in self.files.items()
            if not (self.root / path).exists() or (self.root / path).read_bytes() != content
        ]
