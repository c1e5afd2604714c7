"""What an event costs in each store while many sessions write: SQLite, PostgreSQL, and PostgreSQL by itself.

    python -m tests.benchmarks.journal [--writers 50] [--seconds 5]

Each writer is a process with a session of its own and its lease, and appends as fast as it is let. The bare one
inserts a row as large and commits it. The server is Debian's, on this machine, with its usual settings.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psycopg

from agent.journal.events import ToolResult
from agent.journal.journal import Journal
from agent.journal.port import Store
from agent.redaction import Redactor
from tests.postgres import server

SPAWN = multiprocessing.get_context("spawn")
EVENT = ToolResult("call_1", "logs", "a line of a log that says what happened\n" * 25)
ROUNDS = 3

Write = Callable[[str, float, int], list[float]]


def sqlite(where: str, seconds: float, number: int) -> list[float]:
    from agent.journal.sqlite import SqliteStore

    return _appended(SqliteStore(Path(where)), seconds, number)


def postgres(where: str, seconds: float, number: int) -> list[float]:
    from agent.journal.postgres import PostgresStore

    return _appended(PostgresStore(where), seconds, number)


def bare(where: str, seconds: float, number: int) -> list[float]:
    """A row and a commit: what PostgreSQL takes without any of ours."""
    took, body = [], EVENT.text.encode()
    with psycopg.connect(where, autocommit=True) as connection:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            connection.execute("INSERT INTO bare (session, body) VALUES (%s, %s)", (f"s{number}", body))
            took.append(time.monotonic() - began)
    return took


def _appended(store: Store, seconds: float, number: int) -> list[float]:
    journal, session, took = Journal(store, Redactor()), f"s{number}", []
    with journal.lease(session):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            journal.append(session, EVENT)
            took.append(time.monotonic() - began)
    journal.close()
    return took


def measured(write: Write, where: str, writers: int, seconds: float) -> tuple[float, float]:
    """Events a second of all writers, and the median milliseconds of one."""
    start, told = SPAWN.Barrier(writers), SPAWN.Queue()
    works = [SPAWN.Process(target=_work, args=(write, where, seconds, n, start, told)) for n in range(writers)]
    for each in works:
        each.start()
    took = [each for _ in works for each in told.get()]
    for each in works:
        each.join()
    return len(took) / seconds, statistics.median(took) * 1000


def _work(
    write: Write, where: str, seconds: float, number: int, start: Barrier, told: multiprocessing.Queue[list[float]]
) -> None:
    start.wait()
    told.put(write(where, seconds, number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    rates: dict[str, list[tuple[float, float]]] = {"sqlite": [], "postgres": [], "bare psycopg": []}
    with server() as running, tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            url = running.database()
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE TABLE bare (seq bigserial PRIMARY KEY, session text, body bytea)")
            file = f"{folder}/{number}/journal.db"
            for write, where in ((sqlite, file), (postgres, url), (bare, url)):
                name = "bare psycopg" if write is bare else write.__name__
                rates[name].append(measured(write, where, given.writers, given.seconds))
    print(f"{given.writers} writers, {given.seconds:g} s, the median of {ROUNDS} rounds")
    least = statistics.median(rate for rate, _ in rates["bare psycopg"])
    for name, all_ in rates.items():
        rate = statistics.median(each for each, _ in all_)
        one = statistics.median(each for _, each in all_)
        print(f"{name:14} {rate:8.0f} events/s   {rate / least:5.2f} of bare   {one:7.2f} ms each")


if __name__ == "__main__":
    main()
