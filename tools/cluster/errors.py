"""What the Kubernetes API can answer instead of what was asked, in Desk's words.

    ClusterError
      ClusterSettingsError   no kubeconfig, not YAML, no such context (the caller's settings are wrong)
      Absent                 there is no cluster, and the work goes on without one
      Unreachable            no answer: refused, timed out, name not resolved, TLS
      Unauthorized           401
      Forbidden              403
      NotFound               404
      Conflict               409: it changed, or exists already
        Modified             409: another write came in between
        FieldConflict        409: another manager has set a field that is applied
      Invalid                400, 422
      Throttled              429
      ServerFailure          5xx

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ and the `Status` kind.
"""

from __future__ import annotations

import json
from typing import Any

MESSAGE_LIMIT_CHARS = 600


class ClusterError(Exception):
    """The cluster did not do what was asked; the text says what, where and what next."""

    retry_after_s: float = 0.0
    """How long the API server asks to wait before the next try."""


class ClusterSettingsError(ClusterError):
    """The cluster cannot even be addressed: kubeconfig or context are wrong."""


class Absent(ClusterError):
    """This work is done without a cluster; the text says why."""


class Unreachable(ClusterError):
    """The API server gave no answer."""


class Unauthorized(ClusterError):
    """401: the credentials are unknown or have expired."""


class Forbidden(ClusterError):
    """403: this identity may not do that."""


class NotFound(ClusterError):
    """404: no such object or resource."""


class Conflict(ClusterError):
    """409: the object was modified meanwhile, or exists already."""


class Modified(Conflict):
    """409: another write of the object came in between; the same request may do better."""


class FieldConflict(Conflict):
    """409: fields that are to be applied are other managers'. `fields` are (manager, path) each."""

    fields: tuple[tuple[str, str], ...] = ()


class Invalid(ClusterError):
    """400 or 422: the API server finds the request or the object wrong."""


class Throttled(ClusterError):
    """429: too many requests."""


class ServerFailure(ClusterError):
    """5xx: the API server failed."""


PASSING = (Unreachable, Throttled, ServerFailure)
"""What may be over the next time one asks."""

RESUMABLE = (*PASSING, Modified, Unauthorized, ClusterSettingsError)
"""What ends a process but not its session: that goes on when the cluster answers, or the user has logged in."""

_FAILING = "The API server failed: try again in a minute (kubectl get --raw /readyz tells how it is)."

_KINDS: dict[int, tuple[type[ClusterError], str]] = {
    400: (Invalid, ""),
    401: (
        Unauthorized,
        "The credentials in the kubeconfig are unknown or have expired: log in again (kubectl auth whoami).",
    ),
    403: (Forbidden, "Ask who administers the namespace for this right (kubectl auth can-i --list)."),
    404: (NotFound, ""),
    409: (Conflict, ""),
    410: (Conflict, ""),
    422: (Invalid, ""),
    429: (Throttled, "The API server asks to slow down: try again in a minute."),
}


def from_status(
    status: int, body: bytes | str | None, *, doing: str, host: str, retry_after: str | None = None
) -> ClusterError:
    """Translate an HTTP status, a `Status` body (or anything else) and a Retry-After into the error of its kind."""
    kind, what_next = _KINDS.get(status, (ServerFailure, _FAILING) if status >= 500 else (Invalid, ""))
    text, document = _decoded(body)
    owned = _owned_fields(document) if kind is Conflict else ()
    if kind is Conflict and document.get("reason") == "Conflict":
        kind = FieldConflict if owned else Modified
    said = (_message(text, document) or f"HTTP {status}").rstrip(".")
    wait_s = _seconds(retry_after)
    if wait_s > 60:
        what_next = f"The API server asks to slow down: try again in {_long(wait_s)}."
    error = kind(f"{doing}: {said}. {what_next} (HTTP {status} from {host})" if what_next else f"{doing}: {said}")
    error.retry_after_s = wait_s
    if isinstance(error, FieldConflict):
        error.fields = owned
    return error


def _owned_fields(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Whose the fields are that an apply may not have. Source: the causes of reason `FieldManagerConflict`."""
    causes = (document.get("details") or {}).get("causes") or ()
    return tuple(
        (_quoted(str(cause.get("message"))), str(cause.get("field")))
        for cause in causes
        if cause.get("reason") == "FieldManagerConflict"
    )


def _quoted(message: str) -> str:
    """The manager in `conflict with "kubectl" using v1`."""
    return message.partition('"')[2].rpartition('"')[0] or message


def _decoded(body: bytes | str | None) -> tuple[str, dict[str, Any]]:
    """The body as text, and as a `Status` where it is one."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else (body or "")
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    return text, document if isinstance(document, dict) else {}


def capped(message: object) -> str:
    """What the API server says, on one line and no longer than a person reads."""
    return " ".join(str(message).split())[:MESSAGE_LIMIT_CHARS]


def _message(text: str, document: dict[str, Any]) -> str:
    return capped(document.get("message") or text)


def _long(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _seconds(retry_after: str | None) -> float:
    """The API server gives whole seconds; a date, which a proxy may give, is left alone."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
