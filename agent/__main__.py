"""The program: `python -m agent`, `desk` and `kubectl desk`."""

from __future__ import annotations

import gc
from typing import NoReturn

COLLECTED_AFTER = 100_000
"""Objects made before the garbage collector looks for cycles: what a command imports and reads has few."""


def program() -> NoReturn:
    """The command line as a process, whose garbage collector does not look through what is being imported."""
    gc.set_threshold(COLLECTED_AFTER)
    from agent.cli import process

    process()


if __name__ == "__main__":
    program()
