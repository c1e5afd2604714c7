"""The API, and the process as Kubernetes starts and stops it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
from fastapi.testclient import TestClient

from app.http import application


def test_the_probes_and_the_metrics_answer() -> None:
    client = TestClient(application())
    assert client.get("/healthz").json() == {"status": "ok"}
#% if database == "none"
    assert client.get("/readyz").json() == {"status": "ready"}
#% endif
    assert 'http_requests_total{method="GET",path="/healthz",status="200"}' in client.get("/metrics").text


#% if database == "none"
def test_a_greeting() -> None:
    answer = TestClient(application()).post("/api/v1/greetings", json={"name": "Ann"})
    assert (answer.status_code, answer.json()) == (201, {"greeting": "Hello, Ann"})


#% endif
@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 101}])
def test_a_wrong_body_is_refused(body: dict[str, str]) -> None:
    assert TestClient(application()).post("/api/v1/greetings", json=body).status_code == 422


# A greeting needs a database, which the tests have none of: a refused one is an answer, too.
#% if database != "none"
BODY, ANSWERED = b'{"name": ""}', 422
#% else
BODY, ANSWERED = b'{"name": "Ann"}', 201
#% endif


def test_sigterm_in_the_middle_of_a_request_loses_nothing() -> None:
    with served() as (process, port):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.putrequest("POST", "/api/v1/greetings")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(BODY)))
        connection.endheaders(BODY[:5])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.send(BODY[5:])
        answer = connection.getresponse()
        assert answer.status == ANSWERED, answer.read()
        assert process.wait(timeout=10) in (0, -signal.SIGTERM)


@contextmanager
def served() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The application as a process of its own, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", "app"], env=environment) as process:
        try:
            wait_for(port)
            yield process, port
        finally:
            process.kill()


def wait_for(port: int) -> None:
    """Wait until somebody listens; raises `TimeoutError` after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
