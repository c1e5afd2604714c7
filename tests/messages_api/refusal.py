"""The API's errors, as it words them."""

from __future__ import annotations

from tools.json import Json

# https://platform.claude.com/docs/en/api/errors
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Refused(Exception):
    """A request the API would not take: an HTTP status and the message of its body."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def error_body(status: int, message: str, request_id: str) -> Json:
    """The body that the API sends with an error, in an HTTP answer as in an `error` event."""
    error = {"type": ERROR_TYPES[status], "message": message}
    return {"type": "error", "error": error, "request_id": request_id}
