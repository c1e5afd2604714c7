"""What the API has: the one table that its routes and its OpenAPI document are made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from agent.surfaces.documents import Approvals, Decision, Request, Sessions
from agent.web.api.bodies import Entered, Event, NewSession, Verdict

ROOT = "/api/v1"
ALWAYS = (400, 401, 405, 421, 500, 503)
"""What any operation may answer, but for those that need no login."""
LISTED = 100
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Parameter:
    """One in the query, or a header."""

    name: str
    means: str
    schema: dict[str, Any]
    where: Literal["query", "header"] = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `name` is that of its handler."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    answers: dict[int, type]
    """Status -> what is answered."""
    body: type | None = None
    parameters: tuple[Parameter, ...] = ()
    refusals: tuple[int, ...] = ()
    """Statuses of problems, besides those of every operation."""
    login: Literal["token", "link", "none"] = "token"
    streams: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of an answer, and what each says."""

    @property
    def problems(self) -> tuple[int, ...]:
        """All statuses of problems."""
        taken = (413, 415, 422) if self.body is not None else ()
        always = ALWAYS if self.login != "none" else (405, 421, 500)
        return tuple(sorted({*always, *taken, *self.refusals}))


_AFTER = Parameter(
    "Last-Event-ID",
    "Only events behind the one of this id.",
    {"type": "string", "pattern": "^[0-9]{1,18}$"},
    "header",
)
_LIMIT = Parameter(
    "limit", "Only so many, the newest.",
    {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": LISTED},
)  # fmt: skip
_SHOW = Parameter("show", "`all`: also those that are decided.", {"type": "string", "enum": ["waiting", "all"]})

OPERATIONS = (
    Operation("openapi", "GET", "/openapi.json", "This document.", {200: dict}, login="none"),
    Operation(
        "enter", "POST", "/login", "Trade the key of a printed link for a token, once.", {200: Entered},
        refusals=(403,), login="link",
    ),
    Operation(
        "begin", "POST", "/sessions", "Ask for a session; the same key is the same session.",
        {201: Request, 200: Request}, body=NewSession, refusals=(403, 409, 429, 502),
        headers={"Location": "Where the session is."},
    ),
    Operation(
        "sessions", "GET", "/sessions", "All sessions, newest first, and what waits to begin.", {200: Sessions},
        parameters=(_LIMIT,),
    ),
    Operation(
        "session", "GET", "/sessions/{session}", "One session, and how it stands.", {200: Request}, refusals=(404,)
    ),
    Operation(
        "events", "GET", "/sessions/{session}/events",
        "What happens in it, as it is written down; `end` once nothing more happens by itself.", {200: Event},
        parameters=(_AFTER,), refusals=(404, 429), streams=True,
    ),
    Operation(
        "cancel", "POST", "/sessions/{session}/cancel",
        "Stop it in order, and close it: what it did stands, what it asked for is withdrawn.", {202: Request},
        refusals=(403, 404, 409),
    ),
    Operation(
        "resume", "POST", "/sessions/{session}/resume",
        "Go on with one that has failed or was interrupted; one that waits for a decision goes on by itself.",
        {202: Request}, refusals=(403, 404, 409),
    ),
    Operation(
        "approvals", "GET", "/approvals", "What waits for a decision, oldest first.", {200: Approvals},
        parameters=(_SHOW,),
    ),
    Operation(
        "approval", "GET", "/approvals/{approval}", "One approval, whole.", {200: Approvals}, refusals=(404,)
    ),
    Operation(
        "approve", "POST", "/approvals/{approval}/approve", "Approve what was looked at, as who the token says.",
        {200: Decision}, body=Verdict, refusals=(403, 404, 409, 502),
    ),
    Operation(
        "reject", "POST", "/approvals/{approval}/reject", "Reject it, or withdraw what one has asked for oneself.",
        {200: Decision}, body=Verdict, refusals=(403, 404, 409, 502),
    ),
)  # fmt: skip
