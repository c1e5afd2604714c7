"""Bring the database up to the files in migrations/: `python -m app.migrate`. What was done is not done again."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import text

from app import logs
from app.config import from_environment
from app.database import engine

MIGRATIONS = Path(__file__).parents[1] / "migrations"

log = logging.getLogger("app.migrate")


def main() -> None:
    """Run each file that has not run yet, in the order of the names, in a transaction of its own."""
    logs.set_up(from_environment().log_level)
    with engine().begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(255) PRIMARY KEY)"))
        done = set(connection.execute(text("SELECT name FROM schema_migrations")).scalars())
    for file in sorted(MIGRATIONS.glob("*.sql")):
        if file.name not in done:
            migrate(file)


def migrate(file: Path) -> None:
    """Run a file's statements, which end with a semicolon at a line's end."""
    with engine().begin() as connection:
        for statement in file.read_text().split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.execute(text("INSERT INTO schema_migrations (name) VALUES (:name)"), {"name": file.name})
    log.info("migrated", extra={"file": file.name})


if __name__ == "__main__":
    main()
