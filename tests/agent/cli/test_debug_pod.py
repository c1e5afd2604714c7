"""debug-pod from outside: whole processes, on the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.agent.cli.test_start import HEAVY, imported
from tests.agent.conftest import InProcess, RunDesk
from tools.explain import cause_of

SHOP = ("debug-pod", "shop-dev", "--sandbox")
CAUSES = {"CreateContainerConfigError", "ImagePullBackOff", "OOMKilled", "CrashLoopBackOff", "Pending"}


def test_a_broken_namespace(run_desk: RunDesk) -> None:
    done = run_desk(*SHOP, "-o", "json")

    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert (report["schema"], report["namespace"]) == ("desk.findings/v1", "shop-dev")
    assert {finding["cause"] for finding in report["findings"]} == CAUSES


def test_all_namespaces_name_the_namespace_of_each_object(run_desk: RunDesk) -> None:
    done = run_desk("debug-pod", "-A", "--sandbox", "-o", "json")

    report = json.loads(done.stdout)
    assert (done.returncode, report["namespace"]) == (1, None)
    assert {finding["object"]["namespace"] for finding in report["findings"]} == {
        "shop-dev",
        "shop-staging",
        "shop-prod",
    }
    assert "OOMKilled in shop-prod: " in run_desk("debug-pod", "-A", "--sandbox", "--brief").stdout


def test_jsonl_is_what_was_looked_at_then_a_line_a_finding(in_process: InProcess) -> None:
    head, *findings = map(json.loads, in_process(*SHOP, "-o", "jsonl").stdout.splitlines())

    assert (head["schema"], head["namespace"], head["checked"]["Pod"]) == ("desk.diagnosis/v1", "shop-dev", 7)
    assert head["counts"] == {"error": 5, "warning": 0, "info": 0}
    assert {finding["schema"] for finding in findings} == {"desk.finding/v1"}
    assert {finding["cause"] for finding in findings} == CAUSES


@pytest.mark.parametrize(
    "words",
    [
        "shop-dev deployment/checkout",
        "shop-dev deploy checkout",
        "deploy/checkout -n shop-dev",
        "deployments checkout",
        "checkout",
    ],
)
def test_one_workload_as_kubectl_takes_it(in_process: InProcess, words: str) -> None:
    done = in_process("debug-pod", *words.split(), "--sandbox", "-o", "json")

    report = json.loads(done.stdout)
    assert report["namespace"] == "shop-dev"  # that of the sandbox's context
    assert [finding["cause"] for finding in report["findings"]] == ["OOMKilled"]
    assert report["checked"]["Pod"] == 1


def test_the_namespace_that_is_meant_without_one(
    in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def namespace(*words: str) -> str:
        done = in_process("debug-pod", *words, "--sandbox", "-o", "json", "--workspace", workspace)
        return str(json.loads(done.stdout)["namespace"])

    assert namespace() == "shop-dev"
    (workspace / "desk.yaml").write_text("namespace: shop-prod\n")
    assert namespace() == "shop-prod"
    monkeypatch.setenv("DESK_NAMESPACE", "shop-staging")
    assert [namespace(), namespace("shop-prod"), namespace("-n", "shop-dev")] == [
        "shop-staging",
        "shop-prod",
        "shop-dev",
    ]


def test_a_healthy_workload_of_a_broken_namespace(run_desk: RunDesk) -> None:
    done = run_desk("debug-pod", "shop-dev", "web", "--sandbox")

    assert (done.returncode, done.stdout) == (0, "shop-dev: nothing wrong (2 pods checked)\n")


def test_brief_is_a_line_a_finding(run_desk: RunDesk) -> None:
    lines = run_desk(*SHOP, "--brief").stdout.splitlines()

    assert lines[0] == "shop-dev: 5 findings (7 pods checked)"
    assert {line.split()[1].rstrip(":") for line in lines[1:]} == CAUSES


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("debug-pod", "shop-dev", "-A"), 2, "not both"),
        (("debug-pod", "-n", "shop-dev", "-A"), 2, "not both"),
        (("debug-pod", "shop-dev", "web", "-l", "app=web"), 2, "not both"),
        (("debug-pod", "-n", "shop-dev", "web", "-l", "app=web"), 2, "not both"),
        (("debug-pod", "shop-dev", ""), 2, "An argument is empty"),
        (("debug-pod", "-n", "", "web"), 2, "--namespace is ''"),
        (("debug-pod", "shop-dev", "web", "api", "--sandbox"), 2, '"web api" is not one name'),
        (("debug-pod", "shop-dev", "chekout", "--sandbox"), 1, "Did you mean deployment/checkout?"),
        (("debug-pod", "shop-dve", "--sandbox"), 1, 'There is no namespace "shop-dve"'),
        (("debug-pod", "chekout", "--sandbox"), 1, "in shop-dev. Did you mean deployment/checkout?"),
        (
            ("debug-pod", "deplyment", "web", "--sandbox"),
            1,
            'There is no type "deplyment". Did you mean deployment',
        ),
        (("debug-pod", "--explain", "OOMKiled"), 2, "Did you mean OOMKilled?"),
    ],
)
def test_what_cannot_be_asked(in_process: InProcess, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = in_process(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_explain_teaches(run_desk: RunDesk) -> None:
    lesson = cause_of("OOMKilled")

    told = run_desk("debug-pod", "--explain", "oomkilled").stdout

    assert told.startswith("OOMKilled\n")
    assert lesson.source in told
    assert json.loads(run_desk("debug-pod", "--explain", "OOMKilled", "-o", "json").stdout)["why"] == lesson.why


def test_it_imports_neither_the_loop_nor_a_client_library() -> None:
    assert not imported("debug-pod", "--explain", "Pending") & (HEAVY | {"pydantic", "rich", "git", "sqlite3"})
