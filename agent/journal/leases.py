"""Who runs a session now: a lock of the kernel's on a file, which goes with its process and knows no clock.

`status` asks this and must start at once, so nothing heavy is imported.
"""

from __future__ import annotations

import fcntl
from pathlib import Path

UNNAMED = 0
"""A process that does not say which one it is."""


def lease_file(state_dir: Path, session: str) -> Path:
    """The file that the process which runs a session holds locked; its content is that process's id."""
    return state_dir / "leases" / f"{session}.lock"


def holder(state_dir: Path, session: str) -> int | None:
    """The id of the process that runs a session, `UNNAMED` where it is not known; None when no process does.

    A lease that may not be looked at counts as held: nobody is told that a session was killed who cannot know it.
    """
    try:
        with lease_file(state_dir, session).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read().decode("ascii", "replace") or UNNAMED)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return UNNAMED
    return None
