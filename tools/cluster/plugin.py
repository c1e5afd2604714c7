"""Credentials from a program that the kubeconfig names under `exec`: run as kubectl runs it.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tools.cluster.errors import MESSAGE_LIMIT_CHARS, ClusterSettingsError
from tools.json import Json

EXPIRES_EARLY = timedelta(seconds=10)
"""A token that is about to expire may not live until it arrives."""
SILENT_S = 120.0
"""How long a program may take that nobody can answer."""

_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_CLUSTER_FIELDS = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority-data",
    "proxy-url",
    "disable-compression",
)


class Credential(NamedTuple):
    """What a program gave: a token, or a certificate with its key (PEM), or both; `expires` None: never."""

    token: str
    certificate: bytes
    expires: datetime | None


class Plugin:
    """The program of a user's `exec`. It is run anew when what it gave has expired; threads may share it."""

    def __init__(self, spec: Json, cluster: Json) -> None:
        self._spec, self._cluster = spec, cluster
        self._given: Credential | None = None
        self._guard = threading.Lock()

    def credential(self) -> Credential:
        """What it gave last, if that is still good, or gives now; `ClusterSettingsError` when it gives nothing."""
        with self._guard:
            if self._given is None or _is_over(self._given):
                self._given = self._run()
            return self._given

    def authorization(self) -> str | None:
        """The header's value, as it is now."""
        token = self.credential().token
        return f"Bearer {token}" if token else None

    def _run(self) -> Credential:
        if self._spec.get("apiVersion") not in _VERSIONS:
            raise self._failure(
                f"is of apiVersion {self._spec.get('apiVersion')}; known are {', '.join(_VERSIONS)}"
            )
        said = self._output()
        try:
            document = json.loads(said)
            if document["apiVersion"] != self._spec["apiVersion"]:
                raise self._failure(f"answered with apiVersion {document['apiVersion']}")
            return _credential(document["status"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise self._failure("did not answer with credentials (an ExecCredential with its status)") from error

    def _output(self) -> bytes:
        spec, interactive = self._spec, self._is_interactive()
        given = {item["name"]: item["value"] for item in spec.get("env") or ()}
        try:
            done = subprocess.run(  # noqa: S603
                [spec["command"], *(spec.get("args") or ())],
                env={**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(self._info(interactive))},
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if interactive else subprocess.PIPE,
                timeout=None if interactive else SILENT_S,
                check=False,
            )
        except OSError as error:
            raise self._failure(f"cannot be run ({error.strerror or error})") from error
        except subprocess.TimeoutExpired as error:
            raise self._failure(f"gave no answer in {SILENT_S:.0f} s") from error
        if done.returncode:
            why = " ".join((done.stderr or b"").decode("utf-8", "replace").split())[:MESSAGE_LIMIT_CHARS]
            raise self._failure(f"failed with exit code {done.returncode}{': ' if why else ''}{why.rstrip('.')}")
        return done.stdout

    def _is_interactive(self) -> bool:
        mode = self._spec.get("interactiveMode") or "IfAvailable"
        terminal = sys.stdin is not None and sys.stdin.isatty()
        if mode == "Always" and not terminal:
            raise self._failure("wants to ask you something, and there is no terminal")
        return terminal and mode != "Never"

    def _info(self, interactive: bool) -> Json:
        asked: Json = {"interactive": interactive}
        if self._spec.get("provideClusterInfo"):
            asked["cluster"] = _described(self._cluster)
        return {"apiVersion": self._spec["apiVersion"], "kind": "ExecCredential", "spec": asked}

    def _failure(self, what: str) -> ClusterSettingsError:
        hint = " ".join(str(self._spec.get("installHint") or "").split())[:MESSAGE_LIMIT_CHARS]
        said = f"The kubeconfig takes its credentials from the program {self._spec['command']}, which {what}."
        return ClusterSettingsError(f"{said} {hint or 'Log in again, or mend it; kubectl auth whoami tries it.'}")


def _is_over(given: Credential) -> bool:
    return given.expires is not None and datetime.now(UTC) >= given.expires - EXPIRES_EARLY


def _credential(status: Json) -> Credential:
    token = status.get("token") or ""
    certificate, key = status.get("clientCertificateData") or "", status.get("clientKeyData") or ""
    if bool(certificate) != bool(key) or not (token or key):
        raise ValueError("neither a token nor a certificate with its key")
    until = status.get("expirationTimestamp")
    expires = datetime.fromisoformat(until).astimezone(UTC) if until else None
    return Credential(token, f"{certificate}\n{key}".encode() if key else b"", expires)


def _described(cluster: Json) -> Json:
    """The cluster as a program is told of it. Source: the kind ExecCredential of client.authentication.k8s.io."""
    told = {name: cluster[name] for name in _CLUSTER_FIELDS if cluster.get(name)}
    if (file := cluster.get("certificate-authority")) and "certificate-authority-data" not in told:
        told["certificate-authority-data"] = base64.b64encode(Path(file).read_bytes()).decode()
    for extension in cluster.get("extensions") or ():
        if extension["name"] == "client.authentication.k8s.io/exec":
            told["config"] = extension["extension"]
    return told
