"""Logging in and out. A login that is under way is a visit of nobody yet: its cookie binds it to one browser."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agent.errors import UsageError
from agent.web.logins import AUDIENCE, LoginRefused
from agent.web.site import Site
from agent.web.visits import Visit, Visitor

NOT_THIS_WAY = "This page is not logged in to that way. Its login is at /login."


def to_login(request: Request) -> Response:
    """Send somebody to the login, and back afterwards; a part of a page has its page sent there."""
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)


def login(site: Site, request: Request) -> Response:
    """How one can log in."""
    return _login(site, request)


def by_link(site: Site, request: Request) -> Response:
    """Log in whoever has the link that was printed; it is worth nothing afterwards."""
    if site.logins.link is None:
        raise UsageError(NOT_THIS_WAY)
    try:
        visitor = site.logins.link.enter(request.query_params.get("key", ""))
    except LoginRefused as refused:
        return _login(site, request, str(refused), 403)
    return _entered(site, request, visitor, None)


def print_link(site: Site, request: Request, _visit: Visit, _form: dict[str, str]) -> Response:
    """Print another link where whoever started the page reads it."""
    if site.logins.link is None:
        raise UsageError(NOT_THIS_WAY)
    site.offer_link()
    return _login(site, request, printed=True)


def by_token(site: Site, request: Request, _visit: Visit, form: dict[str, str]) -> Response:
    """Log in by a token of the cluster's."""
    if site.logins.tokens is None:
        raise UsageError(NOT_THIS_WAY)
    try:
        visitor, ends_at = site.logins.tokens.enter(form.get("kubernetes_token", ""))
    except LoginRefused as refused:
        return _login(site, request, str(refused), 403)
    return _entered(site, request, visitor, ends_at)


def to_provider(site: Site, request: Request) -> Response:
    """Send the browser to the identity provider."""
    if site.logins.oidc is None:
        raise UsageError(NOT_THIS_WAY)
    try:
        url, begun = site.logins.oidc.begin()
    except LoginRefused as refused:
        return _login(site, request, str(refused), 502)
    cookie, visit = site.visits.begin()
    visit.begun = {**begun, "next": _next(request)}
    response = RedirectResponse(url, 303)
    _keep(site, response, cookie, visit)
    return response


def from_provider(site: Site, request: Request) -> Response:
    """The browser is back: whoever the provider's ID token names is logged in. What was begun ends once."""
    if site.logins.oidc is None:
        raise UsageError(NOT_THIS_WAY)
    visit = site.visits.of(request.cookies.get(site.origin.cookie, ""))
    begun = visit.take() if visit else {}
    try:
        visitor, ends_at = site.logins.oidc.end(begun, request.query_params)
    except LoginRefused as refused:
        return _login(site, request, str(refused), 403)
    return _entered(site, request, visitor, ends_at, begun["next"])


def logout(site: Site, request: Request, _visit: Visit, _form: dict[str, str]) -> Response:
    """Log out; the cookie's value is worth nothing from now on, wherever it is kept."""
    site.visits.end(request.cookies.get(site.origin.cookie, ""))
    response = RedirectResponse("/login", 303)
    site.origin.forget(response)
    return response


def _login(
    site: Site, request: Request, refused: str = "", status: int = 200, *, printed: bool = False
) -> Response:
    """The login's page, in a visit of its own where there is none yet: its forms need one."""
    cookie = request.cookies.get(site.origin.cookie, "")
    visit = site.visits.of(cookie)
    if visit is None:
        cookie, visit = site.visits.begin()
    response = site.page(
        "login.html", visit, status,
        logins=site.logins, refused=refused, printed=printed, audience=AUDIENCE, next=_next(request), events="",
    )  # fmt: skip
    _keep(site, response, cookie, visit)
    return response


def _entered(
    site: Site, request: Request, visitor: Visitor, ends_at: datetime | None, wanted: str = ""
) -> Response:
    """A new visit, and the page that was wanted; the visit that the login was made in is over."""
    site.visits.end(request.cookies.get(site.origin.cookie, ""))
    cookie, visit = site.visits.begin(visitor, ends_at)
    response = RedirectResponse(wanted or _next(request), 303)
    _keep(site, response, cookie, visit)
    return response


def _keep(site: Site, response: Response, cookie: str, visit: Visit) -> None:
    site.origin.set_cookie(response, cookie, max(1, int((visit.ends_at - site.now()).total_seconds())))


def _next(request: Request) -> str:
    """Where to go after the login: a page of ours, whatever is asked for."""
    wanted = request.query_params.get("next", "")
    parts = urlsplit(wanted)
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return wanted if is_ours and wanted.isprintable() and "\\" not in wanted else "/"
