"""Of what a rendering tool gives, a plan: its files are checked, searched for secrets, and kept as git objects."""

from __future__ import annotations

import hashlib
import posixpath
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools.changes.files import folder_of, target_of, write_change
from tools.changes.folder import LIMIT_BYTES, check_path, is_git
from tools.changes.plan import Change, Plan, Step
from tools.errors import ToolFailed
from tools.frame import STDOUT, File, Rendering
from tools.json import Json

if TYPE_CHECKING:
    from agent.session.context import Desk
    from tools.changes.folder import Found

MAX_FILES = 200
MOST_NAMED = 10
"""Of a plan's files in its summary."""

_RECORDS = frozenset(
    {"working", "logs", "incidents", ".desk", "desk.yaml", "approvers.yaml", ".gitattributes", ".gitmodules"}
)
"""What of a workspace no rendering writes: the session's own records, settings, and what tells git how to read."""


def plan_of(desk: Desk, rendering: Rendering) -> Plan:
    """The plan that writes the files; their bytes are kept before anything is journaled of them.

    Raises `ToolFailed` for a path that leads elsewhere, or a file that holds a secret: then nothing is written.
    """
    folder, below = _destination(desk, rendering.folder)
    files = [File(f"{below}{file.path}", file.content, file.mode) for file in rendering.files]
    _check(desk, folder, files)
    changes = tuple(_change(desk, folder, file) for file in files)
    desk.history.share_stored()
    into = folder or _into(files)
    steps = (Step(rendering.summary, changes),) if changes else ()
    return Plan(f"{rendering.summary}, into {into}", steps)


def with_files(desk: Desk, plan: Plan) -> Plan:
    """The plan with changes in place of its steps' files, which go into the workspace. Raises as `plan_of`."""
    if files := [file for step in plan.steps for file in step.files]:
        _check(desk, None, files)

    def changed(step: Step) -> Step:
        written = (_change(desk, None, file) for file in step.files)
        return replace(step, changes=(*step.changes, *written), files=())

    steps = tuple(map(changed, plan.steps))
    desk.history.share_stored()
    return replace(plan, steps=steps)


def _into(files: list[File]) -> str:
    """Where files of the workspace go: each by its path, and many by the folder that they share."""
    shared = posixpath.commonpath([file.path for file in files]) if len(files) > MOST_NAMED else ""
    return f"{shared}/ ({len(files)} files)" if shared else ", ".join(file.path for file in files)


def kept_for_printing(desk: Desk, rendering: Rendering) -> list[Json]:
    """What the journal says of each file that is printed: path, digest, git blob, mode. Raises as `plan_of`."""
    _check(desk, STDOUT, list(rendering.files))
    return [{"path": file.path, **_body(desk, file.content, file.mode)} for file in rendering.files]


def _destination(desk: Desk, folder: str) -> tuple[str | None, str]:
    """The folder as it is without links, and the path in front of each file's; None: the workspace."""
    root = desk.workspace.root
    if not folder:
        return None, ""
    try:
        named = Path(folder).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ToolFailed(f"The folder {folder!r} cannot be found: {error}.") from error
    if not str(named).isprintable():
        raise ToolFailed(f"The folder {folder!r} has a line end or another sign in its name that cannot be shown.")
    if named == root or root in named.parents:
        return None, "".join(f"{part}/" for part in named.relative_to(root).parts)
    if any(is_git(part) for part in named.parts):
        raise ToolFailed(f"The folder {named} is one of git's own: nothing is written there.")
    if named.exists() and not named.is_dir():
        raise ToolFailed(f"{named} is there and is no folder. Name another one.")
    return str(named), ""


def _check(desk: Desk, folder: str | None, files: list[File]) -> None:
    if len(files) > MAX_FILES:
        raise ToolFailed(f"These are {len(files)} files, more than the {MAX_FILES} that one call may write.")
    for file in files:
        _check_file(desk, folder, file)
    _refuse_clashes([file.path for file in files])


def _check_file(desk: Desk, folder: str | None, file: File) -> None:
    check_path(file.path)
    top = file.path.partition("/")[0].casefold()
    if folder is None and top in _RECORDS:
        raise ToolFailed(f"{file.path} is where Desk keeps its own records and settings: no file is put there.")
    if len(file.content) > LIMIT_BYTES:
        raise ToolFailed(f"{file.path} has {len(file.content)} bytes, more than the {LIMIT_BYTES} of one file.")
    shown = f"{folder or ''}/{file.path}"
    if desk.journal.redactor.text(shown) != shown:
        raise ToolFailed("The path of one of the files holds what looks like a secret. Nothing was written.")
    _refuse_secret(desk, file.path, file.content, "Nothing was written: say in it where the secret comes from")


def _refuse_secret(desk: Desk, path: str, content: bytes, what_next: str) -> None:
    line = desk.journal.redactor.line_of_secret(content)
    if line is not None:
        raise ToolFailed(f"{path}, line {line}: there is a secret. {what_next}.")


def _refuse_clashes(paths: list[str]) -> None:
    """Two names that are one file on some file systems, or a file where another needs a folder."""
    seen: dict[str, str] = {}
    for path in paths:
        same = unicodedata.normalize("NFC", path).casefold()
        if same in seen:
            raise ToolFailed(f"{seen[same]} and {path} are one file where upper and lower case are the same.")
        seen[same] = path
    for same, path in seen.items():
        parts = same.split("/")
        for deep in range(1, len(parts)):
            if above := seen.get("/".join(parts[:deep])):
                raise ToolFailed(f"{above} is to be a file, and {path} needs a folder of that name.")


def _change(desk: Desk, folder: str | None, file: File) -> Change:
    target = target_of(folder, file.path)
    there = folder_of(target, desk.workspace.root).read(file.path)
    body = _body(desk, file.content, file.mode)
    return write_change(target, body, there, {} if there is None else _kept(desk, file, there))


def _kept(desk: Desk, file: File, there: Found) -> Json:
    """What is there, kept for an undo: never with a secret in it, for nothing takes that out of git again."""
    if there.content == file.content:
        return _body(desk, there.content, there.mode)
    what_next = "It is not replaced, for git would keep it: take the secret out, or move the file away"
    _refuse_secret(desk, f"{file.path} (which is there already)", there.content, what_next)
    return _body(desk, there.content, there.mode)


def _body(desk: Desk, content: bytes, mode: int) -> Json:
    sha256 = hashlib.sha256(content).hexdigest()
    return {"sha256": sha256, "blob": desk.history.store(content), "mode": f"{mode:04o}"}
