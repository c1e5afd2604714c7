"""Files below one folder: read, written and removed in place, and no link is followed on the way.

Each part of the path is opened from the one before it (openat(2), O_NOFOLLOW), from `/` on: a link that somebody
puts there in between leads nowhere.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.changes.driver import Stale
from tools.errors import ToolFailed

LIMIT_BYTES = 2_000_000
"""Of one file."""

_WALK = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there: its bytes and its permission bits."""

    content: bytes
    mode: int

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def version(self) -> str:
        """Changes exactly when somebody changes bytes or permissions."""
        return f"{self.mode:04o} {self.sha256}"


def check_path(path: str) -> None:
    """Raises `ToolFailed` for a path that is not plainly one below a folder, or leads into git's own files."""
    parts = path.split("/")
    odd = any(unicodedata.category(char) in _UNPRINTED for char in path)
    if odd or any(part in ("", ".", "..") for part in parts):
        raise ToolFailed(f"{path!r} is no path of a file below a folder: no '..', '//', line ends; not absolute.")
    if any(is_git(part) for part in parts):
        raise ToolFailed(f"{path!r} leads into git's own files, which are not written.")


def is_git(part: str) -> bool:
    """Whether a file system may take this part of a path for `.git`. Source: git's verify_path()."""
    return part.casefold().rstrip(". ") in (".git", "git~1")


class Folder:
    """The folder `root`: an absolute path without links in it (`Path.resolve`). It need not be there yet.

    Paths are below it, with slashes. Every method raises `ToolFailed` where the disk, or a link, is in the way.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> Found | None:
        """The file; None where there is none."""
        with self._told(path), suppress(FileNotFoundError), self._parent(path) as parent:
            return self._read(parent, path)
        return None

    def check_writable(self, path: str) -> None:
        """Raises `ToolFailed` when the file could not be written now."""
        check_path(path)
        parts = (*self.root.parts[1:], *path.split("/")[:-1])
        with self._told(path):
            for deep in range(len(parts), -1, -1):  # the deepest folder that is there
                with suppress(FileNotFoundError), _walked(parts[:deep]) as there:
                    if not os.access(".", os.W_OK | os.X_OK, dir_fd=there):
                        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                    return

    def write(self, path: str, content: bytes, mode: int, was: str, token: str, *, exact: bool = False) -> Found:
        """Put the file there at once and durably; gives it as it is then. Missing folders are made.

        `was` is the version that it must have now, empty for none; else raises `Stale`. What was there keeps its
        permission bits but for the executable one, unless `exact`; a new file gets `mode` less the umask. `token`
        names the temporary file: what a killed process left is taken over.
        """
        with self._told(path), self._parent(path, make=True) as parent:
            there, name, beside = self._read(parent, path), _name(path), f".desk-{token[:16]}.tmp"
            if (there.version if there else "") != was:
                raise Stale
            try:
                _write_beside(parent, beside, content, mode, None if there is None or exact else there.mode, exact)
                if there is None:
                    _place_new(parent, beside, name)
                else:
                    os.rename(beside, name, src_dir_fd=parent, dst_dir_fd=parent)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(beside, dir_fd=parent)
            _sync(parent)
            written = self._read(parent, path)
        if written is None:
            raise Stale
        return written

    def remove(self, path: str, was: str) -> None:
        """Remove the file, and the folders below this one that are empty then, as git does.

        Raises `Stale` when it is not of version `was`.
        """
        with self._told(path):
            try:
                self._remove(path, was)
            except FileNotFoundError as error:
                raise Stale from error
        parts = path.split("/")[:-1]
        while parts:
            try:
                with self._parent("/".join(parts)) as parent:
                    os.rmdir(parts[-1], dir_fd=parent)
            except OSError:  # it is not empty, or somebody uses it
                return
            parts = parts[:-1]

    def _remove(self, path: str, was: str) -> None:
        with self._parent(path) as parent:
            there = self._read(parent, path)
            if there is None or there.version != was:
                raise Stale
            os.unlink(_name(path), dir_fd=parent)
            _sync(parent)

    def _read(self, parent: int, path: str) -> Found | None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(_name(path), flags, dir_fd=parent)
        except FileNotFoundError:
            return None
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise ToolFailed(f"{self.root / path} is there, and is no plain file: it is not replaced.")
            if found.st_size > LIMIT_BYTES:
                raise ToolFailed(f"{self.root / path} has {found.st_size} bytes, more than {LIMIT_BYTES}.")
            with os.fdopen(fd, "rb", closefd=False) as stream:
                return Found(stream.read(), stat.S_IMODE(found.st_mode))
        finally:
            os.close(fd)

    @contextmanager
    def _parent(self, path: str, *, make: bool = False) -> Iterator[int]:
        check_path(path)
        with _walked((*self.root.parts[1:], *path.split("/")[:-1]), make=make) as parent:
            yield parent

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """Inside, what the disk refuses is told in Desk's words."""
        try:
            yield
        except OSError as error:
            file = self.root / path
            if link := next((each for each in (*reversed(file.parents), file) if each.is_symlink()), None):
                raise ToolFailed(
                    f"{link} is a symbolic link, and none is followed: nothing was written at {file}. "
                    "Put a real file or folder there, or name the folder that it leads to."
                ) from error
            raise ToolFailed(
                f"{file} cannot be read or written: {error.strerror}. Check its folder's permissions and the "
                "disk's free space; then call it again."
            ) from error


def _name(path: str) -> str:
    return path.rpartition("/")[2]


@contextmanager
def _walked(parts: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
    here = os.open("/", _WALK)
    try:
        for part in parts:
            if make:
                _make(here, part)
            here = _closed(here, os.open(part, _WALK, dir_fd=here))
        yield here
    finally:
        os.close(here)


def _closed(before: int, now: int) -> int:
    os.close(before)
    return now


def _make(parent: int, name: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=parent)
        _sync(parent)


def _write_beside(parent: int, name: str, content: bytes, mode: int, kept: int | None, exact: bool) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=parent)
    with os.fdopen(fd, "wb") as stream:
        if exact:
            os.fchmod(fd, mode)
        elif kept is not None:
            os.fchmod(fd, _with_executable(kept, executable=bool(mode & 0o100)))
        stream.write(content)
        stream.flush()
        os.fsync(fd)


def _with_executable(mode: int, *, executable: bool) -> int:
    """Permission bits with the executable bit where they can be read, or with none."""
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


def _place_new(parent: int, beside: str, name: str) -> None:
    """Give the file its name unless somebody else has taken that meanwhile; raises `Stale` then."""
    try:
        os.link(beside, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
    except FileExistsError as error:
        raise Stale from error
    except OSError:  # a file system without links
        os.rename(beside, name, src_dir_fd=parent, dst_dir_fd=parent)


def _sync(parent: int) -> None:
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
