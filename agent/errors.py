"""Every way a command of Desk can fail, and the exit code of each.

    DeskError                 1   failed
      HistoryError            1   git could not take a commit
      JournalError            1   the journal cannot be read or written
        BrokenJournal         1   its chain does not hold
        LeaseHeld             1   another process runs this session
        LeaseLost             1   another process has taken this session over
      ModelError              1   the model cannot be had now, or refuses the request
    UsageError                2   wrong usage or settings
    ModelSettingsError        2   the model takes neither key nor name
    ApprovalRefused           1   this person may not decide this row now
    AskedAlready              3   another session waits for the approval of the same change

The codes are the design's: an orchestrator reads them, so they never change meaning.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process of Desk ends with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WAITING = 3
    HANDED_OVER = 4
    OUTSIDE_REMIT = 5
    REJECTED = 6
    INTERRUPTED = 130


class DeskError(Exception):
    """Something failed; the text says what, where and what to do next."""

    exit_code: int = ExitCode.FAILED


class UsageError(DeskError):
    """The command, its arguments or its settings are wrong."""

    exit_code = ExitCode.USAGE


class HistoryError(DeskError):
    """Git refused a commit."""


class JournalError(DeskError):
    """The journal cannot be opened, read or written."""


class BrokenJournal(JournalError):
    """The journal's hash chain does not hold; `held` is how many of its first events do."""

    def __init__(self, said: str, held: int = 0) -> None:
        super().__init__(said)
        self.held = held


class LeaseHeld(JournalError):
    """Another process is writing this session."""


class LeaseLost(JournalError):
    """Another process has taken over this session, and this one may write no more of it."""


class ModelError(DeskError):
    """The model gives no turn."""


class ModelSettingsError(DeskError):
    """The model does not take the key, or there is none of this name."""

    exit_code = ExitCode.USAGE


class ApprovalRefused(DeskError):
    """This identity may not decide this approval, or no longer can."""


class AskedAlready(DeskError):
    """The very change waits for an approval that another session asked for: nothing is asked twice."""

    exit_code = ExitCode.WAITING

    def __init__(self, approval_id: str, session: str, summary: str, requester: str) -> None:
        super().__init__(
            f"waiting for {approval_id}: {summary}. {requester or 'Somebody'} asked for the same change in session "
            f"{session}, so it is not asked for again"
        )
        self.approval_id = approval_id
        self.session = session
