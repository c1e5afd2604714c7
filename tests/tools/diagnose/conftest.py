"""A played API server: answers GET over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.json import Json


class PlayedApi(ThreadingHTTPServer):
    """Answers GET: `answers` by path, or by path and `?previous`; empty lists for the rest."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Json | str | bytes]] = {
            "/api/v1/namespaces/shop-dev": (200, {"metadata": {"name": "shop-dev"}})
        }
        self.asked: list[str] = []

    def serve(self, path: str, *items: Json) -> None:
        self.answers[path] = (200, {"items": list(items)})

    def kubeconfig(self) -> Json:
        server = {"cluster": {"server": f"http://127.0.0.1:{self.server_port}"}, "name": "c"}
        context = {"context": {"cluster": "c", "user": "u"}, "name": "c"}
        user = {"name": "u", "user": {}}
        return {"clusters": [server], "contexts": [context], "users": [user], "current-context": "c"}

    def cluster(self) -> HttpCluster:
        return connect(Where(document=self.kubeconfig()))


class _Handler(BaseHTTPRequestHandler):
    server: PlayedApi

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        previous = "?previous" if "previous" in parse_qs(url.query) else ""
        self.server.asked.append(url.path + previous)
        code, answer = self.server.answers.get(url.path + previous, (200, {"items": []}))
        text = answer if isinstance(answer, str | bytes) else json.dumps(answer)
        body = text if isinstance(text, bytes) else text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def api() -> Iterator[PlayedApi]:
    with PlayedApi() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
