"""A proxy in front of the API server that kills Desk around its first change."""

from __future__ import annotations

import http.client
import os
import signal
import ssl
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import yaml

from tests.cluster.conftest import client_certificate

Moment = Literal["before the effect", "after the effect"]


class KillingProxy(ThreadingHTTPServer):
    """Forwards everything; at the first change that is no dry run it kills `victim`, before or after sending it."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        server, ca, certificate, key = client_certificate(folder)
        self.upstream = urlsplit(server)
        self.tls = ssl.create_default_context(cafile=ca)
        self.tls_of_tokens = ssl.create_default_context(cafile=ca)
        self.tls.load_cert_chain(certificate, key)
        self.victim: int | None = None
        self.moment: Moment = "before the effect"
        self.change = ("PATCH", "")
        """The method of that change, and what its path ends with."""
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def kubeconfig(self, folder: Path, *, of: str = "") -> str:
        """A kubeconfig that goes through the proxy: as admin, or as the user of another kubeconfig with a token."""
        user = yaml.safe_load(Path(of).read_text())["users"][0]["user"] if of else {}
        url = f"http://127.0.0.1:{self.server_address[1]}"
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": url}}],
            "users": [{"name": "proxy", "user": user}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        }  # fmt: skip
        file = folder / ("proxy-of-token.yaml" if of else "proxy.yaml")
        file.write_text(yaml.safe_dump(document))
        return str(file)

    def kill(self) -> None:
        assert self.victim is not None
        os.kill(self.victim, signal.SIGKILL)
        self.victim = None


class _Handler(BaseHTTPRequestHandler):
    server: KillingProxy
    protocol_version = "HTTP/1.1"

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        method, ending = self.server.change
        dry_run = "dryRun" in self.path or b'"dryRun"' in body
        is_change = self.command == method and urlsplit(self.path).path.endswith(ending) and not dry_run
        fatal = is_change and self.server.victim is not None
        if fatal and self.server.moment == "before the effect":
            self.server.kill()
            self.close_connection = True
            return
        status, headers, data = self._ask(body)
        if fatal and status < HTTPStatus.BAD_REQUEST:  # what is refused has no effect, and may be asked again
            self.server.kill()
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", headers or "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _ask(self, body: bytes) -> tuple[int, str | None, bytes]:
        upstream = self.server.upstream
        tls = self.server.tls_of_tokens if "Authorization" in self.headers else self.server.tls
        connection = http.client.HTTPSConnection(upstream.hostname or "", upstream.port, context=tls, timeout=30)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _forward

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""
