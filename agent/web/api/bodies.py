"""What the API takes and gives, besides the documents that Desk prints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from agent.settings import Effort
from tools.json import Json

NAMES = {
    400: "malformed", 401: "no-login", 403: "not-allowed", 404: "not-found", 405: "method", 409: "conflict",
    413: "too-large", 415: "media-type", 421: "other-host", 422: "invalid", 429: "too-many", 500: "bug",
    502: "cluster", 503: "unavailable",
}  # fmt: skip
"""Status -> what a problem's type ends with."""
MAX_TASK_CHARS = 20_000


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request is not answered: RFC 9457."""

    type: Annotated[str, Meta(pattern=r"^urn:desk:problem:[a-z-]+$")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: Annotated[str, Meta(description="What happened, where, and what to do next.")]


class NewSession(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done. Its options are those of `desk run`, and loosen no limit of Desk's own settings."""

    session_key: Annotated[
        str,
        Meta(
            pattern=r"^[!-~]([ -~]*[!-~])?$",
            max_length=200,
            description="Your name for the task. The same key is the same task, however often it is sent.",
        ),
    ]
    task: Annotated[str, Meta(pattern=r"\S", max_length=MAX_TASK_CHARS)]
    namespace: Annotated[str | None, Meta(description="The namespace that is meant where the task says none.")] = (
        None
    )
    model: str | None = None
    effort: Effort | None = None
    max_turns: int | None = None
    max_tokens: int | None = None
    max_cost_usd: float | None = None
    sandbox: Annotated[bool, Meta(description="Use a built-in cluster full of faults.")] = False
    read_only: Annotated[bool, Meta(description="Change nothing: only look and explain.")] = False
    dry_run: Annotated[bool, Meta(description="Ask the API server what would change, and change nothing.")] = False
    deadline: (
        Annotated[datetime, Meta(tz=True, description="What is not over by then is cancelled; RFC 3339.")] | None
    ) = None
    callback: (
        Annotated[str, Meta(max_length=2000, description="An https URL that is told when a process of it ends.")]
        | None
    ) = None


SETTINGS = ("model", "effort", "max_turns", "max_tokens", "max_cost_usd")
"""The options that are settings, by their names."""


class Verdict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an approval is decided, by somebody who has seen all that it would change."""

    digest: Annotated[
        str, Meta(min_length=1, max_length=200, description="That of the approval that was looked at.")
    ]
    reason: Annotated[str, Meta(max_length=1000)] = ""


class Entered(Struct, frozen=True, kw_only=True):
    """A token for who was logged in by a link."""

    token: str
    user: str
    ends_at: str


class Event(Struct, frozen=True, kw_only=True):
    """One event of the journal, as `desk journal export` prints it: desk.event/v1."""

    schema: str
    seq: int
    session: str
    at: str
    type: str
    body: Json
    hash: str
    number: int
