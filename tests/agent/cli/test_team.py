"""onboard-team, offboard-member, rotate-kubeconfig: wrong values are said, and nothing is begun."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.agent.conftest import InProcess

ANN = "ann@example.com"
WRONG: tuple[tuple[tuple[str, ...], str], ...] = (
    (("--namespaces", "web-dev"), "nobody is named who would get access"),
    (("--namespaces", "", "--members", ANN), "namespaces"),
    (("--namespaces", "Web-dev", "--members", ANN), "namespaces.0"),
    (("--namespaces", "kube-system", "--members", ANN), "belongs to the cluster itself"),
    (("--namespaces", "web-dev", "--members", "system:masters"), "is a part of the cluster, or everybody"),
    (("--namespaces", "web-dev", "--members", 'a"b'), "QUOTATION MARK"),
    (("--namespaces", "web-dev", "--group", "system:authenticated"), "is a part of the cluster, or everybody"),
    (("--namespaces", "web-dev", "--members", ANN, "--cpu", "0"), "cpu 0 is out of bounds"),
    (("--namespaces", "web-dev", "--members", ANN, "--cpu", "4 cores"), "is no quantity"),
    (("--namespaces", "web-dev", "--members", ANN, "--memory", "4GiB"), "write 4Gi"),
    (("--namespaces", "web-dev", "--members", ANN, "--memory", "16GB"), "16Gi (binary) or 16G (decimal)"),
    (("--namespaces", "web-dev", "--members", ANN, "--memory", "1m"), "thousandths of a byte"),
    (("--namespaces", "argocd", "--members", ANN), "Argo CD's own namespace"),
    (("--namespaces", "cd-dev", "--members", ANN, "--argocd-namespace", "cd-dev"), "Argo CD's own namespace"),
    (("--namespaces", "web-dev", "--members", ANN, "--repo", "*"), "names more than one"),
    (("--namespaces", "web-dev", "--members", ANN, "--repo", "https://git.example.com/*"), "names more than one"),
    (("--namespaces", "web-dev", "--members", ANN, "--repo", "https://a:b@git.example.com/x"), "has a login in it"),
    (("--namespaces", "web-dev", "--members", ANN, "--repo", "/srv/git"), "is no repository's URL"),
    (("--namespaces", "web-dev", "--members", ANN, "--pull-secret", "login"), "pull_secret"),
    (("--namespaces", "web-dev", "--members", ANN, "--pull-secret", "../login"), "pull_secret"),
    (("--namespaces", "web-dev", "--members", ANN, "--registry", "r.example.com"), "name the file that holds"),
    (
        (
            *("--namespaces", "web-dev", "--members", ANN, "--pull-secret", "shared/login"),
            *("--registry", "r.example.com", "--username", "ci"),
        ),
        "it is a file that holds the password",
    ),
    (("--namespaces", "web-dev", "--members", ANN, "--kubeconfig-dir", "/dev/null"), "is no folder"),
    (("--namespaces", ",".join(f"n{number}-dev" for number in range(11)), "--members", ANN), "at most 10"),
)


def test_wrong_values_are_said_and_nothing_is_begun(workspace: Path, in_process: InProcess) -> None:
    before = sorted(workspace.rglob("*"))
    for arguments, said in WRONG:
        done = in_process("onboard-team", "web", *arguments, "--workspace", workspace)
        assert done.returncode == 2, (arguments, done.stdout, done.stderr)
        assert said in done.stderr, (arguments, done.stderr)
    for command, said in (
        (("onboard-team", "Web Team", "--namespaces", "web-dev", "--members", ANN), "team"),
        (
            ("onboard-team", "default", "--namespaces", "web-dev", "--group", "web", "--repo", "https://a.io/b"),
            "gives to everybody",
        ),
        (("offboard-member", "web", "system:admin"), "is a part of the cluster"),
        (("rotate-kubeconfig", "web", ANN, "--kubeconfig-dir", str(workspace)), "must never get into git"),
    ):
        done = in_process(*command, "--workspace", workspace)
        assert (done.returncode, said in done.stderr) == (2, True), (command, done.stderr)
    assert sorted(workspace.rglob("*")) == before


def test_a_folder_in_a_git_repository_is_refused(tmp_path: Path, workspace: Path, in_process: InProcess) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    folder = tmp_path / "repo" / "deep" / "kubeconfigs"
    done = in_process(
        "onboard-team", "web", "--namespaces", "web-dev", "--members", ANN, "--kubeconfig-dir", folder,
        "--workspace", workspace,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"is in the git repository {tmp_path / 'repo'}" in done.stderr
    assert not folder.exists()


@pytest.mark.parametrize("command", ["offboard-member", "rotate-kubeconfig"])
def test_a_team_that_is_not_there_is_said(bench: object, command: str) -> None:
    from agent.model.onecall import OneCall
    from agent.session.run import drive
    from tests.agent.session_bench import Bench

    assert isinstance(bench, Bench)
    tool = command.replace("-", "_")
    desk = bench.begin(OneCall(tool, {"team": "web", "member": ANN}), f"{command} web {ANN}")
    assert drive(desk) == 1
    assert "no namespace that Desk provisioned for a team web" in next(iter(desk.view.results.values())).text
