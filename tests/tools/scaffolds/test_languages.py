"""The applications' own tests, once a language; and each application as a container runs it: with a read-only root.

What builds them comes from the languages' registries. Where a language's tools, or its registry, are not there, the
test is skipped.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tools.scaffolds.made import write
from tools.scaffolds.answers import Language, answered

BUILT_WITHIN_S = 300
UNREACHED = ("Temporary failure in name resolution", "ENOTFOUND", "EAI_AGAIN", "no such host", "UnknownHost")
"""What the clients say of a registry whose name nobody knows."""


class Built(NamedTuple):
    """An application that has been built: where, and how it is started."""

    folder: Path
    command: list[str]


def python(folder: Path) -> list[str]:
    run(folder, sys.executable, "-m", "venv", str(folder / ".venv"))
    own = str(folder / ".venv/bin/python")
    needed = ["-r", "requirements.txt", "-r", "requirements-dev.txt"]
    fetch(folder, own, "-m", "pip", "install", "-q", "--disable-pip-version-check", *needed)
    run(folder, own, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    return [own, "-m", "app"]


def node(folder: Path) -> list[str]:
    fetch(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    run(folder, "npm", "test")
    return ["node", "src/main.js"]


def go(folder: Path) -> list[str]:
    fetch(folder, "go", "mod", "download")
    run(folder, "go", "vet", "./...")
    run(folder, "go", "test", "./...")
    run(folder, "go", "build", "-o", "app", ".")
    assert run(folder, "gofmt", "-l", ".") == ""
    return [str(folder / "app")]


def java(folder: Path) -> list[str]:
    fetch(folder, "mvn", "-q", "-B", "package")
    return ["java", "-jar", "target/app.jar"]


LANGUAGES: dict[Language, tuple[str, Callable[[Path], list[str]]]] = {
    "python": ("python3", python), "node": ("npm", node), "go": ("go", go), "java": ("mvn", java),
}  # fmt: skip


def run(folder: Path, *command: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=BUILT_WITHIN_S, env=env
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def fetch(folder: Path, *command: str) -> None:
    """Run what needs a registry. Skips where it cannot be reached, and only then."""
    try:
        run(folder, *command)
    except AssertionError as error:
        if any(each in str(error) for each in UNREACHED):
            pytest.skip(f"the registry of {command[0]} cannot be reached")
        raise


@pytest.fixture(scope="module", params=list(LANGUAGES))
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    language: Language = request.param
    tool, build = LANGUAGES[language]
    if not shutil.which(tool):
        pytest.skip(f"there is no {tool}")
    folder = write(tmp_path_factory.mktemp("apps") / language, answered({"app": "shop", "language": language}))
    return Built(folder, build(folder))


@contextmanager
def in_a_container(built: Built) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The application in a mount namespace of its own: all is read-only but an empty /tmp; and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # what it is made of may lie in /tmp, which it does not see: it is bound elsewhere first
    script = (
        "mount --make-rprivate / && mount --bind . /mnt && mount -t tmpfs tmpfs /tmp && mkdir -p \"$APP\" && "
        "mount --bind /mnt \"$APP\" && mount -o remount,bind,ro \"$APP\" && mount -o remount,bind,ro / && "
        "cd \"$APP\" && ! touch ./x 2>/dev/null && exec \"$@\""
    )  # fmt: skip
    env = {**os.environ, "PORT": str(port), "APP": str(built.folder), "PYTHONPYCACHEPREFIX": "/tmp/pycache"}
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *built.command]
    with subprocess.Popen(command, cwd=built.folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for(process, port)
            yield process, port
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


def status_of(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


@pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0, reason="only root makes mounts of its own without more ado"
)
def test_with_a_read_only_root_it_answers_and_loses_nothing_at_sigterm(built: Built) -> None:
    body = b'{"name": "Ann"}'
    with in_a_container(built) as (process, port):
        assert {path: status_of(port, path) for path in ("/healthz", "/readyz", "/metrics")} == {
            "/healthz": 200, "/readyz": 200, "/metrics": 200,
        }  # fmt: skip
        connection = HTTPConnection("127.0.0.1", port, timeout=15)
        connection.putrequest("POST", "/api/v1/greetings")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:5])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.send(body[5:])
        answer = connection.getresponse()
        assert (answer.status, b"Hello, Ann" in answer.read()) == (201, True)
        assert process.wait(timeout=15) in (0, 128 + signal.SIGTERM)  # a JVM says that it was told to
        lines = (process.stdout.read() if process.stdout else "").splitlines()
    assert lines
    assert all(line.startswith("{") and line.endswith("}") for line in lines), lines
