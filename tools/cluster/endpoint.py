"""Where a cluster is and how it is entered: what of a kubeconfig a client needs.

Who we are is read in `login`, most addresses here, which takes milliseconds. What else there is (a proxy, a TLS
name of its own, a password, an auth provider) is the `kubernetes` client's, which takes half a second to import.
"""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.cluster.kubeconfig import Chosen, Unusable
from tools.cluster.login import LOGIN_FIELDS, Login, content
from tools.cluster.proxy import proxy_of
from tools.cluster.transport import Direct, Headers, Pooled, Transport
from tools.json import Json

if TYPE_CHECKING:
    from kubernetes.client import Configuration

_CLUSTER_FIELDS = frozenset(
    ["server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "extensions"]
)


class NotPlain(Exception):
    """This kubeconfig is not as simple as that: the `kubernetes` client reads it, or says what is wrong."""


class Endpoint(NamedTuple):
    """A cluster, ready to be talked to. `authorization` gives the header's value, as it is now."""

    host: str
    transport: Transport
    authorization: Callable[[], str | None]
    impersonation: Headers
    namespace: str
    fingerprint: str
    authority: bytes
    """The CA certificate (PEM) that its TLS is checked by; empty: what the system trusts, or nothing."""


def fingerprint_of(host: str, ca: bytes, *, verified: bool) -> str:
    """`sha256:...` of the cluster's CA certificate (PEM) if TLS checks it, else the server's address.

    Two clients with the same CA talk to the same cluster, whatever address they use.
    """
    if not ca or not verified:  # a CA that is not checked proves nothing
        return host
    return "sha256:" + hashlib.sha256(ca.strip()).hexdigest()


def plain_endpoint(chosen: Chosen, login: Login) -> Endpoint:
    """The endpoint of a plain kubeconfig. Raises `NotPlain`."""
    try:
        return _plain(chosen, login)
    except (LookupError, TypeError, ValueError, AttributeError, OSError) as error:
        raise NotPlain from error


def endpoint_of(configuration: Configuration, login: Login, namespace: str) -> Endpoint:
    """The endpoint that the `kubernetes` client makes of a configuration, with its proxy and refreshed tokens."""
    from kubernetes.client import ApiClient

    host, verified = str(configuration.host), bool(configuration.verify_ssl)
    ca = Path(configuration.ssl_ca_cert).read_bytes() if configuration.ssl_ca_cert else b""
    pool = ApiClient(configuration).rest_client.pool_manager
    if host.startswith("https://"):
        pool.connection_pool_kw["ssl_context"] = _tls(ca, verified, login.certificate)

    def authorization() -> str | None:
        own: str | None = configuration.auth_settings().get("BearerToken", {}).get("value")
        return login.authorization() or own

    return Endpoint(
        host=host,
        transport=Pooled(host, pool),
        authorization=authorization,
        impersonation=login.impersonation,
        namespace=namespace,
        fingerprint=fingerprint_of(host, ca, verified=verified),
        authority=ca if verified else b"",
    )


def _plain(chosen: Chosen, login: Login) -> Endpoint:
    cluster = chosen.cluster
    host = cluster["server"].rstrip("/")
    plain = cluster.keys() <= _CLUSTER_FIELDS and chosen.user.keys() <= LOGIN_FIELDS | {"extensions"}
    if not plain or not host.startswith(("https://", "http://")) or proxy_of(host, os.environ):
        raise NotPlain
    ca = content(cluster, "certificate-authority")
    verified = not is_unverified(cluster) and host.startswith("https://")
    return Endpoint(
        host=host,
        transport=Direct(host, _tls(ca, verified, login.certificate) if host.startswith("https://") else None),
        authorization=login.authorization,
        impersonation=login.impersonation,
        namespace=chosen.namespace,
        fingerprint=fingerprint_of(host, ca, verified=verified),
        authority=ca if verified else b"",
    )


def is_unverified(cluster: Json) -> bool:
    """Whether TLS is not to be checked: never guessed from a text."""
    unverified = cluster.get("insecure-skip-tls-verify", False)
    if not isinstance(unverified, bool):
        raise Unusable(f'it says insecure-skip-tls-verify: "{unverified}", which is a text; say true or false')
    return unverified


def _tls(ca: bytes, verified: bool, certificate: bytes) -> ssl.SSLContext:
    try:
        tls = _no_stricter_than_kubectl(ssl.create_default_context(cadata=ca.decode("ascii") if ca else None))
        if certificate:
            _load_certificate(tls, certificate)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise Unusable(f"a certificate or key that it gives is no such thing ({error})") from error
    if not verified:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
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
