"""The ground a worker's sessions stand on: its namespace, the approver, the objects, and who else may look."""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tests.chaos.script import LIMIT_BEFORE, Names
from tools.json import Json

APPS, CORE = "/apis/apps/v1", "/api/v1"
GREETING = {"greeting": "hello"}
"""What a ConfigMap holds."""
ROLES = "/apis/rbac.authorization.k8s.io/v1"
APPROVER = "approver"


class Refused(Exception):
    """The API server said no."""


@dataclass(frozen=True)
class Access:
    """The test cluster, as its admin."""

    server: str
    ca: str
    certificate: bytes
    key: bytes

    @classmethod
    def of(cls, kubeconfig: str) -> Access:
        """From the test cluster's kubeconfig."""
        document = yaml.safe_load(Path(kubeconfig).read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        raw = [
            base64.b64decode(data)
            for data in (
                cluster["certificate-authority-data"], user["client-certificate-data"], user["client-key-data"],
            )
        ]  # fmt: skip
        return cls(cluster["server"], raw[0].decode(), raw[1], raw[2])

    def tls(self, *, with_certificate: bool) -> ssl.SSLContext:
        """Trust in the cluster; with the admin's certificate, or as whoever a token says."""
        context = ssl.create_default_context(cadata=self.ca)
        if with_certificate:
            with tempfile.NamedTemporaryFile() as file:
                file.write(self.certificate + b"\n" + self.key)
                file.flush()
                context.load_cert_chain(file.name)
        return context


class Api:
    """Requests to the API server as its admin, past every proxy. One thread at a time."""

    def __init__(self, access: Access) -> None:
        self._tls = access.tls(with_certificate=True)
        self._netloc = urlsplit(access.server).netloc
        self._connection: http.client.HTTPSConnection | None = None

    def get(self, path: str) -> Json | None:
        """An object; None when there is none."""
        status, answer = self._send("GET", path)
        if status == 404:
            return None
        return _fine("GET", path, status, answer)

    def create(self, path: str, body: Json) -> Json:
        """A new object."""
        status, answer = self._send("POST", path, body)
        return _fine("POST", path, status, answer)

    def delete(self, path: str) -> None:
        """Delete an object, if it is there."""
        status, answer = self._send("DELETE", path)
        if status != 404:
            _fine("DELETE", path, status, answer)

    def _send(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(self._netloc, context=self._tls, timeout=60)
        headers = {"User-Agent": "chaos", "Content-Type": "application/json"}
        try:
            self._connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except (http.client.HTTPException, OSError):
            self._connection.close()
            self._connection = None
            raise


def _fine(method: str, path: str, status: int, answer: Json) -> Json:
    if status >= 400:
        raise Refused(f"{method} {path}: {status} {answer.get('message', '')}")
    return answer


class Ground:
    """A namespace of dev, and in it the objects of one session after the other."""

    def __init__(self, access: Access) -> None:
        self.api = Api(access)
        self.namespace = f"chaos-{os.getpid()}-{secrets.token_hex(3)}"

    def make(self) -> str:
        """Make the namespace and the approver, who may edit there; gives the approver's token."""
        metadata = {"name": self.namespace, "labels": {"environment": "dev"}}
        self.api.create(f"{CORE}/namespaces", {"metadata": metadata})
        accounts = f"{CORE}/namespaces/{self.namespace}/serviceaccounts"
        self.api.create(accounts, {"metadata": {"name": APPROVER}})
        binding = {
            "metadata": {"name": APPROVER},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"kind": "ServiceAccount", "name": APPROVER, "namespace": self.namespace}],
        }
        self.api.create(f"{ROLES}/namespaces/{self.namespace}/rolebindings", binding)
        asked: Json = {"spec": {"expirationSeconds": 14_400}}
        return str(self.api.create(f"{accounts}/{APPROVER}/token", asked)["status"]["token"])

    @property
    def approver(self) -> str:
        """Who the cluster says the approver is."""
        return f"system:serviceaccount:{self.namespace}:{APPROVER}"

    def remove(self) -> None:
        """Let the cluster delete the namespace with all that is in it."""
        self.api.delete(f"{CORE}/namespaces/{self.namespace}")

    def place(self, names: Names) -> None:
        """The objects of a session of Desk. A Deployment of no replicas costs no pod."""
        for name in (names.limited, names.restarted):
            self.api.create(f"{APPS}/namespaces/{self.namespace}/deployments", _deployment(name))
        self.place_map(names.deleted)

    def place_map(self, name: str) -> None:
        """A ConfigMap."""
        body = {"metadata": {"name": name}, "data": GREETING}
        self.api.create(f"{CORE}/namespaces/{self.namespace}/configmaps", body)

    def clear(self, objects: list[tuple[str, str]]) -> None:
        """Delete what a session leaves: (resource, name)."""
        for resource, name in objects:
            self.api.delete(self.path(resource, name))

    def live(self, resource: str, name: str) -> Json | None:
        """An object as it is; None when it is gone."""
        return self.api.get(self.path(resource, name))

    def path(self, resource: str, name: str) -> str:
        """Where an object is."""
        group = APPS if resource == "deployments" else CORE
        return f"{group}/namespaces/{self.namespace}/{resource}/{name}"


def _deployment(name: str) -> Json:
    container = {"name": "app", "image": "busybox:1", "resources": {"limits": {"memory": LIMIT_BEFORE}}}
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }
