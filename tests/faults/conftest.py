"""Each test has a scene of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sandbox import Sandbox
from tests.agent.conftest import own_home, workspace
from tests.faults.proxy import FaultProxy
from tests.faults.scene import Scene

__all__ = ["own_home", "workspace"]


@pytest.fixture
def scene(workspace: Path, tmp_path: Path) -> Iterator[Scene]:
    """A workspace, and the sandbox behind a proxy."""
    with Sandbox() as sandbox, FaultProxy(sandbox.url) as proxy:
        yield Scene(workspace, sandbox, proxy, tmp_path)
