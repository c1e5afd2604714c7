"""A server that speaks the webhooks' part of the two APIs, as their documentation has it.

GitHub Enterprise below /api/v3, GitLab below /api/v4: the token is checked, lists come in pages by the header Link,
and what a test sets is answered in place of the rest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
PAGE = 2
"""So many entries a page, whatever is asked for: what comes behind it must be fetched."""
Json = dict[str, Any]


@dataclass
class Answer:
    """What is answered in place of the API."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"message": "no"}'
    silent_s: float = 0.0


@dataclass
class GitServer:
    """`hooks` by repository, `deliveries` by (repository, hook), the newest first, as the API has them."""

    url: str = ""
    hooks: dict[str, list[Json]] = field(default_factory=dict)
    deliveries: dict[tuple[str, int], list[Json]] = field(default_factory=dict)
    instead: Answer | None = None
    following: str = ""
    """Where each next page is said to be, in place of here."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(path, Authorization) of each request."""
    quiet: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        """As a repository's URL has it."""
        return self.url.removeprefix("http://")

    def found(self, path: str) -> list[Json] | Json | None:
        """What is at a path of one of the APIs."""
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["api", "v3", "repos", owner, name, "hooks"] if f"{owner}/{name}" in self.hooks:
                return self.hooks[f"{owner}/{name}"]
            case ["api", "v3", "repos", owner, name, "hooks", hook, "deliveries"]:
                return [
                    {key: value for key, value in each.items() if key != "request"}
                    for each in self.deliveries.get((f"{owner}/{name}", int(hook)), [])
                ]
            case ["api", "v3", "repos", owner, name, "hooks", hook, "deliveries", one]:
                every = self.deliveries[f"{owner}/{name}", int(hook)]
                return next(each for each in every if str(each["id"]) == one)
            case ["api", "v4", "projects", project, "hooks"] if project in self.hooks:
                return self.hooks[project]
            case ["api", "v4", "projects", project, "hooks", hook, "events"]:
                return self.deliveries.get((project, int(hook)), [])
            case _:
                return None


@contextmanager
def git_server() -> Iterator[GitServer]:
    """Serve on a port of its own."""
    state = GitServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            authorization = self.headers.get("Authorization", "")
            state.asked.append((self.path, authorization))
            if state.instead is not None:
                state.quiet.wait(state.instead.silent_s)
                return self._answer(state.instead.status, state.instead.body, state.instead.headers)
            if authorization != f"Bearer {TOKEN}":
                return self._answer(401, '{"message": "Bad credentials"}')
            found = state.found(parts.path)
            if found is None:
                return self._answer(404, '{"message": "Not Found"}')
            if isinstance(found, dict):
                return self._answer(200, json.dumps(found))
            page = int(parse_qs(parts.query).get("page", ["1"])[0])
            shown, rest = found[(page - 1) * PAGE : page * PAGE], found[page * PAGE :]
            following = f'<{state.following or state.url}{parts.path}?page={page + 1}>; rel="next"'
            return self._answer(200, json.dumps(shown), {"Link": following} if rest else {})

        def _answer(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
            try:
                self.send_response(status)
                for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())
            except BrokenPipeError:
                pass

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.quiet.set()
        server.shutdown()
        server.server_close()


def github_hook(number: int, url: str, *, active: bool = True) -> Json:
    """A webhook as GitHub tells of it."""
    config = {"url": url, "content_type": "json", "secret": "********", "insecure_ssl": "0"}
    return {"id": number, "name": "web", "active": active, "events": ["push"], "config": config}


def github_delivery(number: int, at: str, status: int, sha: str, *, event: str = "push", said: str = "OK") -> Json:
    """A delivery as GitHub tells of it, with what only the single one has: the request."""
    payload = {"after": sha, "ref": "refs/heads/main", "commits": [{"id": sha}]}
    return {
        "id": number, "delivered_at": at, "status": said, "status_code": status, "event": event,
        "request": {"headers": {"X-Hub-Signature-256": "sha256=planted"}, "payload": payload},
    }  # fmt: skip


def gitlab_hook(number: int, url: str, alert: str = "executable") -> Json:
    """A webhook as GitLab tells of it."""
    return {"id": number, "url": url, "push_events": True, "alert_status": alert, "disabled_until": None}


def gitlab_event(number: int, at: str, status: str, sha: str, *, trigger: str = "push_hooks") -> Json:
    """An event of a webhook as GitLab tells of it."""
    data = {"object_kind": "push", "after": sha, "checkout_sha": sha, "commits": [{"id": sha}]}
    return {
        "id": number, "trigger": trigger, "request_data": data, "response_status": status,
        "response_headers": {"Date": at}, "request_headers": {"X-Gitlab-Token": "[REDACTED]"},
    }  # fmt: skip
