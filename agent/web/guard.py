"""Which requests are answered at all, and what every answer carries.

- The host must be the page's own: a name that somebody lets point here (DNS rebinding) is none.
- What changes something comes from a page of the same origin, which the browser says, and carries its form's token.
- Cookies are host-only, HttpOnly and SameSite=Lax: a link in a chat must find who is logged in, and another site's
  form brings none along. Over TLS their name begins with `__Host-`, so that no other host can set them. On plain
  loopback not every browser takes that, for it needs Secure; the port in the name keeps two pages of one machine
  apart.
- The content security policy allows no script or style but the page's own files.

Source: RFC 6265bis, https://www.w3.org/TR/CSP3/, the OWASP cheat sheet on cross-site request forgery
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.web.api import problems
from agent.web.visits import Visit

FOR_PROBES = ("/healthz", "/readyz", "/metrics")
"""What kubelets and Prometheus ask by a pod's address. Nothing there is anybody's."""
MAX_BODY_BYTES = 64 * 1024
TOKEN = "token"  # noqa: S105  a field's name
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # without any referrer, forms would say that they come from nowhere
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where browsers find the page: `https://desk.example.com`, or `http://127.0.0.1:8470`."""

    url: str

    @property
    def is_tls(self) -> bool:
        """Whether the browser speaks TLS, to us or to what stands before us."""
        return self.url.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """What a request's Host may be."""
        parts = urlsplit(self.url)
        if self.is_tls:
            return frozenset({parts.netloc.lower()})
        return frozenset(f"{name}:{parts.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    @property
    def cookie(self) -> str:
        """The name of the cookie that a visit is known by."""
        return "__Host-desk" if self.is_tls else f"desk-{urlsplit(self.url).port}"

    def set_cookie(self, response: Response, value: str, max_age_s: int) -> None:
        """Have the browser send it with every request to this page, and no script read it."""
        response.set_cookie(
            self.cookie, value, max_age=max_age_s, path="/", secure=self.is_tls, httponly=True, samesite="lax"
        )

    def forget(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self.cookie, path="/", secure=self.is_tls, httponly=True, samesite="lax")

    def is_own(self, request: Request) -> bool:
        """Whether a page of this very origin sends the request, as its browser says."""
        headers = request.headers
        scheme = "https" if self.is_tls else "http"
        return (
            headers.get("origin") == f"{scheme}://{headers.get('host', '')}"
            and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        )


class Guard:
    """ASGI: refuses other hosts, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, origin: Origin) -> None:
        self._app = app
        self._origin = origin
        self._headers = {**HEADERS, **({"Strict-Transport-Security": HSTS} if origin.is_tls else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is for this page."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def carrying(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                is_file = scope["path"].startswith("/static/")
                headers.setdefault("Cache-Control", "no-cache" if is_file else "no-store")
            await send(message)

        host = Headers(scope=scope).get("host", "").lower()
        if scope["path"] not in FOR_PROBES and host not in self._origin.hosts:
            said = f"This page is at {self._origin.url}, and nowhere else.\n"
            if is_of_api(scope["path"]):
                return await problems.answer(421, said.strip())(scope, receive, carrying)
            return await PlainTextResponse(said, 421)(scope, receive, carrying)
        return await self._app(scope, receive, carrying)


def is_of_api(path: str) -> bool:
    """Whether a path is the API's: what is wrong there is told as a problem."""
    return path == "/api" or path.startswith("/api/")


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, without files; the application reads `MAX_BODY_BYTES` of it and no more."""
    raw = await request.body()
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))


def is_of(visit: Visit, request: Request, form: dict[str, str]) -> bool:
    """Whether a form carries the token that this visit has for where it is sent."""
    return hmac.compare_digest(
        visit.token(request.url.path).encode(), form.get(TOKEN, "").encode("utf-8", "replace")
    )
