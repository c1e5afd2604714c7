"""Which folder is the workspace: the one that is named, else the nearest from here upwards, as git looks.

`desk init` leaves the settings file, tracked, so that a clone of a workspace is one as well. A workspace that an
earlier version made has none: it is known by its journal, or by its files and Desk's commits.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.errors import UsageError
from agent.journal.stores import JOURNAL
from agent.workspace.names import SETTINGS_FILE, TITLES


def find(start: Path) -> Path | None:
    """The workspace that `start`, an absolute path, is or stands in.

    A folder above that another user owns is passed over: its settings would be obeyed.
    Source: https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory
    """
    if is_workspace(start):
        return start
    return next((folder for folder in start.parents if _is_ours(folder) and is_workspace(folder)), None)


def is_workspace(folder: Path) -> bool:
    """Whether `desk init` made this folder one."""
    if any((folder / path).is_file() for path in (SETTINGS_FILE, JOURNAL)):
        return True
    return all((folder / path).is_file() for path in TITLES) and _has_commits_of_desk(folder)


def refuse_unless_workspace(folder: Path) -> None:
    """Raises `UsageError` for a folder that is no workspace: Desk writes and commits in one only."""
    if not is_workspace(folder):
        raise UsageError(
            f"{folder.resolve()} is not a workspace of Desk. Next: `desk init DIR` makes a "
            "folder of its own one; then run there, or name it with --workspace DIR."
        )


def _is_ours(folder: Path) -> bool:
    return os.access(folder, os.X_OK) and folder.stat().st_uid == os.geteuid()


def _has_commits_of_desk(folder: Path) -> bool:
    from agent.workspace.history import History

    try:
        return History(folder).has_commits_of_desk()
    except UsageError:  # no repository, or one that git does not trust
        return False
