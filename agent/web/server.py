"""Routes, and the server that they are served by."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from agent.errors import DeskError, UsageError
from agent.humans.clicks import Endpoint
from agent.web import entering, pages
from agent.web.api import routes as api
from agent.web.guard import MAX_BODY_BYTES, Guard, form_of, is_of, is_of_api
from agent.web.site import STATIC, Site
from agent.web.visits import Visit
from tools.cluster.errors import ClusterError

_log = logging.getLogger(__name__)

Page = Callable[[Site, Request, Visit], Response]
Form = Callable[[Site, Request, Visit, dict[str, str]], Response]
Probe = Callable[[Site, Request], Response]

LOOKS_EVERY_S = 0.5
SAYS_EVERY_S = 15.0
"""A live page is told at least so often that there may be something new: a killed process writes nothing."""
ENDS_WITHIN_S = 5


def application(site: Site) -> Starlette:
    """The ASGI application of a site."""
    return Starlette(
        routes=_routes(site),
        middleware=[Middleware(Guard, origin=site.origin)],
        exception_handlers={
            HTTPException: partial(_http_error, site),
            DeskError: partial(_failed, site),
            ClusterError: partial(_failed, site),
            Exception: partial(_broken, site),
        },
        max_body_size=MAX_BODY_BYTES,
    )


def _routes(site: Site) -> list[BaseRoute]:
    def page(path: str, handler: Page) -> Route:
        return Route(path, partial(_page, site, handler), methods=["GET"])

    def form(path: str, handler: Form, *, logged_in: bool = True) -> Route:
        return Route(path, partial(_form, site, handler, logged_in), methods=["POST"])

    def probe(path: str, handler: Probe) -> Route:
        return Route(path, partial(_probe, site, handler), methods=["GET"])

    return [
        page("/", pages.sessions),
        page("/sessions/{session}", pages.session),
        page("/approvals", pages.approvals_list),
        page("/approvals/{approval}", pages.approval),
        form("/approvals/{approval}/approve", pages.approve),
        form("/approvals/{approval}/reject", pages.reject),
        page("/incidents", pages.incidents),
        page("/journal", pages.journal),
        page("/journal/verification", pages.verification),
        Route("/events", partial(_events, site), methods=["GET"]),
        probe("/login", entering.login),
        probe("/login/link", entering.by_link),
        probe("/login/oidc", entering.to_provider),
        probe("/login/oidc/callback", entering.from_provider),
        form("/login/token", entering.by_token, logged_in=False),
        form("/login/print", entering.print_link, logged_in=False),
        form("/logout", entering.logout),
        probe("/healthz", pages.healthz),
        probe("/readyz", pages.readyz),
        probe("/metrics", pages.scrape),
        *api.routes(site),
        *(Route(path, partial(_service, each), methods=["POST"]) for path, each in site.endpoints.items()),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def visit_of(site: Site, request: Request) -> Visit | None:
    """The visit that the request's cookie is of, while it holds."""
    return site.visits.of(request.cookies.get(site.origin.cookie, ""))


async def _page(site: Site, handler: Page, request: Request) -> Response:
    visit = visit_of(site, request)
    if visit is None or visit.visitor is None:
        return entering.to_login(request)
    return await run_in_threadpool(handler, site, request, visit)


async def _form(site: Site, handler: Form, logged_in: bool, request: Request) -> Response:
    """A form is taken from a page of ours alone, that was made for this visit."""
    if not site.origin.is_own(request):
        raise HTTPException(403, "This came from another page than Desk's own, so nothing was done.")
    visit = visit_of(site, request)
    form = await form_of(request)
    if visit is None or (logged_in and visit.visitor is None):
        raise HTTPException(401, "You are logged out, so nothing was done. Log in, and do it again.")
    if not is_of(visit, request, form):
        raise HTTPException(403, "This form is not of your visit, so nothing was done. Load the page anew.")
    return await run_in_threadpool(handler, site, request, visit, form)


async def _probe(site: Site, handler: Probe, request: Request) -> Response:
    return await run_in_threadpool(handler, site, request)


async def _service(endpoint: Endpoint, request: Request) -> Response:
    """Slack or PagerDuty, which sign what they send."""
    reply = await run_in_threadpool(endpoint, dict(request.headers), await request.body())
    return PlainTextResponse(reply.text, reply.status)


async def _events(site: Site, request: Request) -> Response:
    """Server-sent events: `changed` when there is something new, `over` when the visit is.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    visit = visit_of(site, request)
    if visit is None or visit.visitor is None:
        return Response(status_code=401)
    session = request.query_params.get("session", "")
    return StreamingResponse(_changes(site, request, session), media_type="text/event-stream")


async def _changes(site: Site, request: Request, session: str) -> AsyncIterator[str]:
    seen, said_at = -1, 0.0
    while not site.ending.is_set():
        if visit_of(site, request) is None:
            yield "event: over\ndata:\n\n"
            return
        newest = await run_in_threadpool(_newest, site, session)
        if newest != seen or time.monotonic() - said_at >= SAYS_EVERY_S:
            seen, said_at = newest, time.monotonic()
            yield "event: changed\ndata:\n\n"
        await asyncio.sleep(LOOKS_EVERY_S)


def _newest(site: Site, session: str) -> int:
    if not session:
        return site.journal.newest()
    head = site.journal.head(session)
    return head.number if head else 0


def _http_error(site: Site, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  for the type: it is registered for these
    if is_of_api(request.url.path):
        return api.http_error(error)
    if request.url.path == "/events" or request.url.path.startswith("/static/"):
        return Response(status_code=error.status_code, headers=error.headers)
    said = _SAID.get(error.status_code, error.detail)
    return _message(site, request, error.status_code, said)


_SAID = {
    404: "There is no such page.",
    405: "This page takes nothing of that kind.",
    413: "That is more than any form of this page has.",
}


def _failed(site: Site, request: Request, error: Exception) -> Response:
    """What is known to go wrong: it says itself what happened and what to do."""
    if is_of_api(request.url.path):
        return api.failed(error)
    status = 404 if isinstance(error, UsageError) else 503
    return _message(site, request, status, str(error))


def _broken(site: Site, request: Request, error: Exception) -> Response:
    """A bug: whoever runs Desk reads it in the log, and nobody in the page."""
    _log.error("a page failed: %s", request.url.path, exc_info=error)
    if is_of_api(request.url.path):
        return api.broken()
    return _message(site, request, 500, "This page failed, by a bug of Desk. Its log says where.")


def _message(site: Site, request: Request, status: int, said: str) -> Response:
    from agent.redaction import Redactor

    visit = visit_of(site, request)
    return site.page("message.html", visit, status, said=Redactor().text(said), status=status, events="")


def listen(host: str, port: int) -> socket.socket:
    """A socket of the page's; raises `UsageError` where there can be none. Port 0: one that is free."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"Desk's page cannot be served at {host}:{port}: {error.strerror or error}. "
            "Name another --port, or end what is there."
        ) from error


class Server(uvicorn.Server):
    """uvicorn, whose end by a signal is an end in order; live pages are told of it, for they would never end."""

    def __init__(self, site: Site) -> None:
        super().__init__(
            uvicorn.Config(
                application(site), log_config=None, access_log=False, server_header=False, proxy_headers=False,
                lifespan="off", timeout_graceful_shutdown=ENDS_WITHIN_S,
            )
        )  # fmt: skip
        self._ending = site.ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop: once in order, twice at once."""
        self.force_exit = self.should_exit
        self._ending.set()
        self.should_exit = True
