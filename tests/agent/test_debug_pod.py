"""debug-pod from outside: whole processes, on the sandbox."""

from __future__ import annotations

import json

import pytest

from tests.agent.conftest import RunDesk
from tests.agent.test_start import HEAVY, imported
from tools.diagnose.rules import LESSONS

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


def test_jsonl_is_a_line_a_finding(run_desk: RunDesk) -> None:
    done = run_desk(*SHOP, "-o", "jsonl")

    assert {json.loads(line)["cause"] for line in done.stdout.splitlines()} == CAUSES


def test_one_workload(run_desk: RunDesk) -> None:
    done = run_desk("debug-pod", "shop-dev", "deployment/checkout", "--sandbox", "-o", "json")

    report = json.loads(done.stdout)
    assert [finding["cause"] for finding in report["findings"]] == ["OOMKilled"]
    assert report["checked"]["Pod"] == 1


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
        (("debug-pod",), 2, "Which namespace?"),
        (("debug-pod", "shop-dev", "-A"), 2, "not both"),
        (("debug-pod", "shop-dev", "web", "-l", "app=web"), 2, "not both"),
        (("debug-pod", "shop-dev", "chekout", "--sandbox"), 1, "Nearest: deployment/checkout"),
        (("debug-pod", "shop-dve", "--sandbox"), 1, 'There is no namespace "shop-dve"'),
        (("debug-pod", "--explain", "OOMKiled"), 2, "Nearest: OOMKilled"),
    ],
)
def test_what_cannot_be_asked(run_desk: RunDesk, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run_desk(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_explain_teaches(run_desk: RunDesk) -> None:
    lesson = LESSONS["OOMKilled"]

    told = run_desk("debug-pod", "--explain", "oomkilled").stdout

    assert told.startswith("OOMKilled\n")
    assert lesson.source in told
    assert json.loads(run_desk("debug-pod", "--explain", "OOMKilled", "-o", "json").stdout)["why"] == lesson.why


def test_it_imports_neither_the_loop_nor_a_client_library() -> None:
    assert not imported("debug-pod", "--explain", "Pending") & (HEAVY | {"pydantic", "rich", "git", "sqlite3"})
