"""Who may ask, what is taken, and how a refusal is answered: what all operations have in common."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from agent.journal.requests import KeyTaken
from agent.web.api import handlers, problems
from agent.web.api.handlers import Call, token_of
from agent.web.api.operations import OPERATIONS, ROOT, Operation
from agent.web.api.problems import Refused, no_login
from agent.web.api.stream import MOST_STREAMS, events
from agent.web.guard import MAX_BODY_BYTES
from agent.web.logins import LoginRefused
from agent.web.site import Site
from agent.web.visits import Visit
from tools.cluster.errors import ClusterError

Answer = Callable[[Request], Awaitable[Response]]

HANDLERS: dict[str, Callable[[Site, Call], Response]] = {
    "openapi": handlers.openapi,
    "enter": handlers.enter,
    "begin": handlers.begin,
    "sessions": handlers.sessions,
    "session": handlers.session,
    "cancel": handlers.cancel,
    "resume": handlers.resume,
    "approvals": handlers.waiting,
    "approval": handlers.approval,
    "approve": handlers.approve,
    "reject": handlers.reject,
}
NOBODY_YET = Visit(datetime.max.replace(tzinfo=UTC))
_SAID = {
    404: f"There is nothing at this path. GET {ROOT}/openapi.json says what there is.",
    405: f"This path takes another method. GET {ROOT}/openapi.json says which.",
}


def routes(site: Site) -> list[BaseRoute]:
    """The routes of all operations."""
    methods: dict[str, dict[str, Answer]] = {}
    for each in OPERATIONS:
        methods.setdefault(each.path, {})[each.method] = _answering(site, each)
    return [_route(path, answers) for path, answers in methods.items()]


def _route(path: str, answers: dict[str, Answer]) -> Route:
    async def answer(request: Request) -> Response:
        try:
            return await answers["GET" if request.method == "HEAD" else request.method](request)
        except Refused as refused:
            return problems.answer(refused.status, str(refused), refused.headers)

    # Starlette's own limit answers with plain text: here `_read` keeps it.
    return Route(ROOT + path, answer, methods=[*answers], max_body_size=sys.maxsize)


def _answering(site: Site, operation: Operation) -> Answer:
    async def answer(request: Request) -> Response:
        visit = NOBODY_YET if operation.login != "token" else await run_in_threadpool(_visit_of, site, request)
        if operation.streams:
            return await _stream(site, request, visit)
        body = await _body_of(request, operation.body) if operation.body is not None else None
        return await run_in_threadpool(HANDLERS[operation.name], site, Call(request, visit, body))

    return answer


def _visit_of(site: Site, request: Request) -> Visit:
    """Whose token the request has; cookies are not looked at."""
    try:
        return site.bearers.visit_of(token_of(request.headers.get("authorization", "")))
    except LoginRefused as error:
        raise no_login(str(error)) from error


async def _body_of(request: Request, kind: type) -> Any:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Refused(
            415, f"This is {media[:80] or 'of no type'}, and must be JSON. Content-Type: application/json"
        )
    raw = await _read(request)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Refused(422, f"{error}. GET {ROOT}/openapi.json says what is taken.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, f"The body is no JSON: {error}.") from error


async def _read(request: Request) -> bytes:
    """The body, up to the limit that all of the page has."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise Refused(413, f"The body is larger than {MAX_BODY_BYTES // 1024} KiB, which nothing here takes.")
    return raw


async def _stream(site: Site, request: Request, visit: Visit) -> Response:
    session, after = request.path_params["session"], request.headers.get("last-event-id", "0")
    if not (after.isascii() and after.isdecimal() and len(after) <= 18):
        raise Refused(400, "Last-Event-ID is no id of an event: send one that was got from here, or none.")
    await run_in_threadpool(handlers.told, site, session)
    if len(site.streams) >= MOST_STREAMS:
        raise Refused(
            429,
            f"{MOST_STREAMS} streams are open. Send it again later, or ask for the session.",
            {"Retry-After": "30"},
        )
    return StreamingResponse(events(site, session, visit, int(after)), media_type="text/event-stream")


def http_error(error: HTTPException) -> Response:
    """What Starlette refuses: paths and methods that are not there, bodies that are too large."""
    return problems.answer(error.status_code, _SAID.get(error.status_code, error.detail), error.headers)


def failed(error: Exception) -> Response:
    """What is known to go wrong: it says itself what happened and what to do."""
    status = 502 if isinstance(error, ClusterError) else 409 if isinstance(error, KeyTaken) else 503
    return problems.answer(status, str(error))


def broken() -> Response:
    """A bug: whoever runs Desk reads it in the log."""
    return problems.answer(500, "This failed, by a bug of Desk. Its log says where.")
