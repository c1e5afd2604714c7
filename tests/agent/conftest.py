"""A workspace of its own for each test, and the real program as a process."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from agent.cli import main
from agent.sandbox import Sandbox
from agent.workspace.history import init_repository
from tests import forked
from tests.agent.session_bench import Bench

RunDesk = Callable[..., "subprocess.CompletedProcess[str]"]
InProcess = Callable[..., "subprocess.CompletedProcess[str]"]

_HOSTILE = ("DESK_", "KUBE", "GIT_", "ANTHROPIC_")


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a git identity and nothing else; no setting of this machine reaches the test."""
    folder = tmp_path / "home"
    _have_a_home(monkeypatch, folder)
    return folder


def _have_a_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in [name for name in os.environ if name.startswith(_HOSTILE)]:
        monkeypatch.delenv(name)
    folder.mkdir()
    (folder / "gitconfig").write_text("[user]\n\tname = Kim\n\temail = kim@example.com\n")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@cache
def made_once() -> Path:
    """What `desk init` has made in this process, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="desk-workspace-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with pytest.MonkeyPatch.context() as own:
        _have_a_home(own, folder / "home")
        init_repository(folder / "workspace")
    return folder / "workspace"


@pytest.fixture
def workspace(own_home: Path, tmp_path: Path) -> Path:
    """What `desk init` makes."""
    return shutil.copytree(made_once(), tmp_path / "workspace", symlinks=True)


@pytest.fixture
def run_desk(own_home: Path) -> RunDesk:
    """The program, run to its end; `env` adds variables, `cwd` is where it stands."""

    def run(
        *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return forked.run(arguments, cwd=cwd, env={**os.environ, **(env or {})})

    return run


@pytest.fixture
def in_process(own_home: Path, capsys: pytest.CaptureFixture[str]) -> InProcess:
    """The program without a process of its own, for what does not depend on one."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        printed = capsys.readouterr()
        return subprocess.CompletedProcess([], int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def bench(workspace: Path) -> Iterator[Bench]:
    """A workspace and a sandbox of its own: what the test changes there is nobody else's."""
    with Sandbox() as sandbox:
        yield Bench(workspace, sandbox)
