"""What the way to Claude can answer instead of a turn, in Desk's words.

passes      429, 5xx, 529, an error in the stream, a stream that breaks off, no connection: ask again
settings    401, 403, 404, 402: the key, the model's name, the bill (exit code 2)
too long    413, or 400 that says so: the context is full (a turn with that stop reason)
refused     any other 4xx (exit code 1)
"""

from __future__ import annotations

import email.utils
import random
from dataclasses import dataclass
from datetime import UTC, datetime

import anthropic

from agent.errors import DeskError, ModelError, ModelSettingsError

MAX_TRIES = 6
LONGEST_WAIT_S = 30.0
MESSAGE_LIMIT_CHARS = 300
_PASSING_STATUS = (408, 409, 429)
_PASSING_TYPE = ("overloaded_error", "api_error", "rate_limit_error", "timeout_error")
_TOO_LONG = ("prompt is too long", "exceed context limit")


@dataclass(frozen=True, slots=True)
class Passing:
    """A failure that may be over the next time one asks. `retry_after_s` is the API's own word on when."""

    reason: str
    retry_after_s: float | None = None


class CutOff(Exception):
    """The stream ended, or turned to garbage, before the turn was whole."""


class TooLong(Exception):
    """The conversation does not fit the model's context window."""


def judged(error: Exception, base_url: str) -> Passing | DeskError | TooLong:
    """What an error of the SDK's or of the connection means."""
    if not isinstance(error, anthropic.APIStatusError):
        return Passing(f"no answer from {base_url}: {_cause(error)}")
    status, kind, said = error.status_code, error.type or "", _said(error)
    if status in _PASSING_STATUS or status >= 500 or kind in _PASSING_TYPE:
        return Passing(f"HTTP {status} {said}" if status >= 400 else said, _retry_after_s(error))
    if status == 413 or any(words in said for words in _TOO_LONG):
        return TooLong(said)
    if status in (401, 403):
        return ModelSettingsError(
            f"{base_url} does not take the key: {said}. "
            "Set ANTHROPIC_API_KEY, or name a file that holds it with --api-key-file."
        )
    if status in (402, 404):
        return ModelSettingsError(f"{base_url}: {said}. Check --model, --base-url and the account.")
    return ModelError(f"{base_url} refuses the request (HTTP {status}): {said}. Resume, or use --model playbook.")


def refuses(error: Exception, field: str) -> bool:
    """Whether the API, or a gateway before it, does not know this field of a request."""
    return isinstance(error, anthropic.APIStatusError) and error.status_code in (400, 422) and field in _said(error)


def wait_s(tries: int, failure: Passing, waited_s: float, patience_s: float) -> float | None:
    """How long to wait before the next try; None when it is not worth it: tries or patience are used up."""
    wait = failure.retry_after_s
    if wait is None:
        longest = min(LONGEST_WAIT_S, 2.0 ** (tries - 1))
        wait = longest * random.uniform(0.5, 1.0)  # noqa: S311  so that many sessions do not ask at once
    return None if tries >= MAX_TRIES or waited_s + wait > patience_s else wait


def _retry_after_s(error: anthropic.APIStatusError) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after`, which may also be a date (RFC 9110, 10.2.3)."""
    headers = error.response.headers
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        return max(0.0, float(headers["retry-after"])) if "retry-after" in headers else None
    except ValueError:
        return _until_s(headers.get("retry-after", ""))


def _until_s(date: str) -> float | None:
    try:
        at = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _said(error: anthropic.APIStatusError) -> str:
    return _capped(error.api_message or error.message)


def _cause(error: BaseException) -> str:
    """The first cause: "name or service not known", "connection refused", "timed out"."""
    while error.__cause__ is not None:
        error = error.__cause__
    return _capped(str(error) or type(error).__name__)


def _capped(text: str) -> str:
    return " ".join(text.split()).rstrip(".")[:MESSAGE_LIMIT_CHARS]
