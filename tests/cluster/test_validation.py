"""What the API server says of manifests, without taking them; and files that are mended through the gate."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import Workspace, kubectl, new_workspace

pytestmark = pytest.mark.cluster

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NS}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: busybox:1
          terminationMessagePath: ""
          resources: {claims: [{name: gpu}]}
          envFrom:
            - configMapRef: {name: there}
            - configMapRef: {name: not-there}
            - secretRef: {name: no-secret}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  externalName: "-"
  type: ExternalName
---
apiVersion: v1
kind: ConfigMap
metadata: {name: elsewhere, namespace: NS-not-there}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fine, namespace: NS}
data: {said: "done 🚀"}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: a, namespace: NS}
"""
BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  # kept\n  debug: yes\n"


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A namespace with one ConfigMap."""
    name = f"desk-validate-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    kubectl("create", "configmap", "there", "-n", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace for all of them."""
    return new_workspace(tmp_path_factory.mktemp("validation"))


def errors(stdout: str) -> list[tuple[int, str, str]]:
    """Line, rule and what is said of each error."""
    found = json.loads(stdout)["findings"]
    return [(each["line"], each["cause"], each["summary"]) for each in found if each["severity"] == "error"]


def test_the_api_server_judges_and_takes_nothing(namespace: str, place: Workspace) -> None:
    done = place.desk("validate", "-", "-n", namespace, "-o", "json", stdin=WEB.replace("NS", namespace))
    report = json.loads(done.stdout)
    told = errors(done.stdout)
    assert done.returncode == 1 and report["cluster"].startswith("https://")
    assert (16, "ConfigMapMissing", f"there is no ConfigMap not-there in {namespace}") in told
    assert (17, "SecretMissing", f"there is no Secret no-secret in {namespace}") in told
    refused = {line: said for line, cause, said in told if cause == "ServerRefuses"}
    assert "resources.claims[0]" in refused[13] and "spec.externalName" in refused[23]
    assert len(told) == 4
    assert report["not_checked"] == [
        f'dry run of 1 object: namespaces "{namespace}-not-there" not found',
        "dry run of 1 object: The cluster does not serve Widget of example.com/v1.",
    ]
    left = kubectl("get", "deployments,services,configmaps", "-n", namespace, "-o", "name").split()
    assert left == ["configmap/kube-root-ca.crt", "configmap/there"]


def test_who_may_not_apply_is_told_what_was_not_asked(
    namespace: str, place: Workspace, kubeconfig_of: Callable[[str, str], str]
) -> None:
    viewer = kubeconfig_of(namespace, "view")
    manifest = BAD.replace("yes", '"yes"').replace("name: a", f"name: a\n  namespace: {namespace}")
    done = place.desk("validate", "-", stdin=manifest, kubeconfig=viewer)
    assert done.returncode == 0
    assert "dry run of 1 object: we may not apply ConfigMaps there" in done.stdout


def test_a_file_is_mended_when_somebody_else_approves(
    namespace: str, place: Workspace, kubeconfig_of: Callable[[str, str], str]
) -> None:
    file = place.root / "k8s" / "a.yaml"
    file.parent.mkdir()
    file.write_text(BAD)
    asked = place.desk("validate", "k8s", "--fix")
    assert asked.returncode == 3 and '+  debug: "yes"' in asked.stdout, asked.stdout + asked.stderr
    assert file.read_text() == BAD
    (waiting,) = place.approvals()
    other = kubeconfig_of(namespace, "edit")
    decided = place.desk("approvals", "approve", waiting["id"], kubeconfig=other)
    assert decided.returncode == 0, decided.stderr
    assert place.desk("resume").returncode == 0
    assert file.read_text() == BAD.replace("yes", '"yes"')
    again = place.desk("validate", "k8s", "--fix")
    assert again.returncode == 0 and "nothing wrong" in again.stdout


def test_manifests_are_judged_in_words(place: Workspace) -> None:
    Path(place.root / "words.yaml").write_text(BAD)
    asked = place.desk("run", "check the manifests in ./words.yaml", "--model", "playbook")
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert "data.debug must be text" in asked.stdout
