"""What Azure answers instead of what was asked, as the errors that Desk's loop knows; with what to do next.

Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and the
error codes of each service's REST API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tools.cluster.errors import (
    MESSAGE_LIMIT_CHARS,
    ClusterError,
    ClusterSettingsError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ServerFailure,
    Throttled,
    Unauthorized,
    Unreachable,
)

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError

_LOG_IN = "Log in again (az login), or give other credentials (AZURE_CLIENT_ID and the like); then desk resume."
_ASK = "Ask who administers the subscription for this right."
_SLOWER = "Azure asks to slow down: try again in a minute."
_QUOTA = "Ask for more (az quota, or a support request), or delete what nobody needs."
_TAKEN = "All subscriptions share one space of names: choose another one, with the company's and the team's in it."
_FAILED = "Azure failed: try again in a minute."

_CODES: Mapping[str, tuple[type[ClusterError], str]] = {
    **dict.fromkeys(
        ("ExpiredAuthenticationToken", "InvalidAuthenticationToken", "AuthenticationFailed",
         "InvalidAuthenticationTokenTenant"),
        (Unauthorized, _LOG_IN),
    ),
    **dict.fromkeys(
        ("SubscriptionNotFound", "InvalidSubscriptionId", "SubscriptionNotRegistered",
         "MissingSubscriptionRegistration"),
        (ClusterSettingsError, "Say which subscription (az account list), and have its provider registered."),
    ),
    "ReadOnlyDisabledSubscription": (ClusterSettingsError, "The subscription is disabled: name another one."),
    **dict.fromkeys(
        ("ForbiddenByFirewall", "ForbiddenByConnection"),
        (Forbidden, "Its firewall lets named addresses in: name this machine's (--allow), or work from within."),
    ),
    "ForbiddenByRbac": (
        Forbidden, "Its values are under roles of their own: desk cloud azure keyvault access gives one.",
    ),
    **dict.fromkeys(
        ("QuotaExceeded", "ResourceQuotaExceeded", "MaxNumberOfServersReached", "ServerQuotaExceeded",
         "MaxStorageAccountsCountPerSubscriptionExceeded",
         "OperationNotAllowed"),
        (Invalid, _QUOTA),
    ),
    **dict.fromkeys(
        ("AlreadyInUse", "VaultAlreadyExists", "StorageAccountAlreadyTaken",
         "ServerNameAlreadyExists", "ServerNameNotAvailable", "NameNotAvailable"),
        (Invalid, _TAKEN),
    ),
    "ConflictError": (
        Conflict, "A deleted vault keeps its name: az keyvault list-deleted shows whose. Choose another one.",
    ),
    "RequestDisallowedByPolicy": (Invalid, "A policy of the subscription forbids it: ask who administers it."),
    "TooManyRequests": (Throttled, _SLOWER),
}  # fmt: skip


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raises the `ClusterError` of what an SDK raises. No request is shown: credentials are in no text."""
    from azure.core.exceptions import AzureError  # an extra: the tools are listed without it

    try:
        yield
    except AzureError as error:
        raise _of(error, doing) from error


def _of(error: AzureError, doing: str) -> ClusterError:
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    match error:
        case HttpResponseError() if error.response is not None and error.status_code:
            code, said = _told(error)
            found = from_answer(code, int(error.status_code), said, doing=doing)
            answer: Any = error.response
            found.retry_after_s = _seconds(answer.headers.get("Retry-After"))
            return found
        case ClientAuthenticationError():
            return Unauthorized(f"{doing}: no Azure credentials work ({_cut(error.message)}). {_LOG_IN}")
        case ServiceRequestError() | ServiceResponseError():
            return Unreachable(f"{doing}: Azure gave no answer ({_cut(error.message)[:200]}).")
        case _:
            return ClusterError(f"{doing}: {_cut(error.message)}")


def from_answer(code: str, status: int, said: str, *, doing: str) -> ClusterError:
    """The error of an error code, else of the HTTP status; the text is Azure's own, cut."""
    kind, what_next = _CODES.get(code) or _by_status(status)
    text = _cut(said).rstrip(".") or code
    return kind(f"{doing}: {text}. {what_next}" if what_next else f"{doing}: {text} ({code or status})")


def _by_status(status: int) -> tuple[type[ClusterError], str]:
    if status >= 500:
        return ServerFailure, _FAILED
    return {
        401: (Unauthorized, _LOG_IN), 403: (Forbidden, _ASK), 404: (NotFound, ""), 409: (Conflict, ""),
        412: (Conflict, ""), 429: (Throttled, _SLOWER),
    }.get(status, (Invalid, ""))  # fmt: skip


def _told(error: HttpResponseError) -> tuple[str, str]:
    """Code and text of an answer; Key Vault has the decisive code one level deeper."""
    try:
        answer: Any = error.response
        said = json.loads(answer.text())
        found = said.get("error", said)
        if isinstance(found, str):  # as Entra says it
            return found, str(said.get("error_description") or "")
        inner = found.get("innererror") or {}
        code = str(inner.get("code") or found.get("code") or "")
        return code if code in _CODES else str(found.get("code") or ""), str(found.get("message") or "")
    except (ValueError, AttributeError, TypeError):
        return str(getattr(error, "error_code", "") or ""), str(error.reason or "")


def _cut(text: str) -> str:
    return " ".join(text.split())[:MESSAGE_LIMIT_CHARS]


def _seconds(text: Any) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
