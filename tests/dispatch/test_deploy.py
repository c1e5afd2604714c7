"""What deploy/ has, judged by kubeconform, kube-score and a real API server."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.dispatch.job import job
from agent.dispatch.request import Request
from agent.settings import DispatchSettings
from tests.dispatch.stand import KUBECONFIG, RESTRICTED, kubectl

PROJECT = Path(__file__).parents[2]
SCHEMAS = PROJECT.parent / "shared/kube/schemas"


def judged(program: str, *arguments: str, stdin: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def base() -> str:
    """The base, as kustomize builds it."""
    return judged("kubectl", "kustomize", str(PROJECT / "deploy/base"), stdin="").stdout


def test_every_object_obeys_its_schema(base: str) -> None:
    if not SCHEMAS.exists():
        pytest.skip("the schemas of the test cluster are not there")
    where = f"{SCHEMAS}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    told = judged("kubeconform", "-strict", "-summary", "-schema-location", where, stdin=base)
    assert told.returncode == 0, told.stdout
    assert re.search(r"Valid: 1[0-9], Invalid: 0, Errors: 0, Skipped: 0", told.stdout), told.stdout


def test_kube_score_finds_nothing_critical_in_the_base_and_in_a_job(base: str) -> None:
    settings = DispatchSettings(image="registry.example.com/desk:1", repository="https://git.example.com/d.git")
    made = yaml.safe_dump(job(Request(task="look", session_key="a"), 1, settings, "desk"))
    # a session's image is named by a tag of its own, and is pulled once a node
    not_asked = ("--ignore-test", "container-image-pull-policy")
    for objects, more in ((base, ()), (f"{base}\n---\n{made}", not_asked)):
        told = judged("kube-score", "score", "--output-format", "ci", *more, "-", stdin=objects)
        assert "[OK]" in told.stdout
        assert [line for line in told.stdout.splitlines() if line.startswith("[CRITICAL]")] == []


def test_the_wheels_of_the_image_are_those_of_the_lock() -> None:
    def pins(file: str) -> set[str]:
        return set(re.findall(r"^[\w.\[\]-]+==[^\s;\\]+", (PROJECT / file).read_text(), re.MULTILINE))

    image = pins("deploy/image/requirements.lock")
    assert image <= pins("requirements.lock")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.split(r"[=\[]", pin)[0] for pin in image}
    assert {re.match(r"[\w.-]+", each)[0].lower() for each in wanted} <= names  # type: ignore[index]


@pytest.fixture
def namespace() -> Iterator[str]:
    if not KUBECONFIG:
        pytest.skip("DESK_TEST_KUBECONFIG is not set: no real cluster")
    name = f"desk-deploy-{secrets.token_hex(3)}"
    labels = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(labels))
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.cluster
def test_a_restricted_namespace_takes_all_of_it(base: str, namespace: str, tmp_path: Path) -> None:
    overlay: dict[str, Any] = {"namespace": namespace, "resources": ["base.yaml"]}
    (tmp_path / "base.yaml").write_text(base)
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    objects = subprocess.run(["kubectl", "kustomize", tmp_path], capture_output=True, text=True, check=True).stdout
    command = ["kubectl", "--kubeconfig", KUBECONFIG, "apply", "--dry-run=server", "-f", "-"]
    told = subprocess.run(command, input=objects, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "would violate PodSecurity" not in told.stderr
    assert told.stdout.count("server dry run") == len(list(yaml.safe_load_all(objects)))
