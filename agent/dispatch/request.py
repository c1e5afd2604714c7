"""What a session is asked for, by whoever starts sessions."""

from __future__ import annotations

import hashlib
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert

from agent.errors import UsageError

KEY_DIGITS = 20


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One task for one session key. The key is the caller's own name for it."""

    task: Annotated[str, Meta(min_length=1, max_length=20_000)]
    session_key: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
    namespace: Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)] | None = None
    """Where the task is about, when it does not say it itself."""
    read_only: bool = False
    dry_run: bool = False

    @property
    def key(self) -> str:
        """The session key as a name of Kubernetes."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:KEY_DIGITS]


def parsed(document: object, where: str) -> Request:
    """A request from data; raises `UsageError` that says what is wrong with it."""
    try:
        request = convert(document, Request)
    except ValidationError as error:
        raise UsageError(
            f"{where} is no request: {error}. Next: give `task` and `session_key`, and where they are wanted "
            "`namespace`, `read_only`, `dry_run`."
        ) from error
    if not request.task.strip():
        raise UsageError(f"{where} is no request: its task is empty. Next: say what to do.")
    return request
