"""A namespace with guardrails on the real cluster: usable from its first minute, and safe."""

from __future__ import annotations

import base64
import json
import re
import secrets
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


@dataclass
class Webhook:
    """An admission webhook that says no to `allow-dns` in its namespaces until it is told to stop."""

    name: str
    refuses: bool = True

    def answer(self, review: Any) -> Any:
        """To an AdmissionReview. Source: https://kubernetes.io/docs/reference/access-authn-authz/
        extensible-admission-controllers/"""
        request = review["request"]
        allowed = not self.refuses or request.get("name") != "allow-dns"
        response = {"uid": request["uid"], "allowed": allowed, "status": {"message": "no names here"}}
        return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

    def configuration(self, port: int, certificate: bytes) -> Any:
        rule = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["networkpolicies"]}  # fmt: skip
        mine = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [self.name, f"{self.name}-trial"]}
        where = {"url": f"https://127.0.0.1:{port}/", "caBundle": base64.b64encode(certificate).decode()}
        webhook = {
            "name": "names.example.com", "rules": [rule], "namespaceSelector": {"matchExpressions": [mine]},
            "clientConfig": where, "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 5,
        }  # fmt: skip
        return {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": self.name}, "webhooks": [webhook],
        }  # fmt: skip


@pytest.fixture
def webhook(tmp_path: Path) -> Iterator[Webhook]:
    """At work; its name is that of a namespace that is not there yet."""
    made = Webhook(f"desk-prov-{secrets.token_hex(3)}-dev")

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = json.dumps(made.answer(review)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=webhook",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kubectl("create", "namespace", f"{made.name}-trial")
    try:
        configuration = made.configuration(server.server_address[1], certificate.read_bytes())
        kubectl("apply", "-f", "-", stdin=json.dumps(configuration))
        _wait_until_it_denies(f"{made.name}-trial")
        yield made
    finally:
        kubectl("delete", "validatingwebhookconfiguration", made.name, "--ignore-not-found")
        kubectl("delete", "namespace", made.name, f"{made.name}-trial", "--wait=false", "--ignore-not-found")
        server.shutdown()


def _wait_until_it_denies(namespace: str) -> None:
    """The API server notices a webhook a little later."""
    metadata = {"name": "allow-dns", "namespace": namespace}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata,
            "spec": {"podSelector": {}}}  # fmt: skip
    for _ in range(100):
        done = subprocess.run(
            ["kubectl", "--kubeconfig", KUBECONFIG, "create", "--dry-run=server", "-f", "-"],
            input=json.dumps(body), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if "no names here" in done.stderr:
            return
    raise AssertionError(done.stderr)


def test_what_is_refused_in_the_middle_is_told_and_the_next_run_completes(
    workspace: Workspace, webhook: Webhook
) -> None:
    refusing = webhook.name
    failed = provisioned(workspace, refusing, code=1)
    results = {each["object"]: each["result"] for each in failed["resources"]}
    assert results[f"Namespace/{refusing}"] == results["NetworkPolicy/default-deny"] == "created"
    assert results["NetworkPolicy/allow-dns"] == results["ServiceAccount/ci"] == "skipped"
    assert "no names here" in failed["errors"][0]

    webhook.refuses = False
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


def test_every_object_passes_the_judges(namespace: str, tmp_path: Path) -> None:
    more = {"kubeconfigs": True, "pull_secret": "registry-login"}
    given = {"members": ["ann@example.com"], "group": "oidc:shop", "storage": "20Gi", **more}
    wanted = specified(namespace, given, None)
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
    server_side = ("--server-side", "--force-conflicts", "--field-manager=judge")
    said = kubectl("apply", *server_side, "--dry-run=server", "-f", str(file))
    assert said.count("serverside-applied (server dry run)") == len(bodies)
