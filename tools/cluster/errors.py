"""What the Kubernetes API can answer instead of what was asked, in Desk's words.

    ClusterError
      ClusterSettingsError   no kubeconfig, not YAML, no such context (the caller's settings are wrong)
      Unreachable            no answer: refused, timed out, name not resolved, TLS
      Unauthorized           401
      Forbidden              403
      NotFound               404
      Conflict               409: it changed, or exists already
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


class ClusterSettingsError(ClusterError):
    """The cluster cannot even be addressed: kubeconfig or context are wrong."""


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


class Invalid(ClusterError):
    """400 or 422: the API server finds the request or the object wrong."""


class Throttled(ClusterError):
    """429: too many requests."""


class ServerFailure(ClusterError):
    """5xx: the API server failed."""


PASSING = (Unreachable, Throttled, ServerFailure)
"""What may be over the next time one asks."""

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


def from_status(status: int, body: bytes | str | None, *, doing: str, host: str) -> ClusterError:
    """Translate an HTTP status and a `Status` body (or anything else) into the error of its kind."""
    kind, what_next = _KINDS.get(status, (ServerFailure, "") if status >= 500 else (Invalid, ""))
    said = (_message(body) or f"HTTP {status}").rstrip(".")
    return kind(f"{doing}: {said}. {what_next} (HTTP {status} from {host})" if what_next else f"{doing}: {said}")


def _message(body: bytes | str | None) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else (body or "")
    try:
        status: Any = json.loads(text)
    except ValueError:
        status = None
    if isinstance(status, dict) and status.get("message"):
        text = str(status["message"])
    return " ".join(text.split())[:MESSAGE_LIMIT_CHARS]
