"""Manifests asked for in words: files of the workspace with a commit, or where the person said; by either model."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from agent.model.playbook import Playbook
from agent.session.run import drive
from tests.agent.conftest import RunDesk
from tests.agent.session_bench import Bench, Scripted, finish, use
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer

TASK = "make me manifests for payment-service v3.2, port 8080, three replicas, reachable at pay.example.com"
FILES = {
    *("serviceaccount.yaml", "networkpolicy.yaml", "service.yaml", "deployment.yaml", "pdb.yaml", "ingress.yaml"),
}
KEY = "sk-ant-test-0123456789abcdef"


def written(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def is_as_asked(folder: Path) -> bool:
    deployment = yaml.safe_load((folder / "deployment.yaml").read_text())
    ingress = yaml.safe_load((folder / "ingress.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    told = deployment["spec"]["replicas"], container["image"], container["ports"][0]["containerPort"]
    return told == (3, "payment-service:v3.2", 8080) and ingress["spec"]["rules"][0]["host"] == "pay.example.com"


def test_playbook_writes_them_into_the_workspace_with_a_commit(bench: Bench) -> None:
    desk = bench.begin(Playbook(), TASK)
    assert drive(desk) == 0, desk.view.results
    folder = bench.root / "manifests" / "shop-dev" / "payment-service"
    assert written(folder) == FILES
    assert is_as_asked(folder)
    listed = subprocess.run(["git", "ls-files", "manifests"], cwd=bench.root, capture_output=True, check=True)
    assert len(listed.stdout.splitlines()) == len(FILES)
    (subtask,) = [done for _, done in desk.view.subtasks]
    assert "write the manifests of deployment payment-service (payment-service:v3.2)" in subtask.title


def test_they_land_where_the_person_said(bench: Bench, tmp_path: Path) -> None:
    desk = bench.begin(Playbook(), f"{TASK}, into {tmp_path}/k8s/")
    assert drive(desk) == 0, desk.view.results
    assert written(tmp_path / "k8s") == FILES
    assert not (bench.root / "manifests").exists()


def test_no_model_chooses_a_folder_that_the_task_does_not_name(bench: Bench, tmp_path: Path) -> None:
    asked = {"app": "payment-service", "version": "v3.2", "namespace": "shop-dev"}
    elsewhere = use("generate_manifest", **asked, folder=str(tmp_path / "elsewhere"))
    desk = bench.begin(Scripted([elsewhere], [use("generate_manifest", **asked)], finish()), TASK)
    assert drive(desk) == 0
    refused, done = list(desk.view.results.values())[:2]
    assert (refused.error, done.ok) == ("arguments", True)
    assert "only who asks may choose folder" in refused.text
    assert not (tmp_path / "elsewhere").exists()


def test_what_no_application_can_have_is_told_to_the_model_and_nothing_is_written(bench: Bench) -> None:
    wrong = use("generate_manifest", app="payment-service", image="acme/pay:latest", namespace="shop-dev")
    desk = bench.begin(Scripted([wrong], finish(outcome="failed")), TASK)
    assert drive(desk) == 1
    refused = next(iter(desk.view.results.values()))
    assert (refused.error, "has the tag latest" in refused.text) == ("arguments", True)
    assert not (bench.root / "manifests").exists()


def test_an_application_that_the_task_does_not_name_is_not_applied_unasked(bench: Bench) -> None:
    eve = use("apply_application", app="eve", version="v1", namespace="shop-dev")
    desk = bench.begin(Scripted([eve], finish()), TASK)
    assert drive(desk) == 3
    assert [asked.tool for asked in desk.view.approvals.values()] == ["apply_application"]


def test_claude_writes_them_too(workspace: Path, run_desk: RunDesk) -> None:
    asked = {"app": "payment-service", "version": "v3.2", "ports": ["8080"], "replicas": 3}
    call = Call("generate_manifest", {**asked, "host": "pay.example.com", "namespace": "shop-dev"})
    turns = (
        Turn(calls=(call,)),
        Turn(calls=(Call("finish", {"outcome": "done", "summary": "They are written."}),)),
    )
    with MessagesServer(turns, key=KEY) as server:
        env = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
        done = run_desk("run", TASK, "-n", "shop-dev", "--sandbox", cwd=workspace, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert server.refused == []
    folder = workspace / "manifests" / "shop-dev" / "payment-service"
    assert written(folder) == FILES
    assert is_as_asked(folder)
