"""A webhook and an admission policy of a real cluster that refuse pods."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import (
    AdmissionregistrationV1Api,
    ApiClient,
    ApiException,
    CoreV1Api,
)
from kubernetes.utils import create_from_dict

from tests.tools.diagnose.diagnose_faults import deployment
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.diagnose.typed_remedies import not_working
from tools.diagnose.diagnose import diagnose
from tools.json import Json

pytestmark = [
    *ON_A_CLUSTER,
    pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl for the webhook's certificate"),
]

WITHIN_S = 60
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
REFUSED = "images must come from registry.example.com"


class Webhook(BaseHTTPRequestHandler):
    """Denies every pod."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": review["request"]["uid"], "allowed": False, "status": {"message": REFUSED}}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": answer})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def webhook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bytes]]:
    """Its URL and its certificate."""
    folder = tmp_path_factory.mktemp("webhook")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    _certify(key, certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/pods", certificate.read_bytes()
        server.shutdown()


def _certify(key: Path, certificate: Path) -> None:
    asked = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=webhook -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *asked.split(), *files], check=True, capture_output=True)


def _hook(name: str, namespace: str, url: str, certificate: bytes) -> Json:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "images.policy.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "namespaceSelector": _only(namespace),
                "objectSelector": {"matchLabels": {"app": "hooked"}},
                "clientConfig": {"url": url, "caBundle": base64.b64encode(certificate).decode()},
                "rules": [PODS],
            }
        ],
    }


def _policy(name: str, namespace: str) -> list[Json]:
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    rule = {"expression": "object.metadata.labels['app'] != 'unwanted'", "message": "unwanted is not wanted here"}
    return [
        {
            **kind,
            "kind": "ValidatingAdmissionPolicy",
            "spec": {"matchConstraints": {"resourceRules": [PODS]}, "validations": [rule]},
        },
        {
            **kind,
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {
                "policyName": name,
                "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": _only(namespace)},
            },
        },
    ]


def _only(namespace: str) -> Json:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


@pytest.fixture(scope="module")
def namespace(webhook: tuple[str, bytes]) -> Iterator[str]:
    """With a policy and a webhook that are for it alone."""
    api = administrator()
    policies = AdmissionregistrationV1Api(api)
    with new_namespace(api, "policies") as name, ExitStack() as stack:
        for item in (_hook(name, name, *webhook), *_policy(name, name)):
            create_from_dict(api, item)
        stack.callback(policies.delete_validating_webhook_configuration, name)
        stack.callback(policies.delete_validating_admission_policy_binding, name)
        stack.callback(policies.delete_validating_admission_policy, name)
        _until_refused(api, name)
        for app in ("hooked", "unwanted", "well"):
            create_from_dict(api, deployment(app, {}), namespace=name)
        yield name


def _until_refused(api: ApiClient, namespace: str) -> None:
    """The API server takes a new policy into account after a while only."""
    pod = {"containers": [{"name": "app", "image": "busybox:1"}]}
    waiting, until = {"hooked", "unwanted"}, time.monotonic() + 30
    while waiting and time.monotonic() < until:
        for app in sorted(waiting):
            try:
                body: Any = {"metadata": {"generateName": "try-", "labels": {"app": app}}, "spec": pod}
                CoreV1Api(api).create_namespaced_pod(namespace, body, dry_run="All")
            except ApiException as error:
                waiting -= {app} if "denied" in str(error) else set()
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("name", "cause", "detail"),
    [
        (
            "hooked",
            "WebhookDenied",
            f"admission webhook images.policy.example.com denies the pods of Deployment hooked: {REFUSED}",
        ),
        ("unwanted", "FailedCreate", "denies it: unwanted is not wanted here"),
    ],
)
def test_who_refuses_is_told_with_what_he_says(
    namespace: str, name: str, cause: str, detail: str, tmp_path: Path
) -> None:
    cluster = diagnosed()
    until = time.monotonic() + WITHIN_S
    while True:
        findings = diagnose(cluster, namespace=namespace)["findings"]
        found = {each["object"]["name"]: (each["cause"], each["summary"]) for each in findings}
        if name in found or time.monotonic() > until:
            break
        time.sleep(1)
    assert found.keys() <= {"hooked", "unwanted"}
    assert found[name][0] == cause
    assert detail in found[name][1]
    assert not_working(findings, tmp_path) == []
