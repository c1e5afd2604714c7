"""What of a folder is sent to be built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.cloud.azure import builds
from tools.errors import ArgumentsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "web"
    made.mkdir()
    (made / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return made


def test_the_same_files_give_the_same_bytes_whatever_their_times_and_history(folder: Path) -> None:
    before = builds.packed(folder, "Dockerfile")
    os.utime(folder / "Dockerfile", (1, 1))
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert builds.packed(folder, "Dockerfile") == before
    (folder / "Dockerfile").write_text("FROM busybox\n")
    assert builds.packed(folder, "Dockerfile") != before


@pytest.mark.parametrize(
    ("inside", "dockerfile", "said"),
    [
        ("none", "Dockerfile", "There is no folder"),
        ("", "Containerfile", "There is no file Containerfile"),
        ("", "../Dockerfile", "is to be in the folder"),
        ("", "/etc/hostname", "is to be in the folder"),
    ],
)
def test_what_cannot_be_built_is_told(folder: Path, inside: str, dockerfile: str, said: str) -> None:
    with pytest.raises(ArgumentsError, match=said):
        builds.packed(folder / inside, dockerfile)


def test_a_folder_that_is_too_large_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "LARGEST_BYTES", 10_000)
    (folder / "data").write_bytes(os.urandom(1_000_000))
    with pytest.raises(ArgumentsError, match="dockerignore"):
        builds.packed(folder, "Dockerfile")
