"""What an operator sets of the gate in desk.yaml holds, and each session says it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.gate.policy import TABLE, Environment, Verdict, differences, with_cells
from tests.agent.conftest import InProcess
from tools.risk import Risk

SCALED = "scale checkout to 2 in {namespace}"


def scale(in_process: InProcess, workspace: Path, namespace: str) -> tuple[int, str]:
    words = SCALED.format(namespace=namespace)
    done = in_process("run", words, "--sandbox", "--model", "playbook", "--workspace", workspace)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("gate", "namespace", "code", "said"),
    [
        ("", "shop-dev", 1, ""),  # scaled, and it crashes on
        ("gate: {change: {dev: ask}}", "shop-dev", 3, "change in dev: ask instead of allow"),
        ("gate: {change: {dev: deny}}", "shop-dev", 5, "change in dev: deny instead of allow"),
        ("gate: {change: {prod: ask}}", "shop-prod", 3, "change in prod: ask instead of deny, looser"),
    ],
)
def test_a_cell_decides_and_is_said_at_the_start(
    in_process: InProcess, workspace: Path, gate: str, namespace: str, code: int, said: str
) -> None:
    (workspace / "desk.yaml").write_text(gate)
    exit_code, told = scale(in_process, workspace, namespace)
    assert exit_code == code, told
    assert ("desk.yaml changes the gate" in told) is bool(said)
    assert said in told
    exported = in_process("journal", "export", "--workspace", workspace).stdout.splitlines()
    (started,) = [event for event in map(json.loads, exported) if event["type"] == "session_started"]
    assert started["body"]["gate"] == ([said] if said else [])


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("gate: {chang: {dev: ask}}", "'chang'"),
        ("gate: {change: {qa: ask}}", "'qa'"),
        ("gate: {change: {dev: maybe}}", "'maybe'"),
        ("gate: {read: {dev: ask}}", "'read'"),
        ("gate: [change]", "change"),
        ("gate: change", "change"),
    ],
)
def test_what_is_no_cell_is_refused(in_process: InProcess, workspace: Path, gate: str, words: str) -> None:
    (workspace / "desk.yaml").write_text(gate)
    done = in_process("run", SCALED.format(namespace="shop-dev"), "--sandbox", "--workspace", workspace)
    assert done.returncode == 2
    assert words in done.stderr
    assert f"gate in {workspace}/desk.yaml" in done.stderr
    assert "allow, ask or deny" in done.stderr


def test_the_cells_of_a_table_are_changed_one_by_one() -> None:
    table = with_cells({"delete": {"dev": "allow", "prod": "ask"}})
    assert table[Risk.DELETE] == (Verdict.ALLOW, Verdict.ASK, Verdict.ASK, Verdict.ASK)
    assert {risk: row for risk, row in table.items() if risk is not Risk.DELETE} == {
        risk: row for risk, row in TABLE.items() if risk is not Risk.DELETE
    }
    assert differences(TABLE) == []
    stricter = with_cells({"change": {"dev": "ask"}, "delete": {"dev": "allow"}})
    assert differences(stricter) == [
        "delete in dev: allow instead of ask, looser",
        "change in dev: ask instead of allow",
    ]
    assert list(Environment) == ["dev", "test", "staging", "prod"]
