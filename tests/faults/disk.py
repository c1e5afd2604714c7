"""A disk of its own, small enough to be filled."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE_BYTES = 4096


@dataclass(frozen=True)
class Disk:
    """A tmpfs, mounted at `path`."""

    path: Path

    @property
    def ballast(self) -> Path:
        return self.path / "ballast"

    def fill(self, free_pages: int = 0) -> None:
        """Leave so many pages of 4 KiB."""
        with self.ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE_BYTES))
            except OSError as error:
                assert error.errno == errno.ENOSPC
            file.truncate(max(0, file.seek(0, os.SEEK_END) // PAGE_BYTES - free_pages) * PAGE_BYTES)

    def make_room(self) -> None:
        """Take away what fills it."""
        self.ballast.unlink(missing_ok=True)

    def be_read_only(self, *, so: bool = True) -> None:
        """Let nobody write, or let them again."""
        subprocess.run(["mount", "-o", f"remount,{'ro' if so else 'rw'}", str(self.path)], check=True)


@contextmanager
def mounted(path: Path, size_kib: int = 1024) -> Iterator[Disk]:
    """Put a small disk under a folder, with what the folder holds; needs root."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    path.mkdir(exist_ok=True)
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        shutil.copytree(aside, path, dirs_exist_ok=True, symlinks=True)
        shutil.rmtree(aside)
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
