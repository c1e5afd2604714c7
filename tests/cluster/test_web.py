"""The page on a real cluster: tokens that its API server reviews, and a change that is approved there and made."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey
from joserfc.jwt import encode

from tests import forked
from tests.agent.web.serving import forms
from tests.cluster.conftest import Workspace, kubectl

pytestmark = pytest.mark.cluster

SIGNING_KEY = Path(os.environ.get("DESK_KUBE_DIR", "/var/lib/desk-kube")) / "pki" / "sa.key"
HOST = "desk.example.com"
UP_WITHIN_S = 90.0
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "desk/web:1"}]}
"""


class Visitor:
    """A browser behind what ends TLS: it keeps one cookie, and sends what a browser sends with a form."""

    def __init__(self, port: int) -> None:
        headers = {"Host": HOST, "Origin": f"https://{HOST}", "Sec-Fetch-Site": "same-origin"}
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)

    def get(self, path: str) -> httpx.Response:
        return self._kept(self._client.get(path))

    def post(self, path: str, data: dict[str, str]) -> httpx.Response:
        return self._kept(self._client.post(path, data=data))

    def log_in(self, token: str) -> httpx.Response:
        return self.post("/login/token", {**forms(self.get("/login"))["/login/token"], "kubernetes_token": token})

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        """It speaks no TLS here, and so would not send what is Secure."""
        if said := answer.headers.get("set-cookie"):
            assert said.startswith("__Host-desk=") and "Secure" in said
            self._client.headers["Cookie"] = said.partition(";")[0]
        return answer


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    name = f"desk-web-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "environment=qa")
    kubectl("apply", "-n", name, "-f", "-", stdin=WEB)
    for account in ("ana", "vic"):
        kubectl("create", "serviceaccount", account, "-n", name)
        kubectl(
            "create", "rolebinding", account, "-n", name, "--clusterrole=edit", f"--serviceaccount={name}:{account}"
        )
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def token_of(namespace: str, account: str, audience: str = "desk") -> str:
    return kubectl("create", "token", account, "-n", namespace, "--audience", audience).strip()


def expired(token: str) -> str:
    """The same token, signed by the cluster's own key, an hour too late."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    past = {"exp": int(time.time()) - 3600, "nbf": int(time.time()) - 7200, "iat": int(time.time()) - 7200}
    return encode(header, claims | past, RSAKey.import_key(SIGNING_KEY.read_bytes()))


@pytest.fixture
def port(namespace: str, workspace: Workspace) -> Iterator[int]:
    """Of the page of a workspace, at which one more change waits than before."""
    (workspace.root / "desk.yaml").write_text(f"web: {{url: 'https://{HOST}', token_review: true}}\n")
    (workspace.root / "approvers.yaml").write_text(
        f"people: {{ana: {{kubernetes: 'system:serviceaccount:{namespace}:ana'}}}}\n"
        "rules: [{classes: [change], environments: [test], people: [ana]}]\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    serving = workspace.start("serve", "--host", "0.0.0.0", "--port", str(number))
    _wait_until_ready(number, serving)
    yield number
    serving.send_signal(15)
    out, err = serving.communicate(timeout=60)
    assert (serving.returncode, err) == (0, ""), err
    assert "/login/link" not in out


def _wait_until_ready(port: int, serving: forked.Desk) -> None:
    until = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    serving.kill()
    pytest.fail(f"not ready: {serving.communicate()}")


def test_who_the_cluster_names_decides_as_the_file_says(namespace: str, workspace: Workspace, port: int) -> None:
    asked = workspace.desk("run", f"scale web in {namespace} to 2", "--model", "playbook")
    assert asked.returncode == 3, asked.stdout + asked.stderr
    (row,) = workspace.approvals()
    path = f"/approvals/{row['id']}"
    good = token_of(namespace, "ana")

    nobody = Visitor(port)
    refused = {
        "of the API server": kubectl("create", "token", "ana", "-n", namespace).strip(),
        "for others": token_of(namespace, "ana", "other"),
        "expired": expired(good),
        "flipped": good[:-9] + ("A" if good[-9] != "A" else "B") + good[-8:],
        "none": "eyJhbGciOiJub25lIn0.e30.",
    }
    for what, token in refused.items():
        answer = nobody.log_in(token)
        assert answer.status_code == 403 and "does not take this token" in answer.text, what
        assert token not in answer.text and nobody.get("/").status_code == 303, what

    vic = Visitor(port)
    assert vic.log_in(token_of(namespace, "vic")).status_code == 303
    shown = vic.get(path)
    assert f"system:serviceaccount:{namespace}:vic is nobody in approvers.yaml" in shown.text
    assert "replicas: 2" in shown.text and f"{path}/approve" not in forms(shown)

    ana = Visitor(port)
    assert ana.log_in(good).status_code == 303
    hidden = forms(ana.get(path))[f"{path}/approve"]
    stolen = vic.post(f"{path}/approve", hidden)
    assert stolen.status_code == 403
    assert workspace.approvals() == [row]
    assert ana.post(f"{path}/approve", hidden).status_code == 303
    assert ana.post(f"{path}/approve", hidden).status_code == 409

    done = workspace.desk("resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert kubectl("get", "deployment", "web", "-n", namespace, "-o", "jsonpath={.spec.replicas}") == "2"
    assert f"by system:serviceaccount:{namespace}:ana" in ana.get(path).text
    for token in (good, *refused.values()):
        kept = [file.read_bytes() for file in (workspace.root / ".desk").glob("journal.db*")]
        assert not any(token.encode() in each for each in kept)
