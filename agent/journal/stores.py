"""Which store a workspace's journal is in: the file in its `.desk`, or the database that the settings name."""

from __future__ import annotations

import re
from pathlib import Path

from agent.errors import UsageError
from agent.journal.port import Store

JOURNAL = ".desk/journal.db"
_PASSWORD = re.compile(r"^\w+://[^/@\s]*:[^/@\s]*@|[?&]password=", re.IGNORECASE)


def exists(workspace: Path, database: str | None) -> bool:
    """Whether there is a journal yet; `database` is its address, None for the file. Raises `JournalError`."""
    if database is None:
        return (workspace / JOURNAL).exists()
    _refuse_what_cannot_be(database)
    from agent.journal import postgres

    return postgres.exists(database)


def opened(workspace: Path, database: str | None, *, reads: bool = False, root: str = "") -> Store:
    """The store, made where there is none; with `reads` nothing is written.

    `root` is what a journal that is made here begins its chains with. Raises `JournalError` and `UsageError`.
    """
    if database is None:
        from agent.journal.sqlite import SqliteStore

        return SqliteStore(workspace / JOURNAL, reads=reads, root=root)
    _refuse_what_cannot_be(database)
    from agent.journal.postgres import PostgresStore

    return PostgresStore(database, reads=reads, root=root)


def _refuse_what_cannot_be(database: str) -> None:
    if _PASSWORD.search(database):
        raise UsageError(
            "The journal's address holds a password, and settings are committed and shown. Leave it out: it is "
            "found as psql finds it, in PGPASSWORD, in the file of PGPASSFILE, or in a service file."
        )
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"A journal in PostgreSQL needs psycopg ({error}). Install it: pip install 'desk-agent[postgres]'."
        ) from error
