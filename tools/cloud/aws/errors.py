"""What AWS answers instead of what was asked, as the errors that Desk's loop knows; with what to do next.

Source: https://docs.aws.amazon.com/general/latest/gr/api-retries.html and the common errors of each service's API.
"""

from __future__ import annotations

from tools.cluster.errors import (
    MESSAGE_LIMIT_CHARS,
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ServerFailure,
    Throttled,
    Unauthorized,
)

_LOG_IN = "Log in again (aws sso login), or give other credentials; then desk resume."
_ASK = "Ask who administers the account for this right."
_SLOWER = "AWS asks to slow down: try again in a minute."
_QUOTA = "Ask for more in Service Quotas, or delete what nobody needs."

_CODES: dict[str, tuple[type[ClusterError], str]] = {
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
         "SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken", "RequestExpired", "AuthFailure",
         "InvalidSignatureException", "MissingAuthenticationToken"),
        (Unauthorized, _LOG_IN),
    ),
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "OptInRequired"),
        (Forbidden, _ASK),
    ),
    **dict.fromkeys(
        ("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "TooManyRequestsException",
         "RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete", "RequestThrottledException"),
        (Throttled, _SLOWER),
    ),
    **dict.fromkeys(
        ("LimitExceededException", "TooManyBuckets", "InstanceQuotaExceeded", "StorageQuotaExceeded",
         "DBSubnetGroupQuotaExceeded", "InstanceQuotaExceededFault", "StorageQuotaExceededFault"),
        (Invalid, _QUOTA),
    ),
    **dict.fromkeys(
        ("RepositoryAlreadyExistsException", "ResourceExistsException", "DBInstanceAlreadyExists",
         "DBSubnetGroupAlreadyExists", "BucketAlreadyOwnedByYou", "OperationAborted", "ConflictException",
         "InvalidDBInstanceState", "ResourceConflictException"),
        (Conflict, ""),
    ),
    "BucketAlreadyExists": (
        Invalid, "Names of buckets are taken by all accounts together: choose another one, with the team's in it.",
    ),
    **dict.fromkeys(
        ("InternalError", "InternalFailure", "ServerException", "InternalServiceError", "ServiceUnavailable",
         "ServiceUnavailableException"),
        (ServerFailure, "AWS failed: try again in a minute."),
    ),
}  # fmt: skip


def from_answer(code: str, status: int, said: str, *, doing: str) -> ClusterError:
    """The error of an error code, else of the HTTP status; the text is AWS' own, cut."""
    kind, what_next = _CODES.get(code) or _by_status(code, status)
    text = " ".join(said.split())[:MESSAGE_LIMIT_CHARS].rstrip(".")
    return kind(
        f"{doing}: {text or code}. {what_next}".strip() if what_next else f"{doing}: {text or code} ({code})"
    )


def _by_status(code: str, status: int) -> tuple[type[ClusterError], str]:
    if (
        status == 404
        or code.endswith(("NotFoundException", "NotFound", "NotFoundFault", "NotFoundError"))
        or code.startswith("NoSuch")
    ):
        return NotFound, ""
    if status >= 500:
        return ServerFailure, "AWS failed: try again in a minute."
    return (Forbidden, _ASK) if status == 403 else (Throttled, _SLOWER) if status == 429 else (Invalid, "")
