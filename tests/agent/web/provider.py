"""A small OpenID provider over TLS, which checks what a real one does: client, redirect, code, PKCE."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc.jwk import ECKey
from joserfc.jwt import encode

CLIENT, SECRET = "desk-client", "s3cret of the client"

Claims = dict[str, Any]


@dataclass
class Provider:
    """The provider; what a test sets makes it answer what it should not."""

    issuer: str = ""
    subject: str = "ana"
    claims: Callable[[Claims], Claims] = lambda claims: claims
    """What it puts in an ID token, from what belongs there."""
    signed: Callable[[Provider, Claims], str] | None = None
    metadata: Claims = field(default_factory=dict)
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    """What browsers were sent with."""

    def discovery(self) -> Claims:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {
            "issuer": self.issuer,
            **{key: f"{self.issuer}/{path}" for key, path in paths.items()},
        } | self.metadata

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes back to."""
        self.asked.append(query)
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return f"{query['redirect_uri']}?{urlencode({'error': 'invalid_request', 'state': query['state']})}"
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        """An ID token for a code, once, for whoever began it."""
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        begun = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if authorization != f"Basic {expected}":
            return 401, {"error": "invalid_client"}
        if begun is None or proof != begun["code_challenge"] or form.get("redirect_uri") != begun["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = self.claims(
            {
                "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300,
                "nonce": begun["nonce"], "email": f"{self.subject}@example.com",
            }
        )  # fmt: skip
        id_token = (self.signed or signed)(self, claims)
        return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": id_token}


def signed(provider: Provider, claims: Claims) -> str:
    """With the provider's own key."""
    return encode({"alg": "ES256", "kid": "k1"}, claims, provider.key)


def unsigned(_provider: Provider, claims: Claims) -> str:
    """`alg: none`."""
    parts = [json.dumps({"alg": "none"}).encode(), json.dumps(claims).encode()]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


@contextlib.contextmanager
def providing(certificate: tuple[Path, Path]) -> Iterator[Provider]:
    """A provider that is served."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            match parts.path:
                case "/.well-known/openid-configuration":
                    self._answer(200, provider.discovery())
                case "/jwks":
                    self._answer(200, {"keys": [provider.key.as_dict(private=False)]})
                case "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(query))
                    self.end_headers()
                case _:
                    self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*provider.token(dict(parse_qsl(body)), self.headers.get("Authorization", "")))

        def _answer(self, status: int, document: Claims) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    provider.issuer = f"https://127.0.0.1:{server.server_port}"
    running = threading.Thread(target=server.serve_forever, daemon=True)
    running.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        running.join()
