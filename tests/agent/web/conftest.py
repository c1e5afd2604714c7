"""A page that is served, on a workspace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.web.serving import Served, served


@pytest.fixture
def page(workspace: Path) -> Iterator[Served]:
    """The page of an empty workspace, at a port of loopback."""
    with served(workspace) as up:
        yield up
