"""What a shell completes: in bash, zsh and fish as they are, in what Desk answers them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.cli.completing import glued, in_a_line
from agent.sandbox import Sandbox
from tests.agent.conftest import InProcess, RunDesk
from tests.agent.terminal import Terminal

Asked = Callable[..., list[str]]
TOP = Path(__file__).parents[3]
CONTEXTS = ("arn:aws:eks:eu-1:7:cluster/shop", "arn:aws:eks:eu-1:7:cluster/bank")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A kubeconfig of a cluster whose namespaces are full of workloads."""
    with Sandbox() as sandbox:
        document: dict[str, Any] = sandbox.kubeconfig()
        (context,) = document["contexts"]
        document["contexts"] += [{**context, "name": name} for name in CONTEXTS]
        file = tmp_path_factory.mktemp("cluster") / "kubeconfig"
        file.write_text(json.dumps(document))
        yield file


@pytest.fixture
def asked(run_desk: RunDesk) -> Asked:
    """What Desk answers bash for the last of some words."""

    def ask(*words: str, cwd: Path | None = None, shell: str = "bash", **env: str) -> list[str]:
        typed = {"COMP_WORDS": "\n".join(("desk", *words)), "COMP_CWORD": str(len(words))}
        waits = {"DESK_COMPLETION_TIMEOUT_S": "60"}
        done = run_desk(cwd=cwd, env={"_DESK_COMPLETE": f"{shell}_complete", **typed, **waits, **env})
        assert done.stderr == ""
        return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]

    return ask


def test_commands_options_and_choices(asked: Asked) -> None:
    assert sorted(asked("deb")) == ["debug-pipeline", "debug-pod"]
    assert asked("approvals", "re") == ["reject"]
    assert asked("run", "--read") == ["--read-only"]
    assert asked("run", "-o", "json") == ["json", "jsonl"]
    assert asked("debug-pod", "--explain", "OOM") == ["OOMKilled"]
    assert asked("call", "set_res") == ["set_resources"]
    assert asked("completion", "") == ["bash", "zsh", "fish"]


def test_sessions_approvals_and_commits_of_the_workspace(
    asked: Asked, in_process: InProcess, workspace: Path
) -> None:
    def ran(task: str) -> str:
        done = in_process("run", task, "--sandbox", "--workspace", workspace, "-o", "json")
        session: str = json.loads(done.stdout)["session"]
        return session

    here = ("--workspace", workspace)
    mended = ran("set the memory limit of checkout in shop-dev to 128Mi")
    waits = ran("restart checkout in shop-staging")
    assert asked("show", "", cwd=workspace) == [waits, mended]
    assert asked("resume", "", cwd=workspace) == asked("cancel", "", cwd=workspace) == [waits]
    assert asked("resume", "--workspace", str(workspace), waits[:-2]) == [waits]
    assert asked("resume", "--workspace", str(workspace), mended) == []
    told = asked("show", "", cwd=workspace, shell="zsh")
    assert told[:3] == ["plain", waits, "waiting: restart checkout in shop-staging"]
    (row,) = json.loads(in_process("approvals", "list", "-o", "json", *here).stdout)["approvals"]
    assert asked("approvals", "approve", "", cwd=workspace) == [row["id"]]
    document = json.loads(in_process("show", mended, "-o", "json", *here).stdout)
    assert asked("rollback", "", cwd=workspace) == [document["subtasks"][0]["commit"][:10]]
    assert asked("show", "", cwd=workspace.parent) == []


def test_what_a_task_says_cannot_end_its_line() -> None:
    told = in_a_line("why does\nplain,evil\x1b[2J crash in shop-dev?\r\n" + "x" * 200)
    assert told.startswith("why does plain,evil")
    assert (len(told), told[-3:]) == (60, "...")
    assert told.isprintable()


def test_names_of_the_cluster(asked: Asked, cluster: Path) -> None:
    at = {"KUBECONFIG": str(cluster)}
    assert asked("debug-pod", "shop-d", **at) == ["shop-dev"]
    assert asked("run", "why", "-n", "shop-s", **at) == ["shop-staging"]
    assert "checkout" in asked("debug-pod", "shop-dev", "check", **at)
    assert "deployment/checkout" in asked("debug-pod", "shop-dev", "deployment/", **at)
    assert "deploy/checkout" in asked("debug-pod", "-n", "shop-dev", "deploy/ch", **at)
    assert "deployment/checkout" in asked("debug-pod", "-n", "shop-dev", "dep", **at)
    assert asked("debug-pod", "shop-dev", "deployment", "checkou", **at) == ["checkout"]
    assert asked("debug-pod", "shop-dev", "checkout", "", **at) == []
    assert asked("debug-pod", "shop-dev", "nonsense/", **at) == []
    assert asked("run", "--kubeconfig", str(cluster), "--context", "arn:aws") == [
        context.removeprefix("arn:") for context in CONTEXTS
    ]


def test_a_cluster_that_does_not_answer_completes_nothing_and_says_nothing(asked: Asked, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        document = {
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c"}}],
            "current-context": "c",
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(document))
        assert asked("debug-pod", "", KUBECONFIG=str(tmp_path / "kubeconfig"), DESK_COMPLETION_TIMEOUT_S="1") == []
    assert asked("debug-pod", "", KUBECONFIG=str(tmp_path / "kubeconfig")) == []  # it refuses the connection now
    assert asked("debug-pod", "", KUBECONFIG=str(tmp_path / "none")) == []
    (tmp_path / "kubeconfig").write_text("{{")
    assert asked("run", "--context", "", KUBECONFIG=str(tmp_path / "kubeconfig")) == []


def test_what_bash_takes_apart_at_colons_is_whole_again() -> None:
    assert glued(["run", "--context", "arn", ":", "aws", ":", "eks"]) == ["run", "--context", "arn:aws:eks"]
    assert glued(["run", "arn", ":"]) == ["run", "arn:"]
    assert glued([""]) == [""]


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    """`desk` as a command."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "desk").write_text(f'#!/bin/sh\nPYTHONPATH={TOP} exec {sys.executable} -m agent "$@"\n')
    (folder / "desk").chmod(0o755)
    monkeypatch.setenv("DESK_COMPLETION_TIMEOUT_S", "60")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_in_a_real_bash(on_path: None, cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster))
    with Terminal("bash", "--norc", "--noprofile", "-i", env={"PS1": "ready> "}) as bash:
        bash.wait_for("ready> ")
        bash.press("source <(desk completion bash); echo it is $((40 + 2))\n")
        bash.wait_for("it is 42")
        bash.press("desk debug-po\tshop-d\tchecko\t")
        bash.wait_for("debug-pod shop-dev checkout")
        bash.press("\x15desk run --context arn:aws:eks:eu-1:7:cluster/b\t")
        bash.wait_for("cluster/bank")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh here")
def test_in_a_real_zsh(on_path: None, cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster))
    with Terminal("zsh", "-f", "-i", env={"PS1": "ready> "}) as zsh:
        zsh.wait_for("ready> ")
        zsh.press("autoload -Uz compinit; compinit -u -D; source <(desk completion zsh); echo it is $((40 + 2))\n")
        zsh.wait_for("it is 42")
        zsh.press("desk debug-po\tshop-d\tchecko\t")
        zsh.wait_for("checkout")


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish here")
def test_in_a_real_fish(on_path: None, cluster: Path) -> None:
    script = 'desk completion fish | source; complete -C "desk debug-pod shop-dev checko"'
    environment = {**os.environ, "KUBECONFIG": str(cluster)}
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert "checkout\tDeployment" in done.stdout
