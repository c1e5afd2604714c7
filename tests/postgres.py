"""A real PostgreSQL server for tests: of Debian's package, in a folder of its own, reached by a socket in it."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

USER = "postgres"
"""Who runs the server where the tests are root, whom it refuses. Debian's package makes this user."""
_numbers = itertools.count(1)


class Server:
    """A server that can be stopped, killed and started again; its databases stay."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._port = 5432
        self._user = USER if os.geteuid() == 0 else None
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "--pgdata", "data", "--username", "desk", "--auth", "trust", "--no-instructions")

    def reachable_at(self, host: str, port: int, network: str) -> tuple[str, ...]:
        """The settings by which it listens at an address, and lets in who comes from a network."""
        with (self._folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\n")
        self._port = port
        return f"listen_addresses={host}", f"port={port}", "max_connections=300"

    def start(self, *settings: str) -> None:
        """Start it and wait until it answers; `settings` are NAME=VALUE."""
        options = " ".join(
            f"-c {each}" for each in ("listen_addresses=", f"unix_socket_directories={self._folder}", *settings)
        )
        self._run("pg_ctl", "start", "--pgdata", "data", "--log", "log", "--wait", "--options", options)

    def stop(self) -> None:
        """Stop it in order, whoever is connected."""
        self._run("pg_ctl", "stop", "--pgdata", "data", "--mode", "fast", "--wait")

    def kill(self) -> None:
        """End it as a crash of the machine would: nothing more is written or answered."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
        processes = [pid, *map(int, children.split())]
        for each in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        while any(Path(f"/proc/{each}/stat").exists() for each in processes):
            time.sleep(0.02)

    def database(self, host: str = "", port: int = 5432) -> str:
        """The address of a new, empty schema, where tables are made; `host` and `port` as others reach it."""
        name = f"journal_{next(_numbers)}"
        with psycopg.connect(self._address(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        address = f"postgresql://desk@{host}:{port}/postgres?" if host else f"{self._address()}&"
        return f"{address}options=-csearch_path%3D{name}"

    def _address(self) -> str:
        return f"postgresql://desk@/postgres?host={self._folder}&port={self._port}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._folder,
            user=self._user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stderr!r}"


@contextlib.contextmanager
def server(reachable: tuple[str, int, str] | None = None) -> Iterator[Server]:
    """A running server; the test is skipped where PostgreSQL is not installed.

    `reachable`: an address and a port where it listens, and the network that it lets in; None: a socket only.
    """
    programs = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    found = shutil.which("initdb")
    if found is None and not programs:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="desk-postgres-"))
    try:
        running = Server(programs[-1] if programs else Path(str(found)).parent, folder)
        running.start(*running.reachable_at(*reachable) if reachable else ())
        yield running
        running.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
