"""Who we are to a cluster, by the user of a kubeconfig: a certificate, a token, a program, or as somebody else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tools.cluster.errors import ClusterSettingsError
from tools.cluster.kubeconfig import Chosen, Unusable
from tools.cluster.transport import Headers
from tools.json import Json

_CREDENTIALS = (
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "tokenFile",
)
IMPERSONATION = frozenset(["as", "as-uid", "as-groups", "as-user-extra"])
"""The fields of a user that say as whom it acts."""
LOGIN_FIELDS = IMPERSONATION | {*_CREDENTIALS, "exec"}
"""The fields of a user that are read here."""

_HEADER_SIGNS = "!#$&'*+-.^_`|~"
"""What a header's name may hold as it is, beside letters and digits. Source: RFC 9110, 5.6.2, without the %."""


class Login(NamedTuple):
    """What shows who we are: a client certificate with its key (PEM) or none, and headers.

    `authorization` gives that header's value, as it is now; `impersonation` is sent with every request.
    """

    certificate: bytes = b""
    authorization: Callable[[], str | None] = lambda: None
    impersonation: Headers = ()


def login_of(chosen: Chosen) -> Login:
    """The login of the chosen user; a program that it names is run at once, to be told early if it fails."""
    user = chosen.user
    certificate = content(user, "client-certificate")
    if certificate:
        certificate += b"\n" + content(user, "client-key")
    authorization = _authorization(user)
    if authorization is None and user.get("exec"):
        from tools.cluster.plugin import Plugin

        plugin = Plugin(user["exec"], chosen.cluster)
        certificate = plugin.credential().certificate or certificate
        authorization = plugin.authorization
    return Login(certificate, authorization or (lambda: None), impersonation_of(user))


def content(item: Json, field: str) -> bytes:
    """What a field holds as `FIELD-data`, or in the file that it names; empty when there is neither."""
    try:
        if item.get(f"{field}-data"):
            return base64.b64decode(item[f"{field}-data"], validate=True)
        return Path(item[field]).read_bytes() if item.get(field) else b""
    except ValueError as error:
        raise Unusable(f"its {field}-data is not base64") from error
    except OSError as error:
        raise Unusable(f"its {field} {item[field]} cannot be read: {error.strerror}") from error


def impersonation_of(user: Json) -> Headers:
    """The headers that ask to act as somebody else, each as often as it has values.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
    """
    groups, extra = user.get("as-groups") or (), user.get("as-user-extra") or {}
    if not user.get("as"):
        if user.get("as-uid") or groups or extra:
            raise Unusable("its user has as-uid, as-groups or as-user-extra, and no as")
        return ()
    asked = [("Impersonate-User", user["as"]), ("Impersonate-Uid", user.get("as-uid") or "")]
    asked += [("Impersonate-Group", group) for group in groups]
    asked += [
        (f"Impersonate-Extra-{quote(key, safe=_HEADER_SIGNS)}", value)
        for key, values in extra.items()
        for value in values
    ]
    return tuple((name, _sendable(value)) for name, value in asked if value)


def _sendable(value: str) -> str:
    """The text so that its UTF-8 goes over the wire, as Go sends it: `http.client` sends Latin-1."""
    if not all(sign.isprintable() or sign == "\t" for sign in value):
        raise Unusable("its user is to act as somebody whose name, group or extra holds a line break")
    return value.encode().decode("latin-1")


def _authorization(user: Json) -> Callable[[], str | None] | None:
    """A token in a file is read anew each time, for it is renewed by whoever wrote it, and comes before `token`."""
    token = f"Bearer {user['token']}" if user.get("token") else None
    if not (file := user.get("tokenFile")):
        return (lambda: token) if token else None
    path = Path(file)

    def read() -> str:
        try:
            return f"Bearer {path.read_text().strip()}"
        except (OSError, UnicodeDecodeError) as error:
            if token:
                return token
            why = getattr(error, "strerror", None) or error
            raise ClusterSettingsError(
                f"The tokenFile {path} of the kubeconfig cannot be read: {why}. Log in again, or mend it."
            ) from error

    read()  # one that cannot be read is told at once
    return read
