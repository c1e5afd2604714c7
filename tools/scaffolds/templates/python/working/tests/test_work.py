"""The work, and the process as Kubernetes starts and stops it."""

from __future__ import annotations

#% if type == "worker"
import os
import signal
import socket
#% endif
import subprocess
import sys
#% if type == "worker"
import time
from http.client import HTTPConnection
#% endif

import pytest

from app import work
#% if type == "worker"
from app.http import PROBES
#% endif

#% if database == "none"
READINESS, EXIT_CODE = 200, 0
#% else
READINESS, EXIT_CODE = 503, 1  # there is no database
#% endif


def test_an_item_that_fails_is_told_and_the_next_one_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def fails_first(item: str) -> None:
        done.append(item)
        if len(done) == 1:
            raise RuntimeError("no")

    monkeypatch.setattr(work, "work", fails_first)
    assert not work.run_once(lambda: False)
    assert done == list(work.items())


def test_it_stops_between_two_items(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(work, "work", done.append)
    assert work.run_once(lambda: len(done) == 1)
    assert len(done) == 1


#% if type == "worker"
def test_the_process_serves_its_probes_and_ends_well_at_sigterm() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "INTERVAL_SECONDS": "60"}
    with subprocess.Popen([sys.executable, "-m", "app"], env=environment) as process:
        try:
            wait_for(port)
            answers = {path: status_of(port, path) for path in PROBES}
            assert answers == {"/healthz": 200, "/readyz": READINESS, "/metrics": 200}
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) == 0
        finally:
            process.kill()


def status_of(port: int, path: str) -> int:
    """What a path is answered with."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


def wait_for(port: int) -> None:
    """Wait until somebody listens; raises `TimeoutError` after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
#% else
def test_the_process_says_by_its_exit_code_how_it_went() -> None:
    done = subprocess.run([sys.executable, "-m", "app"], check=False)
    assert done.returncode == EXIT_CODE
#% endif
