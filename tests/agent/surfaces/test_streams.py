"""Standard input and output as programs and old terminals have them; and what `doctor` tells of a namespace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import own_home, workspace
from tests.faults.conftest import scene
from tests.faults.scene import Scene, assert_said

__all__ = ["own_home", "scene", "workspace"]

TOP = Path(__file__).parents[3]
TASK = "list pods in shop-dev — bitte"


def desk(
    scene: Scene, *arguments: str, stdin: bytes = b"", stdout: int = subprocess.PIPE, **env: str
) -> subprocess.CompletedProcess[bytes]:
    everything = {**os.environ, "PYTHONPATH": str(TOP), "KUBECONFIG": str(scene.kubeconfig), **env}
    command = [sys.executable, "-m", "agent", *arguments]
    return subprocess.run(
        command, cwd=scene.root, env=everything, input=stdin, stdout=stdout, stderr=subprocess.PIPE, check=False
    )


@pytest.fixture
def nobody_reads() -> Iterator[int]:
    """The writing end of a pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_a_task_from_standard_input(scene: Scene) -> None:
    done = desk(scene, "run", "-", "-o", "json", stdin="list pods in shop-dev\n".encode("utf-8-sig"))
    assert (done.returncode, json.loads(done.stdout)["task"]) == (0, "list pods in shop-dev")
    for wrong, word in (
        (b"\xff", b"not UTF-8"),
        (b" \n", b"task is empty"),
        (b"x" * 2_000_000, b"longer than 1 MiB"),
    ):
        done = desk(scene, "run", "-", stdin=wrong)
        assert (done.returncode, word in done.stderr) == (2, True), done.stderr
    assert len([entry for entry in scene.entries() if entry.type == "session_started"]) == 1


def test_a_reader_that_is_gone_is_no_error(scene: Scene, nobody_reads: int) -> None:
    for output in ("text", "json", "jsonl"):
        done = desk(scene, "call", "list", "--json", '{"kind": "nodes"}', "-o", output, stdout=nobody_reads)
        assert (done.returncode, done.stderr) == (0, b""), output
    assert [entry.body["outcome"] for entry in scene.entries() if entry.type == "session_closed"] == ["done"] * 3
    for command in (("sessions",), ("journal", "export"), ("tools", "-o", "json"), ("show", "nope", "-o", "json")):
        done = desk(scene, *command, stdout=nobody_reads)
        assert done.returncode == 1, command
        assert b"internal" not in done.stderr
        assert b"roken pipe" not in done.stderr


def test_a_terminal_that_lacks_letters_shows_them_escaped(scene: Scene) -> None:
    done = desk(scene, "run", TASK, "--read-only", PYTHONIOENCODING="ascii")
    assert b"internal" not in done.stderr
    assert rb"\u2014" in done.stdout
    listed = desk(scene, "sessions", PYTHONIOENCODING="ascii")
    assert (listed.returncode, rb"\u2014" in listed.stdout) == (0, True)


def doctor(scene: Scene, code: int, *arguments: str) -> dict[str, Any]:
    done = scene.desk("doctor", *arguments, "-o", "json")
    assert done.returncode == code, done.stdout
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_doctor_tells_the_environment_and_what_the_gate_does(scene: Scene) -> None:
    dev, staging = doctor(scene, 0, "-n", "shop-dev"), doctor(scene, 0, "-n", "shop-staging")
    assert (dev["environment"], staging["environment"]) == ("dev", "staging")
    assert (dev["gate"]["change"], staging["gate"]["change"], dev["gate"]["cluster"]) == ("allow", "ask", "deny")
    said = {check["name"]: check["text"] for check in dev["checks"]}
    assert "label environment=dev" in said["namespace"]
    assert "change: done where the task names it" in said["gate"]


def test_a_namespace_that_is_not_there_is_said_with_the_nearest(scene: Scene) -> None:
    missing = doctor(scene, 1, "-n", "shop-dve")
    assert [check["text"] for check in missing["checks"] if check["state"] == "missing"] == [
        'There is no namespace "shop-dve" in this cluster. Did you mean shop-dev or shop-prod?'
    ]
    read = '{"kind": "pods", "namespace": "shop-dve"}'
    for command in (("run", "list pods", "-n", "shop-dve"), ("call", "list", "--json", read)):
        assert_said(scene.desk(*command), 2, 'no namespace "shop-dve"', "Did you mean shop-dev or")
    assert scene.entries() == []


def test_doctor_wants_a_key_where_claude_is_asked_for(scene: Scene, tmp_path: Path) -> None:
    def state(*arguments: str, code: int) -> str:
        (key,) = [each for each in doctor(scene, code, *arguments)["checks"] if each["name"] == "key"]
        return str(key["state"])

    assert state("--model", "playbook", code=0) == "optional"
    assert state("--model", "claude", code=1) == "missing"
    assert state("--api-key-file", str(tmp_path / "none"), code=1) == "missing"
    (tmp_path / "key").write_text("sk-ant-played")
    assert state("--model", "claude", "--api-key-file", str(tmp_path / "key"), code=0) == "ok"
