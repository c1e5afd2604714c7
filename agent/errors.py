"""Every way a command of Desk can fail, and the exit code of each.

    DeskError                 1   failed
      HistoryError            1   git could not take a commit
      JournalError            1   the journal cannot be read or written
        BrokenJournal         1   its chain does not hold
        LeaseHeld             1   another process runs this session
    UsageError                2   wrong usage or settings
    ApprovalRefused           1   this person may not decide this row now

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
    """The journal's hash chain does not hold."""


class LeaseHeld(JournalError):
    """Another process is writing this session."""


class ApprovalRefused(DeskError):
    """This identity may not decide this approval, or no longer can."""
