"""A PostgreSQL server for the files of this folder, started when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.postgres import Server, server


@pytest.fixture(scope="package")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running
