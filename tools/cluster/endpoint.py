"""Where a cluster is and how it is entered: what of a kubeconfig a client needs.

A plain kubeconfig (certificates or a token, and nothing that must be run or refreshed) is read here, which takes
milliseconds. Everything else is the `kubernetes` client's, which knows exec plugins, auth providers, proxies and
every way a kubeconfig can be wrong, and takes half a second to import.
"""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.cluster.errors import ClusterSettingsError
from tools.cluster.transport import Direct, Pooled, Transport

if TYPE_CHECKING:
    from kubernetes.client import Configuration

Json = dict[str, Any]

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_CLUSTER_FIELDS = frozenset(
    ["server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"]
)
_USER_FIELDS = frozenset(
    ["client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile"]
)


class NotPlain(Exception):
    """This kubeconfig is not as simple as that: the `kubernetes` client reads it, or says what is wrong."""


class Endpoint(NamedTuple):
    """A cluster, ready to be talked to. `authorization` gives the header's value, as it is now."""

    host: str
    transport: Transport
    authorization: Callable[[], str | None]
    namespace: str
    fingerprint: str


def fingerprint_of(host: str, ca: bytes, *, verified: bool) -> str:
    """`sha256:...` of the cluster's CA certificate (PEM) if TLS checks it, else the server's address.

    Two clients with the same CA talk to the same cluster, whatever address they use.
    """
    if not ca or not verified:  # a CA that is not checked proves nothing
        return host
    return "sha256:" + hashlib.sha256(ca.strip()).hexdigest()


def plain_endpoint(document: object, folder: Path, context: str | None) -> Endpoint:
    """The endpoint of a plain kubeconfig; relative paths in it start at `folder`. Raises `NotPlain`."""
    try:
        return _plain(document, folder, context)
    except (LookupError, TypeError, ValueError, AttributeError, OSError, StopIteration) as error:
        raise NotPlain from error


def endpoint_of(configuration: Configuration, namespace: str) -> Endpoint:
    """The endpoint that the `kubernetes` client makes of a configuration, with its proxies and refreshed tokens."""
    from kubernetes.client import ApiClient
    from urllib3.util.ssl_ import create_urllib3_context

    ca: Any = configuration.ca_cert_data
    if ca is None and configuration.ssl_ca_cert:
        ca = Path(configuration.ssl_ca_cert).read_bytes()
    host = str(configuration.host)
    raw = ca.encode() if isinstance(ca, str) else (ca or b"")
    pool = ApiClient(configuration).rest_client.pool_manager
    if host.startswith("https://"):
        tls = create_urllib3_context()  # the client adds its certificates to it
        tls.check_hostname = bool(configuration.verify_ssl)
        if not raw:
            tls.load_default_certs()
        pool.connection_pool_kw["ssl_context"] = _no_stricter_than_kubectl(tls)
    return Endpoint(
        host=host,
        transport=Pooled(host, pool),
        authorization=lambda: configuration.auth_settings().get("BearerToken", {}).get("value"),
        namespace=namespace,
        fingerprint=fingerprint_of(host, raw, verified=bool(configuration.verify_ssl)),
    )


def _plain(document: Any, folder: Path, context: str | None) -> Endpoint:
    if any(os.environ.get(name) or os.environ.get(name.lower()) for name in _PROXIES):
        raise NotPlain
    chosen = _named(document["contexts"], context or document["current-context"])["context"]
    cluster = _fields(_named(document["clusters"], chosen["cluster"])["cluster"], _CLUSTER_FIELDS)
    user = _fields(_named(document["users"], chosen["user"])["user"] or {}, _USER_FIELDS)
    host = cluster["server"].rstrip("/")
    if not host.startswith(("https://", "http://")):
        raise NotPlain
    ca = _content(cluster, "certificate-authority", folder)
    unverified = cluster.get("insecure-skip-tls-verify", False)
    if not isinstance(unverified, bool):
        raise ClusterSettingsError(
            f'The kubeconfig says insecure-skip-tls-verify: "{unverified}", which is a text. Say true or false.'
        )
    verified = host.startswith("https://") and not unverified
    return Endpoint(
        host=host,
        transport=Direct(host, _tls(ca, verified, user, folder) if host.startswith("https://") else None),
        authorization=_authorization(user, folder),
        namespace=str(chosen.get("namespace") or "default"),
        fingerprint=fingerprint_of(host, ca, verified=verified),
    )


def _named(items: list[Json], name: str) -> Json:
    return next(item for item in items if item["name"] == name)


def _fields(item: Json, known: frozenset[str]) -> Json:
    if not item.keys() <= known:
        raise NotPlain
    return item


def _content(item: Json, field: str, folder: Path) -> bytes:
    """What a field holds as `FIELD-data`, or in the file that it names; empty when there is neither."""
    if item.get(f"{field}-data"):
        return base64.b64decode(item[f"{field}-data"], validate=True)
    return (folder / item[field]).read_bytes() if item.get(field) else b""


def _authorization(user: Json, folder: Path) -> Callable[[], str | None]:
    if token := user.get("token"):
        return lambda: f"Bearer {token}"
    if not (file := user.get("tokenFile")):
        return lambda: None
    path = folder / file
    path.read_text()  # one that cannot be read is told at once
    return lambda: f"Bearer {path.read_text().strip()}"  # it is renewed by whoever wrote it


def _tls(ca: bytes, verified: bool, user: Json, folder: Path) -> ssl.SSLContext:
    tls = _no_stricter_than_kubectl(ssl.create_default_context(cadata=ca.decode("ascii") if ca else None))
    if not verified:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate = _content(user, "client-certificate", folder)
    if certificate:
        _load_certificate(tls, certificate + b"\n" + _content(user, "client-key", folder))
    return tls


def _no_stricter_than_kubectl(tls: ssl.SSLContext) -> ssl.SSLContext:
    """Since 3.13 Python refuses a CA without a key usage, as many clusters have; kubectl never did.

    Source: https://docs.python.org/3/library/ssl.html#ssl.create_default_context
    """
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return tls


def _load_certificate(tls: ssl.SSLContext, pem: bytes) -> None:
    """OpenSSL takes a certificate and its key from a file only: one in memory, where the system has such."""
    if not hasattr(os, "memfd_create"):
        import tempfile

        with tempfile.NamedTemporaryFile(prefix="desk-") as file:
            file.write(pem)
            file.flush()
            tls.load_cert_chain(file.name)
        return
    with os.fdopen(os.memfd_create("desk", os.MFD_CLOEXEC), "wb") as memory:
        memory.write(pem)
        memory.flush()
        tls.load_cert_chain(f"/proc/self/fd/{memory.fileno()}")
