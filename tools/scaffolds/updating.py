"""A newer template merged into an application: three-way, by `git merge-file`.

| the file here | the template's | then |
|---|---|---|
| as it was made | changed | the template's |
| edited | as it was | stays |
| edited | changed | merged; what both changed is marked |
| removed | any | stays removed |
| none | new | made |

What was made then is found by its git blob in the folder's own history. Where it is not kept there, it is as if
everything had been edited: nothing is lost, and more is marked.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.changes.folder import Folder
from tools.errors import ToolFailed
from tools.scaffolds.answers import Answers, answered
from tools.scaffolds.scaffold import MEMORY, VERSION, blob_of, scaffold

_RECORD = re.compile(r"(?P<blob>[0-9a-f]{40}) (?P<path>\S.*)")
_MANY_CONFLICTS = 127
"""git merge-file says the number of conflicts by its exit code, up to this one; above are errors."""
_GIT_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Updated:
    """The files to be written, and what a person should know."""

    app: str
    files: Mapping[str, bytes]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Memory:
    template: int
    answers: Answers
    blobs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Merged:
    content: bytes
    conflicts: int = 0


def updated(root: Path) -> Updated:
    """What an update of the application in this folder writes. Raises `ToolFailed`."""
    folder = Folder(root)
    memory = _memory(folder)
    newest = scaffold(memory.answers)
    here = {path: found.content for path in newest.files if (found := folder.read(path)) is not None}
    merged = dict(_merged(root, memory, newest.files, here))
    files = {path: each.content for path, each in merged.items() if each.content != here.get(path)}
    remembered = newest.memory().encode()
    there = folder.read(MEMORY)
    if there is None or there.content != remembered:
        files[MEMORY] = remembered
    return Updated(memory.answers.app, files, tuple(_remarks(folder, memory, newest.files, merged)))


def _memory(folder: Folder) -> _Memory:
    found = folder.read(MEMORY)
    if found is None:
        raise ToolFailed(f"{folder.root} has no {MEMORY}: template-app did not make it, or the file was not kept.")
    try:
        return _remembered(found.content)
    except (ValueError, TypeError, KeyError) as error:
        raise ToolFailed(
            f"{folder.root / MEMORY} cannot be read: {' '.join(str(error).split())[:200]}. Bring it back from git."
        ) from error


def _remembered(content: bytes) -> _Memory:
    import yaml

    try:
        document: Any = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    template = int(document["template"])
    if template > VERSION:
        raise ValueError(f"it is of template {template}, and this Desk has {VERSION}: take a newer Desk")
    records = [_RECORD.fullmatch(str(each)) for each in document.get("files") or ()]
    blobs = {record["path"]: record["blob"] for record in records if record is not None}
    return _Memory(template, answered(document["answers"]), blobs)


def _merged(
    root: Path, memory: _Memory, newest: Mapping[str, str], here: Mapping[str, bytes]
) -> Iterator[tuple[str, _Merged]]:
    blobs = memory.blobs
    if not blobs and memory.template == VERSION:  # the portal made it, which writes none
        blobs = {path: blob_of(text.encode()) for path, text in newest.items()}
    for path, text in newest.items():
        was, ours = blobs.get(path), here.get(path)
        if ours is None:
            if was is None:
                yield path, _Merged(text.encode())
        elif was is not None and blob_of(ours) == was:
            yield path, _Merged(text.encode())
        elif was == blob_of(text.encode()) or ours == text.encode():
            yield path, _Merged(ours)
        else:
            yield path, _three_way(root, was, ours, text.encode())


def _three_way(root: Path, was: str | None, ours: bytes, theirs: bytes) -> _Merged:
    with tempfile.TemporaryDirectory() as scratch:
        sides = {"yours": ours, "as it was made": _kept(root, was), "template": theirs}
        for place, content in enumerate(sides.values()):
            (Path(scratch) / str(place)).write_bytes(content)
        labels = [part for label in sides for part in ("-L", label)]
        done = _git("merge-file", "-p", *labels, "0", "1", "2", at=Path(scratch))
    if not 0 <= done.returncode <= _MANY_CONFLICTS:
        raise ToolFailed(f"git merge-file failed: {done.stderr.decode(errors='replace').strip()[:200]}.")
    return _Merged(done.stdout, done.returncode)


def _kept(root: Path, blob: str | None) -> bytes:
    """The file as it was made; empty where the folder's history does not keep it."""
    if blob is None:
        return b""
    done = _git("cat-file", "blob", blob, at=root)
    return done.stdout if done.returncode == 0 else b""


def _git(*arguments: str, at: Path) -> subprocess.CompletedProcess[bytes]:
    try:
        command = ["git", "-C", str(at), *arguments]
        return subprocess.run(command, capture_output=True, check=False, timeout=_GIT_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"git cannot be run: {error}. Install it, and call it again.") from error


def _remarks(
    folder: Folder, memory: _Memory, newest: Mapping[str, str], merged: Mapping[str, _Merged]
) -> Iterator[str]:
    for path, each in merged.items():
        if each.conflicts:
            yield f"{path} has {each.conflicts} conflicts, marked with <<<<<<<"
    for path in sorted(set(memory.blobs) - set(newest)):
        if folder.read(path) is not None:
            yield f"{path} is no part of the template any more: remove it, if you need it not"
