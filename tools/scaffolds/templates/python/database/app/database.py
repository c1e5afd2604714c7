"""The database, found by DATABASE_HOST, _PORT, _NAME, _USER and _PASSWORD."""

from __future__ import annotations

import os
from functools import cache

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

Error = SQLAlchemyError
#% if database == "postgres"
DRIVER, PORT = "postgresql+psycopg", 5432
#% else
DRIVER, PORT = "mysql+pymysql", 3306
#% endif


@cache
def engine() -> Engine:
    """The pool of connections; none is opened before it is needed, and a broken one is replaced."""
    url = URL.create(
        DRIVER,
        username=os.environ.get("DATABASE_USER", "app"),
        password=os.environ.get("DATABASE_PASSWORD"),
        host=os.environ.get("DATABASE_HOST", "localhost"),
        port=int(os.environ.get("DATABASE_PORT", str(PORT))),
        database=os.environ.get("DATABASE_NAME", "app"),
    )
    return create_engine(url, pool_size=5, pool_pre_ping=True, connect_args={"connect_timeout": 2})


def execute(statement: str, **values: object) -> None:
    """Run one statement in a transaction of its own; `:name` in it stands for a value. Raises `Error`."""
    with engine().begin() as connection:
        connection.execute(text(statement), values)


def check() -> None:
    """Raises `Error` when the database does not answer."""
    with engine().connect() as connection:
        connection.execute(text("SELECT 1"))
