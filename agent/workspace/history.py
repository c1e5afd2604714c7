"""The workspace's git history: commits that hold Desk's own edits and nobody else's.

A commit is built beside the user's work: in a private index that starts as HEAD, each edit is made to
HEAD's version of its file, and `git commit` runs on that index, so that hooks and signing work as for
anyone. Nothing goes in from the repository's own index or work tree. While it runs, the repository's
index.lock is held, which keeps every other git command from moving HEAD underneath.

The lock file says which commit was HEAD when it was taken and is flocked by Desk and by the git
commands that it starts. A lock whose flock is free was left by a Desk that was killed: the next one
brings the index up to what that commit changed and takes the lock over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, cast

from agent.errors import DeskError, HistoryError, UsageError
from agent.stopping import HeldBack, held_from_children
from agent.workspace.files import (
    Edit,
    Workspace,
    applied,
    checked_path,
    plain_line,
)
from agent.workspace.names import MADE_BY_INIT

if TYPE_CHECKING:
    from git import Git

LOCK_WAIT_S = 3.0
DESK_WAIT_S = 120.0
LOCK_POLL_S = 0.05
GIT_ENDS_WITHIN_S = 2.0
GIT_POLL_S = 1.0
STALE_AFTER_S = 600.0
DEAD_LOCK_STAYS_S = 0.5
SCRATCH = "desk.scratch"
OWN_LOCK = "desk.lock-"
OUTPUT_LIMIT_CHARS = 2_000
SUMMARY_LIMIT_CHARS = 72
SUBJECT = "agent:developer-experience: "
TRAILER_LIMIT_CHARS = 1_000

_MARKER = b"desk-agent "
_MARKER_LIMIT_BYTES = 128
_TRAILER_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_SAFE_DIRECTORY = re.compile(r"--add safe\.directory (.+)")
_ON_BRANCH = b"ref: refs/heads/"
_CONVERTING = ("text", "eol", "crlf", "ident", "filter", "working-tree-encoding")
"""The attributes by which git stores other bytes than those of the file. Source: gitattributes(5)."""
_PLAIN, _EXECUTABLE, _GONE = "100644", "100755", "000000"
_FILE_MODES = frozenset({_PLAIN, _EXECUTABLE})
_REDIRECTING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
_IN_PROGRESS = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_COMMIT_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg")


@dataclass(frozen=True)
class CommitLine:
    """One line of the log; `time` is the committer's, ISO with its offset."""

    sha: str
    time: str
    subject: str


@dataclass(frozen=True)
class Content:
    """A whole file as it is to be committed."""

    content: bytes
    executable: bool = False


_NO_FILES: Mapping[str, Content | None] = MappingProxyType({})


Turn = Callable[[], AbstractContextManager[object]]
"""Raises `LeaseHeld` where it is another's."""


@dataclass(frozen=True)
class GitOutput:
    """What a git command said, and how it ended."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Its output, without the last line's end."""
        return self.out.decode("utf-8", "surrogateescape").removesuffix("\n")


@dataclass(frozen=True)
class _Place:
    """Where the workspace stands: the work tree's top, its git directory, the path between, with a slash."""

    top: Path
    git_dir: Path
    prefix: str


@dataclass(frozen=True)
class _Blob:
    mode: str
    oid: str


class _Git:
    """Runs git in one directory, and says in Desk's errors what git refuses."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._differences: dict[tuple[str, str], dict[str, _Blob]] = {}

    @cached_property
    def converts_all(self) -> bool:
        """Whether a setting has git convert the line ends of every text."""
        return self.run("config", "--get", "core.autocrlf").text not in ("", "false")

    def changes(self, before: str, after: str) -> dict[str, _Blob]:
        """What each path that differs between two trees is in the second; mode 000000 where it is gone.

        Trees and commits never change, so it is asked once.
        """
        if (before, after) not in self._differences:
            diff = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", before, after)
            self._differences[before, after] = _raw_diff(self.ask(*diff))
        return self._differences[before, after]

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        pass_fds: tuple[int, ...] = (),
    ) -> GitOutput:
        """One git command to its end, whatever its status. Raises UsageError where git is not installed.

        Where Ctrl-C ends the waiting for it, it is ended first: it never works on behind Desk's back.
        """
        try:
            import git
        except ImportError as error:
            raise _not_installed() from error
        # git -C: GitPython falls back on the process's own folder where it cannot enter the one it is given.
        command = [git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git", "-C", str(self.directory), *args]
        with _translated(self.directory), _input(stdin, self.directory) as stream:
            try:
                with held_from_children():
                    running = git.Git().execute(
                        command,
                        istream=stream,
                        as_process=True,
                        env={"LC_ALL": "C.UTF-8", **(env or {})},
                        pass_fds=pass_fds,
                    )
            except git.exc.GitCommandNotFound as error:
                raise _not_installed() from error
            return _ended(running)

    def ask(
        self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, fds: tuple[int, ...] = ()
    ) -> GitOutput:
        """As `run`, for a command that must succeed."""
        output = self.run(*args, stdin=stdin, env=env, pass_fds=fds)
        if output.status:
            raise refusal(output.err, args[0], self.directory)
        return output


@contextmanager
def _input(content: bytes, directory: Path) -> Iterator[BinaryIO | None]:
    """What git reads, in a file without a name there; None where it reads nothing.

    With a directory given, for without one `tempfile` first tries where it may write: by a file, which stays when
    Desk is killed at that moment.
    """
    if not content:
        yield None
        return
    with tempfile.TemporaryFile(dir=directory) as stream:
        stream.write(content)
        stream.seek(0)
        yield cast("BinaryIO", stream)


def _ended(running: Git.AutoInterrupt) -> GitOutput:
    try:
        out, err = _said(running)
    except BaseException:
        with HeldBack():
            _end(running)
        raise
    return GitOutput(running.returncode, out, err.decode("utf-8", "replace"))


def _said(running: Git.AutoInterrupt) -> tuple[bytes, bytes]:
    """Its output and errors, as soon as it has ended: what a hook leaves running may hold them open for ever."""
    while True:
        try:
            out, err = running.communicate(timeout=GIT_POLL_S)
        except subprocess.TimeoutExpired as held:
            if running.poll() is None:
                continue
            out, err = held.output, held.stderr
        return out or b"", err or b""


def _end(running: Git.AutoInterrupt) -> None:
    """SIGTERM lets git take its lock files away; what its hooks have started may live on."""
    process = running.proc
    if process is None:
        return
    process.terminate()
    try:
        process.wait(GIT_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _not_installed() -> UsageError:
    return UsageError(
        "git is not installed, or not on the PATH. Next: install git (apt-get install git, dnf install git)"
    )


def refusal(err: str, command: str, directory: Path) -> DeskError:
    """What git's refusal means for the person who runs Desk."""
    said = err.lower()
    if "dubious ownership" in said or "unsafe repository" in said:
        advised = _SAFE_DIRECTORY.search(err)
        owned = advised[1] if advised else str(directory)
        return UsageError(
            f"git does not trust the repository {owned}: another user owns it, and its hooks would run as you. "
            f"Next: if you trust it, git config --global --add safe.directory {owned}"
        )
    if "not a git repository" in said:
        return UsageError(
            f"{directory} is not in a git repository. Next: `desk init {directory}`, or `git init` there"
        )
    if "must be run in a work tree" in said:
        return _bare(directory)
    if "cannot change to" in said:
        return UsageError(f"{directory} is not a folder that can be entered. Next: `desk init {directory}`")
    if "permission" in said or "read-only file system" in said:
        return UsageError(
            f"git {command} may not write in {directory}: {_capped(err)}. "
            "Next: make its .git folder belong to this user"
        )
    return HistoryError(f"git {command} failed in {directory}: {_capped(err)}. Next: mend that, then `desk resume`")


def _bare(directory: Path) -> UsageError:
    return UsageError(
        f"{directory} is a bare repository or a .git folder: it has no work tree. "
        "Next: give a clone of it as the workspace, or `desk init DIR`"
    )


def _capped(output: str) -> str:
    """The end of a command's output, without control characters."""
    shown = "".join(char for char in output if char == "\n" or char.isprintable()).strip()
    cut = shown[-OUTPUT_LIMIT_CHARS:]
    return cut if cut == shown else f"[cut] …{cut}"


def commit_message(summary: str, at: datetime, trailers: Mapping[str, str]) -> str:
    """The message of one of Desk's commits; `at` carries its time zone.

    `agent:developer-experience: {YYYYmmdd-HHMMSS} - {summary}` in UTC, then the trailers that have a
    value, in their order. Neither a summary nor a value can add a line, hence no trailer of its own.
    """
    if at.tzinfo is None:
        raise ValueError("a commit's time carries its time zone")
    flat = plain_line(summary, SUMMARY_LIMIT_CHARS) or "no summary"
    subject = f"{SUBJECT}{at.astimezone(UTC):%Y%m%d-%H%M%S} - {flat}"
    lines = [f"{_checked_key(key)}: {value}" for key, value in _flat(trailers).items() if value]
    return "\n".join([subject, "", *lines]).rstrip() + "\n"


def _flat(trailers: Mapping[str, str]) -> dict[str, str]:
    return {key: plain_line(value, TRAILER_LIMIT_CHARS) for key, value in trailers.items()}


def _checked_key(key: str) -> str:
    if not _TRAILER_KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not the name of a trailer")
    return key


def _parsed_trailers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found


class History:
    """The git work tree that holds the workspace `root`, which may be a folder inside it.

    Every method raises UsageError where there is no usable git, repository or permission.
    """

    def __init__(self, root: Path, lock_wait_s: float = LOCK_WAIT_S, desk_wait_s: float = DESK_WAIT_S) -> None:
        self._root = root.resolve()
        self._lock_wait_s = lock_wait_s
        self._desk_wait_s = desk_wait_s
        self._identified = False

    @property
    def root(self) -> Path:
        """The workspace."""
        return self._root

    def preflight(self) -> None:
        """Shows that a commit could be made now, and settles what a killed Desk left.

        Raises UsageError (no repository, bare, HEAD detached, an operation in progress, no identity, no
        git) or HistoryError (another git holds the index for longer than `lock_wait_s`, or another Desk, whose
        hooks may be slow, for longer than `desk_wait_s`).
        """
        with self._index_held():
            pass

    def commit(
        self, message: str, edits: Sequence[Edit], files: Mapping[str, Content | None] = _NO_FILES
    ) -> str | None:
        """Commits the edits, made to HEAD's version of their files, and returns the commit's sha.

        `files` are whole files besides, by their path in the workspace; None takes one away.

        None where HEAD has all of them already. The work tree is not touched. In the index the same
        paths move on to the new commit, except those that someone had staged. Raises as `preflight`,
        and HistoryError when a hook, signing or git refuses; then HEAD and the index are as before.
        """
        with self._index_held() as held, _scratch(self._place.git_dir) as scratch:
            return _Commit(self._git, self._place, held, scratch).make(message, edits, files)

    def published(self, make: Callable[[], str | None], turn: Turn) -> str | None:
        """Run `make`, which commits or finds its commit, and give that commit's sha once it counts.

        Where others share the workspace, `make` may be run again, on top of what they have committed; `turn` is
        entered by one of them at a time.
        """
        return make()

    def share_stored(self) -> None:
        """See to it that whoever goes on with a session has what was stored."""

    def store(self, content: bytes) -> str:
        """Keeps bytes as a git object, as they are, and returns its id. git gc drops it when no commit has it."""
        return self._git.ask("hash-object", "-w", "--stdin", stdin=content).text

    def blob(self, oid: str) -> bytes | None:
        """The bytes of a git object that `store` has kept; None where it is gone."""
        output = self._git.run("cat-file", "blob", oid)
        return None if output.status else output.out

    def recent(self, n: int = 10) -> list[CommitLine]:
        """The newest n commits of HEAD, newest first."""
        records = self._log(n, "%H%x1f%cI%x1f%s", "HEAD")
        return [CommitLine(*record.split("\x1f", 2)) for record in records]

    def with_trailer(self, key: str, limit: int = 1000) -> list[tuple[CommitLine, str]]:
        """Those of HEAD's last `limit` commits that carry a trailer, with its value, newest first."""
        records = self._log(limit, "%H%x1f%cI%x1f%s%n%(trailers:only,unfold)", "HEAD")
        halves = [record.partition("\n") for record in records]
        found = [(line, _parsed_trailers(trailers).get(key, "")) for line, _, trailers in halves]
        return [(CommitLine(*line.split("\x1f", 2)), value) for line, value in found if value]

    def all_with_trailer(self, key: str) -> list[tuple[CommitLine, dict[str, str]]]:
        """Each commit of any branch, local or fetched, that carries a trailer, with all its trailers."""
        more = ("--branches", "--remotes", f"--grep=^{_checked_key(key)}: ")
        records = self._log(-1, "%H%x1f%cI%x1f%s%n%(trailers:only,unfold)", "HEAD", *more)
        halves = [record.partition("\n") for record in records]
        found = [(line, _parsed_trailers(trailers)) for line, _, trailers in halves]
        return [(CommitLine(*line.split("\x1f", 2)), trailers) for line, trailers in found if key in trailers]

    def files_that_say(self, text: str, folder: str) -> list[str]:
        """The workspace's files below a folder, in HEAD, that say a text word for word."""
        head, prefix = self._head(), self._place.prefix
        if not head:
            return []
        look = ("grep", "-l", "-z", "-F", "--full-name", "-e", text, head, "--", f"{prefix}{checked_path(folder)}")
        found = self._git.run(*look).out.decode("utf-8", "surrogateescape").split("\0")
        return [path.partition(":")[2].removeprefix(prefix) for path in found if path]

    def has_commits_of_desk(self) -> bool:
        """Whether any commit in HEAD's history is Desk's."""
        head = self._head()
        return bool(head and self._git.ask("log", "-1", "--format=%H", f"--grep=^{SUBJECT}", head, "--").text)

    def find_by_trailers(self, trailers: Mapping[str, str]) -> str | None:
        """The newest commit of HEAD's history that carries all of these trailers, or None."""
        wanted = {key: value for key, value in _flat(trailers).items() if value}
        if not wanted:
            return None
        said = [f"--grep={key}: {value}" for key, value in wanted.items()]  # git reads no trailers of the others
        for record in self._log(-1, "%H%n%(trailers:only,unfold)", "HEAD", "-F", "--all-match", *said):
            sha, _, lines = record.partition("\n")
            if wanted.items() <= _parsed_trailers(lines).items():
                return sha
        return None

    def trailers(self, commit: str) -> dict[str, str]:
        """A commit's trailers, as git reads them; of a name given twice, the first. Raises as `resolve`."""
        (lines,) = self._log(1, "%(trailers:only,unfold)%n", self.resolve(commit))
        return _parsed_trailers(lines)

    def resolve(self, rev: str) -> str:
        """The sha of the commit that a revision names. Raises UsageError when it names none, or several."""
        if not rev or rev.startswith("-") or not rev.isprintable():
            raise UsageError(f"{rev!r} does not name a commit. Next: give a sha from `git log --oneline`")
        output = self._git.run("rev-parse", "--verify", f"{rev}^{{commit}}")
        if output.status == 0:
            return output.text
        if "ambiguous" in output.err:
            raise UsageError(f"{rev!r} names several commits in {self._place.top}. Next: give more of its sha")
        raise UsageError(f"{rev!r} names no commit in {self._place.top}. Next: give a sha from `git log --oneline`")

    def read_file(self, commit: str, path: str) -> str:
        """A workspace file's text in a commit, as a checkout would write it.

        Raises UsageError where the commit has no such file.
        """
        sha = self.resolve(commit)
        content = _Tree(self._git, sha).read(self._place.prefix + str(checked_path(path)))
        if content is None:
            raise UsageError(
                f"{path} is not in commit {sha[:12]}. Next: `git show --stat {sha[:12]}` lists what is"
            )
        return content.decode("utf-8", "replace")

    def committed(self, path: str) -> bytes | None:
        """A workspace file's bytes in HEAD, as a checkout would write it; None when it has no such file."""
        head = self._head()
        return _Tree(self._git, head).read(self._place.prefix + str(checked_path(path))) if head else None

    def _log(self, n: int, record: str, tip: str, *more: str) -> list[str]:
        """The newest n commits from `tip`, each in the record's format, which must not be empty.

        None on a branch that has no commit yet.
        """
        log = ("-c", "log.showSignature=false", "log", "-z", f"--max-count={n}", "--encoding=UTF-8")
        output = self._git.run(*log, f"--format={record}", *more, tip, "--")
        if output.status and self._head():
            raise refusal(output.err, "log", self._git.directory)
        return [part for part in output.out.decode("utf-8", "replace").split("\0") if part]

    @cached_property
    def _git(self) -> _Git:
        return _Git(self._place.top)

    @cached_property
    def _place(self) -> _Place:
        redirecting = [name for name in _REDIRECTING if name in os.environ]
        if redirecting:
            raise UsageError(
                f"{', '.join(redirecting)} in the environment leads git elsewhere. Next: unset it, run again"
            )
        git = _Git(self._root)
        asked = ("--is-inside-work-tree", "--show-toplevel", "--absolute-git-dir", "--show-prefix")
        is_inside, *told = git.ask("rev-parse", *asked).text.split("\n")
        if is_inside != "true":
            raise _bare(self._root)
        if len(told) != 3:
            raise UsageError(f"{str(self._root)!r} has a line break in its path. Next: give another folder")
        top, git_dir, prefix = told
        return _Place(Path(top), Path(git_dir), prefix)

    def _head(self) -> str:
        """HEAD's sha; empty on a branch that has no commit yet."""
        return self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}").text

    @cached_property
    def _empty_tree(self) -> str:
        """What a branch that has no commit yet is compared with."""
        return self._git.ask("hash-object", "-t", "tree", "--stdin").text

    @contextmanager
    def _index_held(self) -> Iterator[_Held]:
        """Holds index.lock; on leaving, brings the index up to HEAD and lets go. Signals wait until then."""
        with HeldBack() as signals, _translated(self._place.git_dir):
            fd = self._take_lock(signals)
            try:
                try:
                    self._refuse_unfit_state()
                    head = self._head()
                    base = head or self._empty_tree
                    os.pwrite(fd, _MARKER + base.encode() + b"\n", 0)
                    yield _Held(fd, base, unborn=not head, signals=signals)
                finally:
                    self._settle(fd)
            finally:
                os.close(fd)

    @property
    def _lock_path(self) -> Path:
        return self._place.git_dir / "index.lock"

    def _take_lock(self, signals: HeldBack) -> int:
        begun = time.monotonic()
        while True:
            fd = self._new_lock()
            if fd is not None:
                return fd
            if self._settled_dead_lock():
                continue
            wait_s = self._desk_wait_s if _is_desks(self._lock_path) else self._lock_wait_s
            if time.monotonic() - begun >= wait_s:
                raise _held_by_another(self._lock_path)
            with signals.let_through():
                time.sleep(LOCK_POLL_S)

    def _new_lock(self) -> int | None:
        """The lock, with its marker from the first moment on: a killed Desk leaves no nameless one."""
        own = self._lock_path.with_name(f"{OWN_LOCK}{os.getpid()}-{threading.get_ident()}")
        try:
            own.unlink(missing_ok=True)
            fd = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _cannot_be_made(self._lock_path, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            os.pwrite(fd, _MARKER, 0)
            os.link(own, self._lock_path)
        except (FileExistsError, FileNotFoundError):  # there is one, or its owner has tidied ours away
            os.close(fd)
            return None
        except OSError as error:
            os.close(fd)
            raise _cannot_be_made(self._lock_path, error) from error
        finally:
            own.unlink(missing_ok=True)
        return fd

    def _settled_dead_lock(self) -> bool:
        """Whether the lock is gone or was a killed Desk's, and so can be tried for again at once."""
        try:
            fd = os.open(self._lock_path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        try:
            if not os.pread(fd, _MARKER_LIMIT_BYTES, 0).startswith(_MARKER):
                return False
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(fd, self._lock_path):
                self._remove_dead_locks(since=os.fstat(fd).st_mtime)
                self._settle(fd)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True

    def _remove_dead_locks(self, since: float) -> None:
        """Removes the locks of HEAD and its branch that a killed Desk's `git commit` left.

        Its git died with it, or the flock would still be held. A git of somebody else's may be at work on a
        branch without the index; it holds such a lock for an instant, so one that stays is nobody's.
        """
        names = ("HEAD.lock", f"{self._git.run('symbolic-ref', '--quiet', 'HEAD').text or 'HEAD'}.lock")
        for lock in [Path(self._place.top, self._git.ask("rev-parse", "--git-path", name).text) for name in names]:
            if (found := _inode(lock)) and lock.stat().st_mtime >= since:
                time.sleep(DEAD_LOCK_STAYS_S)
                if _inode(lock) == found:
                    lock.unlink(missing_ok=True)

    def _settle(self, fd: int) -> None:
        """Brings the index from the lock's commit up to HEAD, then removes the lock."""
        shutil.rmtree(self._place.git_dir / SCRATCH, ignore_errors=True)
        for left in self._place.git_dir.glob(f"{OWN_LOCK}*"):
            left.unlink(missing_ok=True)
        base = os.pread(fd, _MARKER_LIMIT_BYTES, 0).removeprefix(_MARKER).decode("ascii", "replace").strip()
        tip = self._head() or self._empty_tree if base else ""
        if base != tip:
            _advance_index(self._git, self._place.git_dir, base, tip)
        self._lock_path.unlink(missing_ok=True)

    def _refuse_unfit_state(self) -> None:
        top, git_dir = self._place.top, self._place.git_dir
        for name, operation in _IN_PROGRESS.items():
            if (git_dir / name).exists():
                raise UsageError(
                    f"a {operation} is in progress in {top}. Next: finish it, or `git {operation} --abort`"
                )
        if not self._is_on_branch():
            raise UsageError(f"HEAD is detached in {top}: a commit would be lost. Next: git switch BRANCH")
        self._refuse_without_identity()

    def _is_on_branch(self) -> bool:
        """By HEAD's own file; where that does not say it (another store of refs), git does."""
        head = self._place.git_dir / "HEAD"
        if head.read_bytes().startswith(_ON_BRANCH):
            return True
        return not self._git.run("symbolic-ref", "--quiet", "HEAD").status

    def _refuse_without_identity(self) -> None:
        if self._identified:
            return
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            if self._git.run("-c", "user.useConfigOnly=true", "var", who).status:
                raise UsageError(
                    f"git has no name and email for commits in {self._place.top}. "
                    'Next: git config --global user.name "NAME" and git config --global user.email "EMAIL"'
                )
        self._identified = True


def _cannot_be_made(lock: Path, error: OSError) -> DeskError:
    said = f"{lock} cannot be made: {error.strerror}"
    if error.errno in _NO_ROOM:
        return HistoryError(f"{said}. Next: make room on its disk, then run again")
    return UsageError(f"{said}. Next: make the .git folder belong to this user, on a disk that can be written")


@contextmanager
def _translated(directory: Path) -> Iterator[None]:
    """Inside, what the disk refuses is said in Desk's errors."""
    try:
        yield
    except OSError as error:
        where = error.filename or directory
        raise HistoryError(
            f"{where} cannot be written: {error.strerror}. Next: make room there, then `desk resume`"
        ) from error


def _inode(path: Path) -> int:
    """The file's inode; 0 when there is no such file."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def _is_desks(lock: Path) -> bool:
    try:
        return lock.read_bytes().startswith(_MARKER)
    except OSError:
        return False


def _held_by_another(lock: Path) -> HistoryError:
    try:
        age_s = time.time() - lock.stat().st_mtime
    except OSError:
        age_s = 0.0
    what = f"git's index is locked: {lock} exists, {_age(age_s)} old"
    remove = f"rm {shlex.quote(str(lock))}"
    if _is_desks(lock):
        return HistoryError(f"{what}. Another Desk is committing here. Next: wait for its hooks to end, run again")
    if age_s < STALE_AFTER_S:
        return HistoryError(
            f"{what}. Another git is likely at work. Next: let it end and run again; only if no git runs "
            f"in this repository, {remove}"
        )
    return HistoryError(
        f"{what}. A git that was killed most likely left it. Next: when no git runs in this repository, {remove}"
    )


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


@dataclass(frozen=True)
class _Held:
    """index.lock, held: its descriptor, what HEAD is (the empty tree on an unborn branch), and what waits."""

    fd: int
    base: str
    unborn: bool
    signals: HeldBack


class _Tree:
    """The files of one commit or tree, by their path from the top."""

    def __init__(self, git: _Git, treeish: str) -> None:
        self._git = git
        self._treeish = treeish
        self._entries: dict[str, _Blob | None] = {}

    def entry(self, path: str) -> _Blob | None:
        """A file's mode and object. Raises HistoryError where the path is a link, a folder or a submodule."""
        if path not in self._entries:
            self.look([path])
        return self._entries[path]

    def look(self, paths: Sequence[str]) -> None:
        """Look all of these up at once, for whoever asks for each of them. Raises as `entry`."""
        if paths:
            self._entries |= {**dict.fromkeys(paths), **self._listed(paths)}

    def _listed(self, paths: Sequence[str]) -> dict[str, _Blob]:
        listed = self._git.ask("ls-tree", "-z", "--full-tree", self._treeish, "--", *paths).text
        found = {}
        for line in filter(None, listed.split("\0")):
            what, _, path = line.partition("\t")
            mode, _, oid = what.split(" ")
            if mode not in _FILE_MODES:
                raise HistoryError(f"{path} is committed as something else than a file. Next: git mv it away")
            found[path] = _Blob(mode, oid)
        return found

    def read(self, path: str) -> bytes | None:
        """A file's bytes as a checkout would write them, None when there is no such file."""
        entry = self.entry(path)
        return self._git.ask("cat-file", "--filters", f"--path={path}", entry.oid).out if entry else None


class _Commit:
    """One commit, built in the scratch folder's index and made by `git commit`."""

    def __init__(self, git: _Git, place: _Place, held: _Held, scratch: Path) -> None:
        self._git = git
        self._place = place
        self._held = held
        self._tree = _Tree(git, held.base)
        self._scratch = scratch
        self._env = {"GIT_INDEX_FILE": str(scratch / "index")}

    def make(self, message: str, edits: Sequence[Edit], files: Mapping[str, Content | None]) -> str | None:
        self._tree.look(
            [self._place.prefix + str(checked_path(path)) for path in (*(e.path for e in edits), *files)]
        )
        whole = {self._place.prefix + str(checked_path(path)): each for path, each in files.items()}
        contents = {path: None if each is None else each.content for path, each in whole.items()}
        contents |= self._contents(edits)
        modes = {path: _EXECUTABLE if each.executable else _PLAIN for path, each in whole.items() if each}
        ours = self._changed(contents, modes)
        if not ours:
            return None
        self._git.ask("read-tree", self._held.base, env=self._env)
        self._git.ask("update-index", "-z", "--index-info", stdin=_index_info(ours), env=self._env)
        clean = {path for path in ours if self._is_in_work_tree(path, contents[path])}
        self._run_commit(message)
        sha = self._git.ask("rev-parse", "--verify", "HEAD^{commit}").text
        self._refuse_swept(sha, ours, clean)
        return sha

    def _contents(self, edits: Sequence[Edit]) -> dict[str, bytes]:
        """The edits made to HEAD, by their path from the top."""
        prefix = self._place.prefix
        after = applied(edits, lambda path: self._tree.read(prefix + str(checked_path(path))))
        return {prefix + str(checked_path(path)): content for path, content in after.items()}

    def _changed(self, contents: Mapping[str, bytes | None], modes: Mapping[str, str]) -> dict[str, _Blob]:
        """What differs from HEAD. A file has the mode that is given, else that of HEAD's."""
        changed: dict[str, _Blob] = {}
        stored = self._stored({path: content for path, content in contents.items() if content is not None})
        for path, content in contents.items():
            before = self._tree.entry(path)
            if content is None:
                changed |= {path: _Blob(_GONE, "0" * len(before.oid))} if before else {}
                continue
            mode = modes.get(path) or (before.mode if before else _PLAIN)
            blob = _Blob(mode, stored.get(path) or self._hashed(path, content, before))
            if blob != before:
                changed[path] = blob
        return changed

    def _stored(self, contents: Mapping[str, bytes]) -> dict[str, str]:
        """Stores at once what git stores as it is; the objects by their paths."""
        plain = self._unconverted(list(contents)) if len(contents) > 1 else []
        files = [self._scratch / f"blob-{number}" for number in range(len(plain))]
        for file, path in zip(files, plain, strict=True):
            file.write_bytes(contents[path])
        names = "".join(f"{file}\n" for file in files).encode()
        oids = self._git.ask("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names) if plain else None
        return dict(zip(plain, oids.text.split("\n"), strict=True)) if oids else {}

    def _unconverted(self, paths: Sequence[str]) -> list[str]:
        """The paths whose files neither an attribute nor a setting has git convert."""
        if self._git.converts_all:
            return []
        asked = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        told = self._git.ask("check-attr", "-z", "--stdin", *_CONVERTING, stdin=asked).text.split("\0")
        values = zip(told[::3], told[2::3], strict=False)
        converted = {path for path, value in values if value != "unspecified"}
        return [path for path in paths if path not in converted]

    def _hashed(self, path: str, content: bytes, before: _Blob | None) -> str:
        """Stores the content as `git add` would and returns its object.

        The repository's filters apply (--path), for edits are made to the checked-out form and a filter
        may encrypt. core.autocrlf does not where HEAD's file has CRLF line ends (gitattributes(5), "safe
        CRLF"): it would rewrite every line of others' text.
        """
        safe = ["-c", "core.safecrlf=false"]
        if before and b"\r\n" in content and b"\r\n" in self._git.ask("cat-file", "blob", before.oid).out:
            safe += ["-c", "core.autocrlf=false"]
        return self._git.ask(*safe, "hash-object", "-w", "--stdin", f"--path={path}", stdin=content).text

    def _is_in_work_tree(self, path: str, content: bytes | None) -> bool:
        try:
            return (self._place.top / path).read_bytes() == content
        except OSError:
            return content is None

    def _run_commit(self, message: str) -> None:
        """Runs `git commit`; where a signal that Desk outlives has ended git or its hook, once more."""
        output = self._git_commit(message)
        if output.status and self._held.signals.came:
            output = self._git_commit(message)
        if output.status and not self._moved():
            hooks = self._hooks()
            raise HistoryError(
                f"git commit was refused in {self._place.top} "
                f"({'hooks there: ' + ', '.join(hooks) if hooks else 'no hook there'}). It said:\n"
                f"{_capped(output.err + output.text) or 'nothing'}\n"
                "Nothing was committed, the index is as it was, the files keep their changes. "
                "Next: mend what it names, then run `desk resume`"
            )

    def _git_commit(self, message: str) -> GitOutput:
        """It keeps the lock's flock for as long as it lives, even without Desk. Its hooks may take long."""
        with self._held.signals.let_through():
            return self._git.run(
                "commit",
                "--quiet",
                "--cleanup=whitespace",
                "--file=-",
                stdin=message.encode("utf-8", "replace"),
                env={**self._env, "GIT_EDITOR": ":"},
                pass_fds=(self._held.fd,),
            )

    def _moved(self) -> bool:
        """Whether HEAD has the commit, whatever became of the git that made it."""
        tip = self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}").text
        return tip not in ("", self._held.base)

    def _hooks(self) -> list[str]:
        folder = self._place.top / self._git.ask("rev-parse", "--git-path", "hooks").text
        return [name for name in _COMMIT_HOOKS if os.access(folder / name, os.X_OK)]

    def _refuse_swept(self, sha: str, ours: Mapping[str, _Blob], clean: set[str]) -> None:
        """Takes the commit back when a hook put someone else's content into it.

        A hook may rewrite Desk's own files, unless the work tree's copy held more than Desk's edits.
        """
        changed = self._git.changes(self._held.base, sha)
        swept = [path for path, blob in changed.items() if path not in clean and blob != ours.get(path)]
        if not swept:
            return
        undo = ("-d", "HEAD", sha) if self._held.unborn else ("HEAD", self._held.base, sha)
        self._git.ask("update-ref", "-m", "desk: take back a commit with others' changes", *undo)
        raise HistoryError(
            f"a hook in {self._place.top} added to Desk's commit what is not Desk's: "
            f"{', '.join(sorted(swept))}. The commit was taken back. "
            "Next: let the hook add only what is staged, or commit those changes yourself, then `desk resume`"
        )


def _index_info(blobs: Mapping[str, _Blob]) -> bytes:
    """The stdin of `git update-index -z --index-info`."""
    lines = (f"{blob.mode} {blob.oid}\t{path}\0" for path, blob in blobs.items())
    return "".join(lines).encode("utf-8", "surrogateescape")


def _raw_diff(output: GitOutput) -> dict[str, _Blob]:
    fields = output.text.split("\0")
    found: dict[str, _Blob] = {}
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, oid, _ = meta.split(" ")
        found[path] = _Blob(mode, oid)
    return found


@contextmanager
def _scratch(git_dir: Path) -> Iterator[Path]:
    """A folder for index files, for whoever holds index.lock; what a killed Desk left in it goes."""
    folder = git_dir / SCRATCH
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _advance_index(git: _Git, git_dir: Path, base: str, tip: str) -> None:
    """Moves the index on from one commit to the next, except where someone had staged a change.

    The caller holds index.lock, so the index is written beside it and renamed, as git does.
    """
    index, beside = git_dir / "index", git_dir / "index.desk"
    diff = ("diff-index", "--cached", "-z", "--raw", "--no-renames", "--no-abbrev", base, "--")
    with _scratch(git_dir) as scratch:
        copy = scratch / "index"
        if index.exists():
            shutil.copy(index, copy)
        env = {"GIT_INDEX_FILE": str(copy)}
        staged = _raw_diff(git.ask(*diff, env=env))
        moved = {path: blob for path, blob in git.changes(base, tip).items() if path not in staged}
        if not moved:
            return
        git.ask("update-index", "-z", "--index-info", stdin=_index_info(moved), env=env)
        git.run("update-index", "-q", "--refresh", env=env)
        shutil.copy(copy, beside)
    beside.replace(index)


def init_repository(directory: Path) -> list[str]:
    """Makes a workspace of the folder and says what it did, one line a step; does nothing twice.

    The folder becomes a git repository of its own, unless a repository around it tracks files in it.
    What is there stays as it is. Raises UsageError where the folder or git cannot be used.
    """
    done = _made_directory(directory)
    git = _Git(directory.resolve())
    done += _made_repository(git)
    done += _made_identity(git)
    return done + _made_files(directory)


def _made_directory(directory: Path) -> list[str]:
    if directory.is_dir():
        return []
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{directory} cannot be made: {error.strerror}. Next: give another folder") from error
    return [f"made the folder {directory}"]


def _made_repository(git: _Git) -> list[str]:
    inside = git.run("rev-parse", "--show-toplevel")
    if inside.status and "not a git repository" not in inside.err:
        raise refusal(inside.err, "init", git.directory)
    top = Path(inside.text) if not inside.status else None
    if top == git.directory:
        return []
    if top and git.ask("ls-files", "-z", "--", ".").out:
        return [f"uses the git repository {top}, which tracks this folder"]
    git.ask("init", "--quiet")
    git.ask("symbolic-ref", "HEAD", "refs/heads/main")
    return [f"made a git repository in {git.directory}, on branch main"]


def _made_identity(git: _Git) -> list[str]:
    done = []
    for key, value in (("user.name", "Desk"), ("user.email", "desk@localhost")):
        if git.run("config", "--get", key).status:
            git.ask("config", "--local", key, value)
            done.append(f"set {key} to {value} for this repository: git had none")
    return done


def _made_files(directory: Path) -> list[str]:
    workspace, history = Workspace(directory), History(directory)
    with workspace.lock():
        new = [path for path, text in MADE_BY_INIT.items() if workspace.read(path) in (None, text)]
        edits = [Edit(path, _if_missing(MADE_BY_INIT[path])) for path in new]
        missing = [path for path in new if workspace.read(path) is None]
        workspace.write(edits)
        message = commit_message("make the workspace", datetime.now(UTC), {})
        sha = history.commit(message, edits)
    written = [f"wrote {path}" for path in missing]
    return written + ([f"committed them as {sha[:12]}"] if sha else [])


def _if_missing(text: bytes) -> Callable[[bytes | None], bytes]:
    return lambda previous: text if previous is None else previous
