"""A pull secret through the loop: who may say where its password is, and what an answer that is lost comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.session.run import drive
from tests.agent.session_bench import Bench, Scripted, Watcher, finish, use

WORD = "Wy7-correct-horse"
ASKED = {"pull_secret": "regcred", "registry": "registry.example.com", "username": "bob"}


def task(file: Path, namespace: str = "shop-dev") -> str:
    return f"create a pull secret regcred for registry.example.com in {namespace}, password from file {file}"


def create(namespace: str = "shop-dev", **given: Any) -> Scripted:
    return Scripted([use("create_pull_secret", namespace=namespace, **ASKED, **given)], finish())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "login"
    made.write_text(WORD)
    return made


def test_a_person_approves_it_even_in_dev(bench: Bench, file: Path) -> None:
    desk = bench.begin(create(file=str(file)), task(file), watcher=Watcher(answer=True))
    assert drive(desk) == 0
    assert [asked.risk for asked in desk.view.approvals.values()] == ["secret"]
    assert bench.other.get("secret", "regcred", "shop-dev")["type"] == "kubernetes.io/dockerconfigjson"
    (intent,) = desk.view.intents.values()
    assert intent.change["credentials"]["file"] == str(file)
    assert not [each for each in bench.root.rglob("*") if each.is_file() and WORD.encode() in each.read_bytes()]


def test_production_is_flows(bench: Bench, file: Path) -> None:
    desk = bench.begin(create("shop-prod", file=str(file)), task(file, "shop-prod"))
    assert drive(desk) == 5
    assert desk.view.approvals == {}


@pytest.mark.parametrize("given", [{"file": "/etc/hostname"}, {"existing_secret": "db-login", "key": "word"}])
def test_a_model_does_not_choose_where_the_password_is(bench: Bench, file: Path, given: dict[str, str]) -> None:
    desk = bench.begin(create(**given), task(file), watcher=Watcher(answer=True))
    drive(desk)
    result = desk.view.results["call_0_0"]
    assert result.error == "arguments"
    assert f"the task does not name {next(iter(given.values()))}" in result.text


def test_a_dry_run_reads_no_password(bench: Bench, file: Path) -> None:
    file.write_bytes(b"\xff")
    desk = bench.begin(create(file=str(file)), task(file), dry_run=True)
    assert drive(desk) == 0
    said = desk.view.results["call_0_0"].text
    assert "Dry run: would create pull secret regcred in shop-dev for registry.example.com with user bob" in said
    assert ".dockerconfigjson: '[redacted]'" in said


def test_a_file_that_went_away_behind_the_approval_is_said(bench: Bench, file: Path) -> None:
    watcher = Watcher(answer=True, on_entry=lambda entry: file.unlink() if entry.type == "tool_intent" else None)
    desk = bench.begin(create(file=str(file)), task(file), watcher=watcher)
    drive(desk)
    assert f"The password file {file} cannot be read: No such file" in desk.view.results["call_0_0"].text
    assert [receipt.outcome for receipt in desk.view.receipts.values()] == ["failed"]
