"""The driver for files: the workspace's, and those of a folder that a person named.

A change says a file's digest, its git blob and its mode, and not its text: the bytes come from the blobs.

| | target | body |
|---|---|---|
| a file of the workspace | no namespace; the path in it | `sha256`, `blob`, `mode` (octal) |
| of a named folder | the folder, absolute; the path below it | the same; with `restored` what an undo puts back |
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from tools.changes.driver import Effect, Preview, Running
from tools.changes.folder import Folder, Found
from tools.changes.plan import FILES, Change, Plan, Takeover
from tools.cluster.resources import ObjectRef
from tools.errors import ToolFailed
from tools.json import Json
from tools.risk import Risk

WORKSPACE = "workspace"

_OWN = MappingProxyType({"environment": "dev"})
"""A person's own files are theirs to decide about: who asked confirms at the terminal."""


class Blobs(Protocol):
    """Where the bytes of files are kept, by their git blob id."""

    def store(self, content: bytes) -> str:
        """Keep the bytes; gives their id."""
        ...

    def blob(self, oid: str) -> bytes | None:
        """The bytes; None where they are not kept any more."""
        ...


def target_of(folder: str | None, path: str) -> ObjectRef:
    """A file as a change's target; `folder` None: the workspace."""
    return ObjectRef("", "File", folder, path)


def write_change(target: ObjectRef, body: Json, there: Found | None, undo: Json) -> Change:
    """The change that makes a file `body`; `undo` is the body of what is there now."""
    uid, version = ("", "") if there is None else (there.sha256, there.version)
    return Change(target, "files", body, undo, uid, "", version, "apply", system=FILES)


class FilesDriver:
    """`Driver` of files. `root`: the workspace; `wrote`: whether Desk wrote this file with this digest last."""

    account = FILES
    at_once = 1
    """Git is asked, and starts its processes from the main thread only."""

    def __init__(self, root: Path, blobs: Blobs, wrote: Callable[[ObjectRef, str], bool]) -> None:
        self._root = root
        self._blobs = blobs
        self._wrote = wrote

    def refusal(self, change: Change) -> str:
        """The disk says it, when it is looked at."""
        return ""

    def risk(self, change: Change, asked: Risk, preview: Preview | None) -> Risk:
        """Its tool's."""
        return asked

    def place(self, change: Change) -> str:
        """The folder."""
        return change.target.namespace or WORKSPACE

    def labels(self, place: str) -> Mapping[str, str]:
        """Those of a folder of one's own."""
        return _OWN

    def is_current(self, change: Change) -> bool:
        """By its bytes and its mode; and what is to be written must still be kept."""
        there = found(change.target, self._root)
        kept = change.verb == "delete" or self._blobs.blob(change.body["blob"]) is not None
        return kept and (there.version if there else "") == change.version

    def preview(self, change: Change, plan: Plan, done: Collection[str]) -> Preview:
        """Compare with what is there; a file that somebody else wrote is taken over, and so asked."""
        folder_of(change.target, self._root).check_writable(change.target.name)
        there, target = found(change.target, self._root), change.target
        same = there is not None and _is_as(there, change.body) if change.verb != "delete" else there is None
        theirs = there is not None and not same and change.verb == "apply" and not change.body.get("restored")
        taken: tuple[Takeover, ...] = ()
        if there is not None and theirs and not self._wrote(target, there.sha256):
            taken = (Takeover("somebody else", str(target), "written", "replaced"),)
        before = {} if there is None else {"sha256": there.sha256, "mode": f"{there.mode:04o}"}
        return Preview(before, change.body, self._diff(change, there), same=same, takes_over=taken)

    def filled(self, change: Change) -> Json:
        """There is nothing to be filled in."""
        return change.body

    def send(self, change: Change, body: Json, token: str) -> Effect | Running:
        """Write or remove the file: whole, at once, and only if it is as it was planned on."""
        folder, path = folder_of(change.target, self._root), change.target.name
        if change.verb == "delete":
            folder.remove(path, change.version)
            return Effect({})
        content = self._blobs.blob(body["blob"])
        if content is None:
            raise ToolFailed(f"{change.target}: git keeps its bytes no more (blob {body['blob']}). Call it again.")
        exact = bool(body.get("restored"))
        return _effect(body, folder.write(path, content, int(body["mode"], 8), change.version, token, exact=exact))

    def follow(self, change: Change, operation: str) -> Effect | Running:
        """A file is written when it is written."""
        raise LookupError(f"there is no operation {operation} on {change.target}")

    def observe(self, change: Change, expected: Json) -> Effect | None:
        """Read the file."""
        there = found(change.target, self._root)
        if change.verb == "delete":
            return Effect({}) if there is None else None
        return _effect(change.body, there) if there is not None and _is_as(there, change.body) else None

    def _diff(self, change: Change, there: Found | None) -> str:
        path, body = _shown(change.target), change.body
        if change.verb == "delete":
            return (
                f"--- {path}\n+++ /dev/null\nremoved, as it was written: sha256 {there.sha256 if there else 'gone'}"
            )
        if there is None:
            size = len(self._blobs.blob(body["blob"]) or b"")
            return (
                f"--- /dev/null\n+++ {path}\nnew file, mode {body['mode']}, {size} bytes, sha256 {body['sha256']}"
            )
        lines = (
            [] if _runs(there.mode) == _runs(int(body["mode"], 8)) else [f"mode {there.mode:04o} -> {body['mode']}"]
        )
        return "\n".join([*lines, *_unified(path, there.content, self._blobs.blob(body["blob"]) or b"")])


def folder_of(target: ObjectRef, root: Path) -> Folder:
    """The folder that a file is in; `root` is the workspace's."""
    return Folder(Path(target.namespace) if target.namespace else root)


def found(target: ObjectRef, root: Path) -> Found | None:
    """The file as it is."""
    return folder_of(target, root).read(target.name)


def is_undone(item: Json, root: Path) -> bool:
    """Whether a file is as the undo `item` would make it."""
    there = found(ObjectRef(**item["target"]), root)
    if item["verb"] == "delete":
        return there is None
    return there is not None and _is_exactly(there, item[item["verb"]])


def undo_change(item: Json, root: Path) -> Change:
    """The change that undoes another; raises `ToolFailed` when somebody has changed the file since."""
    target = ObjectRef(**item["target"])
    there = found(target, root)
    if item["verb"] == "create":
        if there is not None:
            raise ToolFailed(f"{target} is there again: somebody made it anew. Move it away, then undo.")
        return write_change(target, {**item["create"], "restored": True}, None, {})
    if there is None or not _is_exactly(there, item["expects"]):
        raise ToolFailed(
            f"{target} was changed since, and not by this: it is left as it is. "
            "Undo the later change first, or change it by hand."
        )
    left = {key: item["expects"][key] for key in ("sha256", "blob", "mode")}
    if item["verb"] == "delete":
        return Change(target, "files", {}, left, there.sha256, "", there.version, "delete", system=FILES)
    return write_change(target, {**item["patch"], "restored": True}, there, left)


def _is_as(there: Found, body: Json) -> bool:
    """Whether a file is as wanted: its bytes, and whether it can be run, which is what git knows of its mode."""
    if body.get("restored"):
        return _is_exactly(there, body)
    return there.sha256 == body["sha256"] and _runs(there.mode) == _runs(int(body["mode"], 8))


def _is_exactly(there: Found, body: Json) -> bool:
    return there.sha256 == body["sha256"] and there.mode == int(body["mode"], 8)


def _runs(mode: int) -> bool:
    return bool(mode & 0o100)


def _effect(body: Json, there: Found) -> Effect:
    return Effect({"sha256": there.sha256, "blob": body["blob"], "mode": f"{there.mode:04o}"})


def _shown(target: ObjectRef) -> str:
    return f"{target.namespace}/{target.name}" if target.namespace else target.name


def _unified(path: str, before: bytes, after: bytes) -> list[str]:
    """The unified diff of two texts; of what is no text, that it differs."""
    try:
        sides = [side.decode().splitlines() for side in (before, after)]
    except UnicodeDecodeError:
        return [f"Binary file {path} differs: {len(before)} bytes -> {len(after)} bytes"]
    lines = list(difflib.unified_diff(sides[0], sides[1], f"{path} (there)", f"{path} (wanted)", lineterm=""))
    return lines or ([f"{path} differs in its line ends"] if before != after else [])
