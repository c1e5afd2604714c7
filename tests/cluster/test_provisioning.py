"""A namespace with guardrails on the real cluster: usable from its first minute, and safe."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.conftest import KUBECONFIG, Workspace, kubectl, new_workspace
from tools.cluster.connect import Where, connect
from tools.provisioning import guardrails
from tools.provisioning.provision import surroundings
from tools.provisioning.specification import specified

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("plain_kubernetes")]

ANN, ANNE, EVE = "ann@one.example.com", "ann@two.example.com", "eve@example.com"

APPLICATION = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "desk/web:1"}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: probe}
spec:
  restartPolicy: Never
  containers:
  - name: probe
    image: busybox:1
    command: [sh, -c]
    args:
    - |
      until timeout 2 wget -qO- http://web/healthz; do sleep 1; done && echo service
      nslookup kubernetes.default.svc.cluster.local >/dev/null && echo dns
      nc -w 3 kubernetes.default.svc.cluster.local 443 </dev/null && echo api
      true
"""
STRANGER = """
apiVersion: v1
kind: Pod
metadata: {name: stranger}
spec:
  restartPolicy: Never
  containers:
  - name: probe
    image: busybox:1
    command: [sh, -c, "timeout 3 wget -qO- http://WEB/healthz && echo reached || echo refused"]
"""
PRIVILEGED = """
apiVersion: v1
kind: Pod
metadata: {name: root}
spec: {containers: [{name: root, image: "busybox:1", securityContext: {privileged: true}}]}
"""
FULL = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: full}
spec:
  replicas: 2
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: full}}
  template:
    metadata: {labels: {app: full}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: app
        image: busybox:1
        command: [sleep, "9999"]
        securityContext: {privileged: true}
        resources: {limits: {cpu: 200m, memory: 32Mi}}
"""
GREEDY = """
apiVersion: v1
kind: Pod
metadata: {name: greedy}
spec: {containers: [{name: greedy, image: "busybox:1", resources: {limits: {cpu: "1500m", memory: 64Mi}}}]}
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return new_workspace(tmp_path_factory.mktemp("provisioning"))


@pytest.fixture(scope="module")
def namespace(workspace: Workspace) -> Iterator[str]:
    """Provisioned for Ann, and for Ann of the other company, with one core; Ann's application is in it."""
    name = f"desk-prov-{secrets.token_hex(3)}-dev"
    try:
        done = provisioned(workspace, name, "--members", f"{ANN},{ANNE}", "--viewers", EVE, "--cpu", "1")
        assert done["success"], done
        kubectl("apply", "-n", name, "--as", ANN, "-f", "-", stdin=APPLICATION)
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def provisioned(workspace: Workspace, name: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    return document_of(workspace, "provision-namespace", name, *arguments, code=code)


def document_of(workspace: Workspace, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = workspace.desk(*arguments, "--output", "json")
    assert done.returncode == code, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def refused(*arguments: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        ["kubectl", "--kubeconfig", KUBECONFIG, *arguments],
        input=stdin, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0, done.stdout
    return done.stderr


def said_by(pod: str, namespace: str) -> list[str]:
    done = "jsonpath={.status.containerStatuses[0].state.terminated}"
    kubectl("wait", f"pod/{pod}", "-n", namespace, f"--for={done}", "--timeout=50s")
    return kubectl("logs", pod, "-n", namespace).split()


def test_a_member_works_in_it_at_once_and_reaches_what_pods_need(namespace: str) -> None:
    assert {"service", "dns", "api"} <= set(said_by("probe", namespace))
    limit = "jsonpath={.items[0].spec.containers[0].resources.limits.cpu}"
    assert kubectl("get", "pods", "-n", namespace, "-l", "app=web", "-o", limit) == "200m"  # it says nothing itself


def test_nobody_else_reaches_it(namespace: str) -> None:
    other = f"{namespace}-stranger"
    kubectl("create", "namespace", other)
    try:
        said_by("probe", namespace)  # the application answers by now
        kubectl("apply", "-n", other, "-f", "-", stdin=STRANGER.replace("WEB", f"web.{namespace}"))
        assert set(said_by("stranger", other)) == {"Terminated", "refused"}  # no answer in time
    finally:
        kubectl("delete", "namespace", other, "--wait=false")


def test_what_is_beyond_its_guardrails_is_refused(namespace: str) -> None:
    assert "violates PodSecurity" in refused("apply", "-n", namespace, "--as", ANN, "-f", "-", stdin=PRIVILEGED)
    assert "maximum cpu usage per Container is 1" in refused(
        "apply", "-n", namespace, "--as", ANN, "-f", "-", stdin=GREEDY
    )
    for verb, what in (
        ("patch", "quota"), ("delete", "limitrange"), ("create", "rolebindings"), ("patch", "namespace"),
    ):  # fmt: skip
        assert "no" in refused_to(ANN, verb, what, namespace)
    assert "no" in refused_to(ANN, "list", "pods", "default")
    assert "no" in refused_to(EVE, "create", "pods", namespace)
    assert kubectl("auth", "can-i", "create", "pods", "-n", namespace, "--as", ANNE).strip() == "yes"
    ci = f"system:serviceaccount:{namespace}:ci"
    assert kubectl("auth", "can-i", "create", "deployments", "-n", namespace, "--as", ci).strip() == "yes"


def refused_to(who: str, verb: str, what: str, namespace: str) -> str:
    done = subprocess.run(
        ["kubectl", "--kubeconfig", KUBECONFIG, "auth", "can-i", verb, what, "-n", namespace, "--as", who],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout


def test_again_nothing_changes_and_what_was_changed_by_hand_is_told_and_brought_back(
    workspace: Workspace, namespace: str
) -> None:
    before = workspace.git("rev-parse", "HEAD")
    again = provisioned(workspace, namespace)  # what is not given stays: one core, both Anns
    assert {each["result"] for each in again["resources"]} == {"unchanged"}
    assert again["quota"]["limits.cpu"] == "1"
    assert not workspace.git("log", "--grep=^Changes:", f"{before.strip()}..HEAD", "--format=%h")
    assert provisioned(workspace, namespace, "--check")["drift"] == []

    kubectl("delete", "networkpolicy", "default-deny", "-n", namespace, "--as", ANN)
    (drift,) = provisioned(workspace, namespace, "--check", code=1)["drift"]
    assert (drift["object"], drift["what"]) == ("NetworkPolicy/default-deny", "is gone")
    back = provisioned(workspace, namespace)
    assert [each["object"] for each in back["resources"] if each["result"] == "created"] == [
        "NetworkPolicy/default-deny"
    ]


def test_whose_hand_changed_a_quota_is_told_and_taking_it_back_is_asked(
    workspace: Workspace, namespace: str
) -> None:
    quota = kubectl("get", "quota", "-n", namespace, "-o", "name").strip()
    patch = '{"spec":{"hard":{"pods":"60"}}}'
    kubectl("patch", quota, "-n", namespace, "--field-manager=eve", "--type=merge", "-p", patch)
    (drift,) = provisioned(workspace, namespace, "--check", code=1)["drift"]
    assert (drift["what"], drift["by"]) == ("spec.hard.pods is 60 and was 50", "eve")
    waiting = provisioned(workspace, namespace, code=3)
    assert waiting["approval"]
    assert workspace.desk("approvals", "reject", waiting["approval"], "--reason", "let it be").returncode == 0
    workspace.desk("resume", waiting["session"])
    kubectl("patch", quota, "-n", namespace, "--field-manager=eve", "--type=merge", "-p", patch.replace("60", "50"))


def test_more_and_somebody_elses_namespace_are_asked_and_what_is_used_is_told(
    workspace: Workspace, namespace: str
) -> None:
    more = provisioned(workspace, namespace, "--cpu", "2", code=3)
    shown = workspace.desk("approvals", "show", more["approval"]).stdout
    assert "loosens hard limits.cpu 1 -> 2" in shown or "limits.cpu: '2'" in shown

    lower = provisioned(workspace, namespace, "--cpu", "150m", "--dry-run")
    assert re.search("limits.cpu: [24]00m are used and 150m would be allowed", lower["summary"])


def test_who_adopts_a_namespace_is_told_what_it_means_and_a_rollout_without_room_never_ends(
    workspace: Workspace, namespace: str
) -> None:
    other = f"{namespace}-other"
    kubectl("create", "namespace", other)
    try:
        kubectl("label", "namespace", other, "team=old", "--field-manager=eve")
        kubectl("create", "secret", "generic", "login", "-n", other)
        kubectl("apply", "-n", other, "-f", "-", stdin=FULL)
        kubectl("rollout", "status", "deployment/full", "-n", other, "--timeout=50s")
        asked = provisioned(workspace, other, "dev", "--cpu", "400m", code=3)
        why = workspace.desk("approvals", "show", asked["approval"]).stdout
        for told in (
            "adopt namespace", "limits.cpu 400m of 400m", "pods 2 of 50", "secrets 1 of 50", "configmaps 1 of 50",
            "(and 1 other pod): privileged", "requests.cpu: 400m are used and 200m would be allowed",
            "Deployment full: its next rollout can never end, for with maxUnavailable 0",
            f'in Namespace {other} metadata.labels.team is "old" by eve, and would be "{other}"',
        ):  # fmt: skip
            assert told in why
        assert "default-deny" not in kubectl("get", "networkpolicy", "-n", other, "-o", "name")

        assert (
            workspace.desk("approvals", "approve", asked["approval"], kubeconfig=approver(workspace)).returncode
            == 0
        )
        assert workspace.desk("resume", asked["session"]).returncode == 0
        checked = provisioned(workspace, other, "--check")
        (warning,) = checked["warnings"]
        assert "Deployment full: its next rollout can never end" in warning
        assert "200m of limits.cpu, where 400m of 400m are used" in warning
    finally:
        kubectl("delete", "namespace", other, "--wait=false")


def approver(workspace: Workspace) -> str:
    """The kubeconfig of another administrator."""
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    document["users"][0]["user"] |= {"as": "boss@example.com", "as-groups": ["system:masters"]}
    file = workspace.root.parent / "boss"
    file.write_text(yaml.safe_dump(document))
    return str(file)


def test_another_role_is_a_new_binding_first_and_then_the_old_one_goes(
    workspace: Workspace, namespace: str
) -> None:
    asked = provisioned(workspace, namespace, "--members", ANN, "--viewers", f"{EVE},{ANNE}", code=3)
    bindings = [
        (each["planned"], each["object"].rpartition("-")[0])
        for each in asked["resources"]
        if each["planned"] != "unchanged"
    ]
    assert bindings == [
        ("changed", "ResourceQuota/" + namespace.rpartition("-")[0]),
        ("created", "RoleBinding/view-user"),
        ("deleted", "RoleBinding/edit-user"),
    ]
    assert workspace.desk("cancel", asked["session"]).returncode == 0


@pytest.fixture
def refusing() -> Iterator[str]:
    """A namespace's name, in which a policy of the cluster refuses `allow-dns` until it is told to stop."""
    name = f"desk-prov-{secrets.token_hex(3)}-dev"
    rule = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["networkpolicies"]}  # fmt: skip
    denied = f"object.metadata.name != 'allow-dns' || !object.metadata.namespace.startsWith('{name}')"
    group = "admissionregistration.k8s.io/v1"
    policy = {
        "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {"matchConstraints": {"resourceRules": [rule]},
                 "validations": [{"expression": denied, "message": "no names here"}]},
    }  # fmt: skip
    binding = {
        "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }  # fmt: skip
    kubectl("create", "namespace", f"{name}-trial")
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all([policy, binding]))
    try:
        _wait_until_it_denies(f"{name}-trial")
        yield name
    finally:
        kubectl("delete", "namespace", name, f"{name}-trial", "--wait=false", "--ignore-not-found")
        _stop_refusing(name)


def _stop_refusing(name: str) -> None:
    kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name, "--ignore-not-found")


def _wait_until_it_denies(namespace: str, *, denies: bool = True) -> None:
    """The API server notices an admission policy a little later."""
    metadata = {"name": "allow-dns", "namespace": namespace}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata,
            "spec": {"podSelector": {}}}  # fmt: skip
    for _ in range(100):
        done = subprocess.run(
            ["kubectl", "--kubeconfig", KUBECONFIG, "create", "--dry-run=server", "-f", "-"],
            input=json.dumps(body), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if ("no names here" in done.stderr) == denies:
            return
    raise AssertionError(done.stderr)


def test_what_is_refused_in_the_middle_is_told_and_the_next_run_completes(
    workspace: Workspace, refusing: str
) -> None:
    failed = provisioned(workspace, refusing, code=1)
    results = {each["object"]: each["result"] for each in failed["resources"]}
    assert results[f"Namespace/{refusing}"] == results["NetworkPolicy/default-deny"] == "created"
    assert results["NetworkPolicy/allow-dns"] == results["ServiceAccount/ci"] == "skipped"
    assert "no names here" in failed["errors"][0]

    _stop_refusing(refusing)
    _wait_until_it_denies(f"{refusing}-trial", denies=False)
    done = provisioned(workspace, refusing)
    results = {each["object"]: each["result"] for each in done["resources"]}
    assert results[f"Namespace/{refusing}"] == results["NetworkPolicy/default-deny"] == "unchanged"
    assert results["NetworkPolicy/allow-dns"] == results["ServiceAccount/ci"] == "created"
    assert provisioned(workspace, refusing, "--check")["drift"] == []


def test_what_is_lost_with_a_namespace_is_told_and_always_asked(workspace: Workspace, namespace: str) -> None:
    kubectl("create", "secret", "generic", "login", "-n", namespace, "--as", ANN)
    document = document_of(workspace, "deprovision-namespace", namespace, code=3)
    for lost in ("1 Deployment (web)", "1 Service (web)", "1 Secret (login)", ANN, EVE):
        assert lost in document["summary"]
    assert workspace.desk("cancel", document["session"]).returncode == 0
    kubectl("get", "namespace", namespace)
    gone = document_of(workspace, "deprovision-namespace", f"{namespace}-none")
    assert "is not there" in gone["summary"]


def test_every_object_passes_the_judges(tmp_path: Path) -> None:
    wanted = specified("shop-dev", {"members": ["ann@example.com"], "group": "oidc:shop", "storage": "20Gi"}, None)
    around = surroundings(connect(Where(KUBECONFIG)))
    assert around.api_servers
    bodies = [body for _, made in guardrails.objects(wanted, around) for body in made]
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(bodies))
    schemas = "../shared/kube/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json"
    judged = subprocess.run(
        ["kubeconform", "-strict", "-summary", "-schema-location", schemas, str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert f"Valid: {len(bodies)}" in judged.stdout
    assert shutil.which("kube-score")
    # The pods that the policies are for come later.
    scored = subprocess.run(
        ["kube-score", "score", "--ignore-test", "networkpolicy-targets-pod", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert scored.returncode == 0, scored.stdout
