"""Files below a folder: written whole, and through no link, whatever their path says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.changes.driver import Stale
from tools.changes.folder import Folder, check_path
from tools.errors import ToolFailed

TOKEN = "0123456789abcdef0123"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder.resolve()


def test_a_file_is_written_in_folders_that_are_made(root: Path) -> None:
    written = Folder(root).write("a/b/run.sh", b"#!/bin/sh\r\n\xff", 0o755, "", TOKEN)
    assert (root / "a/b/run.sh").read_bytes() == b"#!/bin/sh\r\n\xff"
    assert os.access(root / "a/b/run.sh", os.X_OK)
    assert written == Folder(root).read("a/b/run.sh")
    assert sorted(path.name for path in (root / "a/b").iterdir()) == ["run.sh"]


def test_a_file_that_is_replaced_keeps_its_permissions(root: Path) -> None:
    folder, file = Folder(root), root / "a.txt"
    file.write_text("before")
    file.chmod(0o640)
    there = folder.read("a.txt")
    assert there is not None
    folder.write("a.txt", b"after", 0o644, there.version, TOKEN)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("after", 0o640)
    there = folder.read("a.txt")
    assert there is not None
    folder.write("a.txt", b"after", 0o755, there.version, TOKEN)
    assert file.stat().st_mode & 0o777 == 0o750


def test_what_is_not_as_it_was_planned_on_is_left(root: Path) -> None:
    folder = Folder(root)
    (root / "a.txt").write_text("somebody else's")
    with pytest.raises(Stale):
        folder.write("a.txt", b"mine", 0o644, "", TOKEN)
    with pytest.raises(Stale):
        folder.remove("a.txt", "0644 0")
    with pytest.raises(Stale):
        folder.remove("gone/b.txt", "0644 0")
    assert {path.name: path.read_text() for path in root.iterdir()} == {"a.txt": "somebody else's"}


def test_the_folders_that_a_removal_leaves_empty_go(root: Path) -> None:
    folder = Folder(root)
    written = folder.write("a/b/c.txt", b"c", 0o644, "", TOKEN)
    (root / "a/other.txt").write_text("stays")
    folder.remove("a/b/c.txt", written.version)
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == ["a", "a/other.txt"]


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/c.txt"])
@pytest.mark.parametrize("existing", [True, False])
def test_no_link_is_followed(root: Path, link: str, existing: bool) -> None:
    outside = root.parent / "outside"
    (outside / "b").mkdir()
    for file in (outside / "c.txt", outside / "b/c.txt"):
        if existing:
            file.write_text("theirs")
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(outside / "c.txt" if link.endswith(".txt") else outside)
    before = sorted(outside.rglob("*"))
    with pytest.raises(ToolFailed, match="symbolic link"):
        Folder(root).write("a/b/c.txt", b"mine", 0o644, "", TOKEN)
    with pytest.raises(ToolFailed, match="symbolic link"):
        Folder(root).read("a/b/c.txt")
    assert sorted(outside.rglob("*")) == before
    assert all(file.read_text() == "theirs" for file in before if file.is_file())


def test_a_link_in_place_of_the_folder_itself_is_not_followed(root: Path) -> None:
    root.rmdir()
    root.symlink_to(root.parent / "outside")
    with pytest.raises(ToolFailed, match="symbolic link"):
        Folder(root).write("a.txt", b"mine", 0o644, "", TOKEN)
    assert list((root.parent / "outside").iterdir()) == []


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../a", "a/../../b", "a//b", "a/", "./a", "a/./b", "a\n", "a\0b", "a/\u202eb", "a\u2028",
     ".git/hooks/pre-commit", "a/.GIT/config", ".git ", "GIT~1/config", ".g\u200bit/config", "a\ud800"],
)  # fmt: skip
def test_a_path_that_is_none_of_the_folder_is_refused(path: str) -> None:
    with pytest.raises(ToolFailed):
        check_path(path)


@pytest.mark.parametrize(
    "path", ["a", "a b/Ünï.md", ".gitignore", ".github/workflows/ci.yaml", "a'\"$(x)\\.txt", "..a"]
)
def test_a_plain_path_is_none_to_refuse(root: Path, path: str) -> None:
    Folder(root).write(path, b"x", 0o644, "", TOKEN)
    assert (root / path).read_bytes() == b"x"


def test_what_is_no_plain_file_is_not_replaced(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    for path in ("pipe", "folder"):
        with pytest.raises(ToolFailed, match="no plain file"):
            Folder(root).read(path)
    (root / "file").write_text("")
    with pytest.raises(ToolFailed, match="Not a directory"):
        Folder(root).write("file/below", b"", 0o644, "", TOKEN)


def test_a_folder_that_cannot_be_made_is_told() -> None:
    with pytest.raises(ToolFailed, match="No such file or directory"):
        Folder(Path("/proc/nobody-makes-this")).write("a.txt", b"", 0o644, "", TOKEN)


def test_what_a_killed_process_left_is_taken_over(root: Path) -> None:
    (root / f".desk-{TOKEN[:16]}.tmp").write_text("half")
    Folder(root).write("a.txt", b"whole", 0o644, "", TOKEN)
    assert {path.name: path.read_text() for path in root.iterdir()} == {"a.txt": "whole"}
