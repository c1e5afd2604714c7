"""The database: what is done without one, and, where DATABASE_HOST names one, what is done with it."""

from __future__ import annotations

import os

import pytest
#% if serves
from fastapi.testclient import TestClient
#% endif
from sqlalchemy import text

from app import database, migrate
#% if serves
from app.http import application
#% endif


def test_without_a_database_the_error_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_HOST", "127.0.0.1")
    monkeypatch.setenv("DATABASE_PORT", "1")
    database.engine.cache_clear()
    with pytest.raises(database.Error):
        database.check()
#% if serves
    answer = TestClient(application()).get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "the database does not answer"})
    assert TestClient(application()).get("/healthz").status_code == 200
#% endif
    database.engine.cache_clear()


@pytest.mark.skipif("DATABASE_HOST" not in os.environ, reason="DATABASE_HOST names no database")
def test_it_is_migrated_once_and_written() -> None:
    migrate.main()
    migrate.main()
#% if type == "web-api"
    client = TestClient(application())
    assert client.get("/readyz").status_code == 200
    assert client.post("/api/v1/greetings", json={"name": "O'Hara"}).status_code == 201
#% else
    database.execute("INSERT INTO greetings (name) VALUES (:name)", name="O'Hara")
#% endif
    with database.engine().connect() as connection:
        assert connection.execute(text("SELECT name FROM greetings ORDER BY id DESC LIMIT 1")).scalar() == "O'Hara"
