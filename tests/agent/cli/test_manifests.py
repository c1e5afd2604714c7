"""generate-manifest as it is typed: what is printed, what is written and where, and what is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.agent.cli.test_start import HEAVY, imported
from tests.agent.conftest import InProcess, RunDesk
from tests.tools.manifests.samples import IMAGE
from tools.manifests.application import files, objects
from tools.manifests.specification import specified

ASKED = ("generate-manifest", "pay", "--image", IMAGE, "--offline")
PASSWORD = "Qdl1-correct-horse"

BAD: list[tuple[tuple[str, ...], str]] = [
    (("--port", "0"), "port '0': give a whole number from 1 to 65535"),
    (("--port", "70000"), "port '70000'"),
    (("--port", "abc"), "port 'abc'"),
    (("--port", "http:80", "--port", "http:81"), "two ports have this name"),
    (("--image", "pay:latest"), "has the tag latest"),
    (("--image", "pay"), "which means latest"),
    (("--image", "pay v2:1"), "without spaces"),
    (("--image", "acme/Pay:v1"), "in small letters"),
    (("--replicas", "-1"), "replicas '-1'"),
    (("--cpu", "2:1"), "the limit 1 is below the request 2"),
    (("--host", "https://pay.example.com"), "without scheme, port and path"),
    (("--type", "pod"), "'pod' is not one of"),
    (("--type", "cronjob"), "schedule is missing"),
    (("--type", "job", "--replicas", "2"), "a job has no replicas"),
    (("--ingress", "--route", "--host", "a.io"), "give one of them"),
    (("--env", ""), "--env is empty"),
    (("--output-dir", ""), "--output-dir is empty"),
    (("--namespace", "Shop"), "--namespace is 'Shop'"),
    (("--config-file", "nowhere.yaml"), "--config-file nowhere.yaml cannot be read"),
    (("--command", "sh -c 'x"), "a quote is not closed"),
    (("--apply",), "--apply makes them in a cluster"),
    (("--env", f"DB_PASSWORD={PASSWORD}"), "there is a secret. Nothing was printed"),
]


@pytest.mark.parametrize(("more", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input_is_wrong_usage_and_nothing_is_printed(
    in_process: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = in_process(*ASKED, *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert PASSWORD not in done.stderr


def test_a_name_in_capitals_and_a_missing_image_are_wrong_usage(in_process: InProcess) -> None:
    assert "app 'Pay' cannot be a name" in in_process("generate-manifest", "Pay", "--image", IMAGE).stderr
    assert "image is missing" in in_process("generate-manifest", "pay").stderr


def test_what_is_printed_is_a_stream_of_the_files_and_what_is_assumed_stands_beside_it(
    in_process: InProcess,
) -> None:
    done = in_process(*ASKED, "-n", "shop", "--host", "pay.example.com")
    wanted = specified("pay", IMAGE, namespace="shop", host="pay.example.com")
    assert done.returncode == 0
    assert done.stdout == "".join(text for _, text in files(objects(wanted)))
    assert list(yaml.safe_load_all(done.stdout)) == objects(wanted)
    assert done.stderr.splitlines() == [
        "assumed: the cluster is Kubernetes and not OpenShift (--for openshift)",
        "assumed: the cluster has a default IngressClass (--ingress-class)",
        "assumed: the certificate of pay.example.com is in Secret pay-tls, or the controller has one",
        "assumed: what lets requests in runs in a namespace with its usual name",
    ]


def test_as_json_it_says_what_is_excepted_and_why(in_process: InProcess) -> None:
    done = json.loads(in_process(*ASKED, "-n", "shop", "-o", "json").stdout)
    assert [file["path"] for file in done["files"]] == [
        "serviceaccount.yaml", "networkpolicy.yaml", "service.yaml", "deployment.yaml", "pdb.yaml",
    ]  # fmt: skip
    assert done["excepted"] == [
        {"object": "Deployment/pay", "demand": "checkov CKV_K8S_43", "why": "the image was given without a digest"}
    ]


def test_a_configuration_is_read_from_its_file(in_process: InProcess, tmp_path: Path) -> None:
    (tmp_path / "pay.yaml").write_text("on: yes\n")
    done = in_process(*ASKED, "--config-file", tmp_path / "pay.yaml")
    made = {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}
    assert made["ConfigMap"]["data"] == {"pay.yaml": "on: yes\n"}
    (tmp_path / "blob").write_bytes(b"\xff\x00")
    assert "is no UTF-8 text" in in_process(*ASKED, "--config-file", tmp_path / "blob").stderr


def test_without_a_cluster_it_is_said_and_goes_on(run_desk: RunDesk, tmp_path: Path) -> None:
    asked = ("generate-manifest", "pay", "--image", IMAGE, "-n", "shop")
    done = run_desk(*asked, env={"KUBECONFIG": str(tmp_path / "none")})
    assert done.returncode == 0
    assert "kind: Deployment" in done.stdout
    assert done.stderr.startswith("no cluster: ")
    named = run_desk(*asked, "--kubeconfig", tmp_path / "none")
    assert (named.returncode, named.stdout) == (2, "")


def test_nothing_heavy_is_imported_to_print_them(tmp_path: Path) -> None:
    loaded = imported(*ASKED, "--workspace", str(tmp_path))
    assert not loaded & (HEAVY | {"pydantic", "rich", "git", "yaml", "sqlite3"})


class TestFolders:
    """`--output-dir`: a session that needs no cluster, with its gate and its commit."""

    def test_they_are_written_committed_and_again_nothing_changes(self, workspace: Path, run_desk: RunDesk) -> None:
        done = run_desk(*ASKED, "--output-dir", "k8s", cwd=workspace)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "assumed: the cluster is Kubernetes and not OpenShift" in done.stdout
        wanted = dict(files(objects(specified("pay", IMAGE))))
        assert {file.name: file.read_text() for file in (workspace / "k8s").iterdir()} == wanted
        assert "Nothing to change" in run_desk(*ASKED, "--output-dir", "k8s", cwd=workspace).stdout

    def test_what_somebody_else_wrote_there_is_asked_for_and_stays(
        self, workspace: Path, run_desk: RunDesk, tmp_path: Path
    ) -> None:
        (there := tmp_path / "there").mkdir()
        (there / "deployment.yaml").write_text("theirs\n")
        done = run_desk(*ASKED, "--output-dir", there, cwd=workspace)
        assert done.returncode == 3, done.stdout
        assert "Next: answer it yourself, at a terminal: desk resume" in done.stdout
        assert [(file.name, file.read_text()) for file in there.iterdir()] == [("deployment.yaml", "theirs\n")]

    @pytest.mark.parametrize("sort", ["file", "below a file", "link out", "not writable"])
    def test_a_folder_that_is_none_is_an_error_and_nothing_is_written(
        self, workspace: Path, run_desk: RunDesk, tmp_path: Path, sort: str
    ) -> None:
        (outside := tmp_path / "outside").mkdir()
        (target := tmp_path / "target").mkdir()
        match sort:
            case "file" | "below a file":
                (file := tmp_path / "file").write_text("theirs\n")
                asked = file if sort == "file" else file / "k8s"
            case "link out":
                (outside / "deployment.yaml").write_text("theirs\n")
                (target / "deployment.yaml").symlink_to(outside / "deployment.yaml")
                asked = target
            case _:
                asked = Path("/proc/1/k8s")
        done = run_desk(*ASKED, "--output-dir", asked, cwd=workspace)
        assert done.returncode == 1, done.stdout + done.stderr
        assert str(asked) in done.stdout or "deployment.yaml" in done.stdout
        assert sorted(outside.iterdir()) == ([outside / "deployment.yaml"] if sort == "link out" else [])
        assert [file.name for file in target.iterdir()] == (["deployment.yaml"] if sort == "link out" else [])

    def test_what_was_written_without_a_cluster_is_undone_without_one(
        self, workspace: Path, run_desk: RunDesk, tmp_path: Path
    ) -> None:
        none = {"KUBECONFIG": str(tmp_path / "none")}
        assert run_desk(*ASKED, "--output-dir", "k8s", cwd=workspace, env=none).returncode == 0
        made = sorted(file.name for file in (workspace / "k8s").iterdir())
        undone = run_desk("rollback", last_change(workspace), cwd=workspace, env=none)
        assert undone.returncode == 0, undone.stdout + undone.stderr
        assert not (workspace / "k8s").exists()
        again = run_desk("rollback", last_change(workspace), cwd=workspace, env=none)
        assert again.returncode == 0, again.stdout + again.stderr
        assert sorted(file.name for file in (workspace / "k8s").iterdir()) == made

    def test_outside_of_a_workspace_it_says_what_to_do(self, own_home: Path, run_desk: RunDesk) -> None:
        done = run_desk(*ASKED, "--output-dir", "k8s", cwd=own_home)
        assert done.returncode == 2
        assert "desk init" in done.stderr
        assert not (own_home / "k8s").exists()


def last_change(workspace: Path) -> str:
    """The commit of the last change."""
    found = ("git", "log", "--format=%H", "--grep=^Changes:", "-1")
    return subprocess.run(found, cwd=workspace, capture_output=True, text=True, check=True).stdout.strip()
