"""The workspace: the files in which a session says what it does, and the changes it made.

    working/WORKING.md                      one section an agent; Desk rewrites its own
    working/changes/{session}/{nn}-{slug}/  one change set: applied, before, diff, undo
    logs/LOGS.md                            this month's actions, newest first
    logs/LOGS-YYYY-MM.md                    the months before
    incidents/INCIDENTS.md                  newest first
    desk.yaml                               its settings, and what marks the folder as a workspace
    .desk/                                  journal and locks, ignored by git

Every change is an `Edit`: a function from a file's previous bytes to its next ones. The same edit is
made to the work tree (`Workspace.write`) and to HEAD's version of the file (`History.commit`), so that
what others changed in the work tree never gets into Desk's commit.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import stat
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from agent.errors import DeskError, UsageError
from agent.workspace.names import INCIDENTS, LOGS, TITLES, WORKING

AGENT = "developer-experience (Desk)"
READ_LIMIT_CHARS = 32_000
ITEM_LIMIT_CHARS = 500
TITLE_LIMIT_CHARS = 120
SLUG_LIMIT_CHARS = 48
LOCK_WAIT_S = 120.0

Result = Literal["SUCCESS", "FAILURE", "PARTIAL", "BLOCKED", "PENDING_APPROVAL"]
Severity = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
Read = Callable[[str], bytes | None]

_SECTION = f"## Agent: {AGENT}"
_OWN = re.compile(rf" {{0,3}}##[ \t]+Agent:[ \t]*{re.escape(AGENT)}[ \t]*#*[ \t]*")
_HEADING = re.compile(r" {0,3}#{1,2}([ \t]|$)")
_RULE = re.compile(r" {0,3}([-*_])([ \t]*\1){2,}[ \t]*")
_HOSTILE_START = re.compile(r"[#>~<|=]|`{3}|[-+*_]([-+*_\s]|$)")
_NOT_PARAGRAPH = re.compile(r"[ \t]*([-+*>#]|$)")
_UNDERLINE = re.compile(r"-{2,}|={2,}")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_DATED = re.compile(r"## (\d{4}-\d{2})-\d{2}T")
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def _no_spill(_previous: bytes | None) -> tuple[Edit, ...]:
    return ()


@dataclass(frozen=True)
class Edit:
    """One file's change, to be made to any version of that file.

    `path` is relative to the workspace, with slashes. `apply` takes the file's bytes (None: there is
    no such file) and returns the new ones; a whole new file ignores its input. `spill` names what else
    must change because of the same previous bytes: the archives that old log entries move to.
    """

    path: str
    apply: Callable[[bytes | None], bytes]
    spill: Callable[[bytes | None], tuple[Edit, ...]] = field(default=_no_spill)


def applied(edits: Sequence[Edit], read: Read) -> dict[str, bytes]:
    """The files after the edits, in the order in which they are safe to write: archives first.

    `read` gives a path's bytes in the version being edited; a later edit of a path sees the earlier
    one's result.
    """
    after: dict[str, bytes] = {}

    def current(path: str) -> bytes | None:
        return after[path] if path in after else read(path)

    for edit in edits:
        previous = current(edit.path)
        for spilled in edit.spill(previous):
            after[spilled.path] = spilled.apply(current(spilled.path))
        after[edit.path] = edit.apply(previous)
    return after


@dataclass(frozen=True)
class WorkingState:
    """What Desk's section of WORKING.md says: of the newest session, and what of all is still open.

    `started` is an ISO time in UTC.
    """

    started: str
    task: str
    completed: tuple[str, ...]
    remaining: tuple[str, ...]
    blockers: tuple[str, ...]
    next_action: str
    session: str = ""


@dataclass(frozen=True)
class LogEntry:
    """One entry of LOGS.md. `time` is an ISO time in UTC and decides the month it is kept under.

    What is empty of session, approved_by, commits and undo is left out; of a `brief` one only the heading stays.
    """

    time: str
    title: str
    action: str
    reason: str
    target: str
    result: Result
    next_action: str
    agent: str = AGENT
    session: str = ""
    approved_by: str = ""
    commits: str = ""
    undo: str = ""
    """What to type."""
    brief: bool = False

    def __post_init__(self) -> None:
        _check_time(self.time)
        _check_choice(self.result, get_args(Result))


@dataclass(frozen=True)
class Incident:
    """One entry of INCIDENTS.md. `time` is when it was detected, ISO in UTC."""

    time: str
    title: str
    severity: Severity
    description: str
    impact: str
    root_cause: str
    resolution: str
    follow_up: str
    session: str = ""
    approval: str = ""

    def __post_init__(self) -> None:
        _check_time(self.time)
        _check_choice(self.severity, get_args(Severity))


def _check_time(time: str) -> None:
    offset = datetime.fromisoformat(time).utcoffset()
    if "T" not in time or offset is None or offset.total_seconds() != 0:
        raise ValueError(f"{time!r} is not an ISO time in UTC, such as 2025-01-31T09:30:00Z")


def _check_choice(value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{value!r} is not one of {', '.join(choices)}")


def one_line(text: str, limit_chars: int = ITEM_LIMIT_CHARS) -> str:
    """The text on one line that cannot become a heading, a fence, a comment or a second line.

    Control characters and every kind of line break become one space, marks that reverse the direction
    of text go, and Markdown at the start is escaped. Empty text is `none`.
    """
    flat = plain_line(text, limit_chars) or "none"
    return f"\\{flat}" if _HOSTILE_START.match(flat) else flat


def plain_line(text: str, limit_chars: int) -> str:
    """The text on one line, at most `limit_chars` long, with nothing escaped."""
    shown = (" " if unicodedata.category(char) in _BREAKING else char for char in text.translate(_BIDI))
    flat = " ".join("".join(shown).split())
    return flat if len(flat) <= limit_chars else f"{flat[: limit_chars - 1].rstrip()}…"


def slugify(title: str) -> str:
    """The title as a folder's name: lower-case ASCII letters, digits and single hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[:SLUG_LIMIT_CHARS].strip("-") or "change"


def working_section(state: WorkingState) -> str:
    """Desk's section of WORKING.md, ending in a newline."""
    parts = [
        _SECTION,
        "### Current Session\n" + _bullets(_current(state)),
        "### Completed This Session\n" + _bullets(state.completed),
        "### Remaining Tasks\n" + _bullets(state.remaining),
        "### Blockers\n" + _bullets(state.blockers),
        "### Next Action\n" + one_line(state.next_action),
    ]
    return "\n\n".join(parts) + "\n"


def _current(state: WorkingState) -> tuple[str, ...]:
    session = (f"Session: {state.session}",) if state.session else ()
    return (f"Started: {state.started}", f"Task: {state.task}", *session)


def _bullets(items: Sequence[str]) -> str:
    return "\n".join(f"- {one_line(item)}" for item in items or ("none",))


def replace_section(document: str, section: str) -> str:
    """The document with Desk's section replaced, every other byte as it was.

    Desk's section runs from its heading to the next heading of level 1 or 2, or a rule; headings in a
    closed code fence (CommonMark 0.31, 4.5) are text. Where there is no section it is appended; an
    empty document gets the title. Line ends follow the document's.
    """
    if not document.strip():
        document = TITLES[WORKING].decode()
    section = _with_line_ends_of(document, section)
    blocks = _blocks(document)
    own = [index for index, block in enumerate(blocks) if _is_own(block)]
    if not own:
        return _below(document, section)
    return "".join(
        _replaced(block, section) if index == own[0] else block
        for index, block in enumerate(blocks)
        if index not in own[1:]
    )


def _is_own(block: str) -> bool:
    return _OWN.fullmatch(block.split("\n", 1)[0].rstrip("\r")) is not None


def _replaced(block: str, section: str) -> str:
    """The section in the block's place; the blank lines that part it from the next block stay."""
    blank_lines = block[len(block.rstrip("\r\n \t")) :]
    return section.rstrip("\r\n") + (blank_lines or section[len(section.rstrip("\r\n")) :])


def _blocks(document: str) -> list[str]:
    """The document cut before each heading of level 1 or 2 and each rule; joined, it is the document."""
    lines = document.split("\n")
    text = [line.rstrip("\r") for line in lines]
    fenced = _fenced(text)
    starts = [n for n in range(len(lines)) if n not in fenced and _starts_block(text, n)]
    bounds = [0, *(n for n in starts if n), len(lines)]
    cut = ["\n".join(lines[a:b]) for a, b in itertools.pairwise(bounds)]
    return [f"{block}\n" for block in cut[:-1]] + cut[-1:]


def _starts_block(lines: Sequence[str], n: int) -> bool:
    if _HEADING.match(lines[n]):
        return True
    if _RULE.fullmatch(lines[n]):
        return n == 0 or not _is_underlined(lines, n - 1)
    return _is_underlined(lines, n)


def _is_underlined(lines: Sequence[str], n: int) -> bool:
    """Whether line n, a paragraph's first, is a heading by the - or = under it (a setext heading)."""
    above = lines[n - 1].strip() if n else ""
    below = lines[n + 1].strip() if n + 1 < len(lines) else ""
    return not above and _UNDERLINE.fullmatch(below) is not None and not _NOT_PARAGRAPH.match(lines[n])


def _fenced(lines: Sequence[str]) -> frozenset[int]:
    """The lines inside closed code fences; a fence that is never closed is read as text."""
    inside: set[int] = set()
    n = 0
    while n < len(lines):
        end = _fence_end(lines, n)
        inside.update(range(n, end + 1))
        n = max(n, end) + 1
    return frozenset(inside)


def _fence_end(lines: Sequence[str], n: int) -> int:
    """The line that closes the fence opened on line n; n - 1 when none is opened or closed there."""
    opened = _FENCE.match(lines[n])
    if opened is None:
        return n - 1
    mark = opened[1]
    closing = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
    return next((m for m in range(n + 1, len(lines)) if closing.fullmatch(lines[m])), n - 1)


def _with_line_ends_of(document: str, text: str) -> str:
    first = document.find("\n")
    return text.replace("\n", "\r\n") if first > 0 and document[first - 1] == "\r" else text


def _below(document: str, text: str) -> str:
    """The text under the document, parted by one blank line."""
    if not document:
        return text
    line_end = _with_line_ends_of(document, "\n")
    missing = 2 - len(re.findall(r"\r?\n", document[len(document.rstrip("\r\n")) :]))
    return document + line_end * max(missing, 0) + text


def update_working(state: WorkingState) -> Edit:
    """The edit that writes Desk's section of WORKING.md."""
    section = working_section(state)
    return Edit(WORKING, lambda previous: _encode(replace_section(_decode(previous), section)))


def render_log(entry: LogEntry) -> str:
    """One entry of LOGS.md: a dated heading and a list, ending in a newline."""
    fields = {
        "Agent": entry.agent,
        **_said({"Session": entry.session}),
        "Action": entry.action,
        "Reason": entry.reason,
        **_said({"Approved By": entry.approved_by}),
        "Target": entry.target,
        "Result": entry.result,
        **_said({"Commits": entry.commits, "Undo": entry.undo}),
        "Next Action": entry.next_action,
    }
    return _dated(entry.time, entry.title, {} if entry.brief else fields)


def render_incident(incident: Incident) -> str:
    """One entry of INCIDENTS.md: a dated heading and a list, ending in a newline."""
    fields = {
        "Severity": incident.severity,
        "Detected": incident.time,
        "Description": incident.description,
        "Impact": incident.impact,
        "Root Cause": incident.root_cause,
        "Resolution": incident.resolution,
        "Follow-up": incident.follow_up,
        **_said({"Session": incident.session, "Approval": incident.approval}),
    }
    return _dated(incident.time, incident.title, fields)


def _said(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _dated(time: str, title: str, fields: Mapping[str, str]) -> str:
    listed = "\n".join(
        f"- {name}: {plain_line(value, ITEM_LIMIT_CHARS) or 'none'}" for name, value in fields.items()
    )
    heading = f"## {time} - {plain_line(title, TITLE_LIMIT_CHARS) or 'untitled'}\n"
    return f"{heading}\n{listed}\n" if listed else heading


def add_log(entry: LogEntry) -> Edit:
    """The edit that puts the entry on top of LOGS.md, which holds one month.

    The first entry of a month moves the entries before it to logs/LOGS-YYYY-MM.md, each by its own
    month. An entry of an earlier month than the newest goes there too. An entry that is already there,
    in LOGS.md or in its month's archive, is not added again.
    """
    rendered = render_log(entry)
    month = entry.time[:7]
    return Edit(
        LOGS,
        lambda previous: _encode(_rotated(_decode(previous), month, rendered).kept),
        lambda previous: tuple(
            _archive(month, entries)
            for month, entries in _rotated(_decode(previous), month, rendered).moved.items()
        ),
    )


@dataclass(frozen=True)
class _Rotation:
    """LOGS.md as it stays, and the entries that go to each month's archive, newest first."""

    kept: str
    moved: Mapping[str, tuple[str, ...]]


def _rotated(document: str, month: str, rendered: str) -> _Rotation:
    preamble, entries = _entries(document)
    newest = _month(entries[0]) if entries else month
    if month < newest:
        return _Rotation(document, {month: (rendered,)})
    if month == newest:
        return _Rotation(_by_time(document, rendered), {})
    moved: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        moved[_month(entry)] = (*moved.get(_month(entry), ()), entry)
    return _Rotation(_on_top(preamble, (rendered,), TITLES[LOGS]), moved)


def _archive(month: str, entries: tuple[str, ...]) -> Edit:
    title = f"# LOGS {month}\n".encode()
    return Edit(
        f"logs/LOGS-{month}.md",
        lambda previous: _encode(_on_top(_decode(previous), entries, title)),
    )


def add_incident(incident: Incident) -> Edit:
    """The edit that puts the incident on top of INCIDENTS.md, unless it is there already."""
    rendered = render_incident(incident)
    return Edit(
        INCIDENTS,
        lambda previous: _encode(_on_top(_decode(previous), (rendered,), TITLES[INCIDENTS])),
    )


@lru_cache(maxsize=4)
def _entries(document: str) -> tuple[str, tuple[str, ...]]:
    """What stands above the first dated heading, and each entry with all its text, in their order."""
    preamble, entries = "", list[str]()
    for block in _blocks(document):
        if _DATED.match(block):
            entries.append(block)
        elif entries:
            entries[-1] += block
        else:
            preamble += block
    return preamble, tuple(entries)


def _month(entry: str) -> str:
    dated = _DATED.match(entry)
    return dated[1] if dated else ""


def _on_top(document: str, added: Sequence[str], title: bytes) -> str:
    """The document with the entries that it does not hold yet put above its first one."""
    if not document.strip():
        document = title.decode()
    preamble, entries = _entries(document)
    known = {_normal(entry) for entry in entries}
    new = [entry.strip("\r\n").replace("\r\n", "\n") for entry in added if _normal(entry) not in known]
    if not new:
        return document
    text = "\n\n".join(new) + ("\n\n" if entries else "\n")
    return _below(preamble, _with_line_ends_of(document, text)) + "".join(entries)


def _by_time(document: str, rendered: str) -> str:
    """The document with the entry below those that are newer: an entry that is written late keeps its place."""
    preamble, entries = _entries(document)
    newer = 0
    while newer < len(entries) and _time(entries[newer]) > _time(rendered):
        newer += 1
    if newer == 0 or _normal(rendered) in map(_normal, entries):
        return _on_top(document, (rendered,), TITLES[LOGS])
    above, below = preamble + "".join(entries[:newer]).rstrip("\r\n"), "".join(entries[newer:])
    text = rendered.strip("\r\n").replace("\r\n", "\n")
    return _below(above, _with_line_ends_of(document, f"{text}\n" + ("\n" if below else ""))) + below


def _time(entry: str) -> str:
    """The time in an entry's heading; empty, so oldest, where there is none."""
    found = re.match(r"## (\S+)", entry)
    return found.group(1) if found else ""


def _normal(entry: str) -> str:
    return "\n".join(line.rstrip() for line in entry.strip().splitlines())


def write_change_set(session: str, number: int, slug: str, files: Mapping[str, str]) -> tuple[Edit, ...]:
    """The edits that write a change set's files under working/changes/{session}/{nn}-{slug}/.

    `files` maps plain file names to their text. Raises DeskError for a session or a name that would
    lead out of that folder.
    """
    folder = change_set_folder(session, number, slug)
    return tuple(whole_file(f"{folder}/{_file_name(name)}", text) for name, text in files.items())


def change_set_folder(session: str, number: int, slug: str) -> str:
    """A change set's folder, relative to the workspace."""
    if not _SESSION.fullmatch(session):
        raise DeskError(f"session {session!r} cannot name a folder. Next: use letters, digits, '.', '_', '-'")
    return f"working/changes/{session}/{number:02d}-{slugify(slug)}"


def whole_file(path: str, text: str) -> Edit:
    """The edit that makes the text the whole of a file, whatever was there."""
    content = _encode(text)
    return Edit(path, lambda _previous: content)


def _file_name(name: str) -> str:
    unusable = "/" in name or "\0" in name or any(unicodedata.category(char) == "Cs" for char in name)
    if not name or name.startswith(".") or unusable:
        raise DeskError(f"{name!r} cannot be a file of a change set. Next: use a name without '/' or leading '.'")
    return name


def _decode(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def checked_path(path: str) -> PurePosixPath:
    """The workspace-relative path, or a DeskError when it is not one that Desk may read or write."""
    parts = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise DeskError(f"{path!r} is not a file of the workspace. Next: give a path below it, without '..'")
    return PurePosixPath(path)


class Workspace:
    """The files below `root`, an existing folder (UsageError); a symbolic link below it is refused."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not self.root.is_dir():
            raise UsageError(f"{root} is not a folder. Next: `desk init {root}` makes a workspace there")
        self._threads = threading.RLock()
        self._depth = 0

    def state_dir(self) -> Path:
        """`.desk/`, made when missing, with a .gitignore that hides it from git."""
        directory = self.root / ".desk"
        self._refuse_links(directory)
        try:
            directory.mkdir(exist_ok=True)
            ignore = directory / ".gitignore"
            if not ignore.exists():
                own = directory / f".gitignore.{os.getpid()}.{threading.get_ident()}"
                try:
                    own.write_bytes(b"*\n")
                    own.replace(ignore)
                finally:
                    own.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(directory, error) from error
        return directory

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the workspace against other processes and threads; may be taken again inside itself.

        Raises DeskError after LOCK_WAIT_S.
        """
        with self._threads:
            if self._depth:
                yield
                return
            fd = self._locked_fd()
            self._depth = 1
            try:
                yield
            finally:
                self._depth = 0
                os.close(fd)

    def _locked_fd(self) -> int:
        path = self.state_dir() / "workspace.lock"
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            _flock_within(fd, path, LOCK_WAIT_S)
            os.truncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(fd)
            raise _unwritable(path, error) from error
        except BaseException:
            os.close(fd)
            raise
        return fd

    def write(self, edits: Sequence[Edit]) -> tuple[str, ...]:
        """Makes the edits to the work tree, each file atomically, and returns the paths they concern.

        A file whose bytes stay the same is not touched. Raises DeskError when a file cannot be written.
        """
        with self.lock():
            after = applied(edits, self.read)
            for path, content in after.items():
                if self.read(path) != content:
                    self._write_file(path, content)
        return tuple(after)

    def read(self, path: str) -> bytes | None:
        """A file's bytes, None when there is no such file. Raises DeskError when it cannot be read."""
        file = self._file(path)
        try:
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(file, error) from error

    def read_working(self) -> str:
        """WORKING.md, cut at READ_LIMIT_CHARS with a note; empty when there is none."""
        return _capped(_shown(self.read(WORKING)), WORKING)

    def newest_log(self, lines: int = 100) -> str:
        """The newest lines of the log; where LOGS.md is shorter, the newest archive goes on."""
        newest = _shown(self.read(LOGS)).splitlines()
        if len(newest) < lines and (archive := self._newest_archive()):
            newest += ["", *_shown(self.read(archive)).splitlines()]
        return _capped("\n".join(newest[:lines]), LOGS)

    def _newest_archive(self) -> str | None:
        names = [file.name for file in (self.root / "logs").glob("LOGS-[0-9][0-9][0-9][0-9]-[0-9][0-9].md")]
        return f"logs/{max(names)}" if names else None

    def newest_incidents(self, lines: int = 50) -> str:
        """The newest lines of INCIDENTS.md; empty when there is none."""
        newest = _shown(self.read(INCIDENTS)).splitlines()
        return _capped("\n".join(newest[:lines]), INCIDENTS)

    def _write_file(self, path: str, content: bytes) -> None:
        file = self._file(path)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _replace_file(file, content)
        except OSError as error:
            raise _unwritable(file, error) from error

    def _file(self, path: str) -> Path:
        file = self.root / checked_path(path)
        self._refuse_links(file)
        return file

    def _refuse_links(self, file: Path) -> None:
        below = [file, *file.parents]
        for part in below[: below.index(self.root)]:
            if part.is_symlink():
                raise UsageError(
                    f"{part} is a symbolic link to {part.readlink()}, and Desk follows none in a workspace. "
                    "Next: put a real file or folder in its place"
                )


def _shown(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")


def _capped(text: str, path: str) -> str:
    if len(text) <= READ_LIMIT_CHARS:
        return text
    return f"{text[:READ_LIMIT_CHARS]}\n[cut: {READ_LIMIT_CHARS} of {len(text)} characters of {path} shown]"


def _flock_within(fd: int, path: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
                raise DeskError(
                    f"{path} is held by another Desk (process {holder}) for more than {wait_s:.0f} s. "
                    "Next: wait for its commit to end, or stop that process, then run again"
                ) from error
            time.sleep(0.02)
        else:
            return


def _replace_file(file: Path, content: bytes) -> None:
    """Puts the content in the file's place at once, durably, with the file's permission bits kept.

    The temporary file has one name a directory: what a killed process left is taken over by the next
    write there.
    """
    temporary = file.with_name(".desk-write.tmp")
    temporary.unlink(missing_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(fd, "wb") as stream:
            if file.exists():
                os.fchmod(fd, stat.S_IMODE(file.stat().st_mode))
            stream.write(content)
            stream.flush()
            os.fsync(fd)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(file.parent)


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _unreadable(file: Path, error: OSError) -> DeskError:
    return DeskError(f"{file} cannot be read: {error.strerror}. Next: make it a file that this user can read")


def _unwritable(file: Path, error: OSError) -> DeskError:
    return DeskError(
        f"{file} cannot be written: {error.strerror}. Next: check its permissions and the disk's free space, "
        "then run again"
    )
