"""What an exit code says.

Source: https://tldp.org/LDP/abs/html/exitcodes.html (126, 127, 128 + signal) and signal(7).
"""

from __future__ import annotations

from signal import Signals

_MEANINGS = {
    0: "a clean exit: its command ended",
    1: "an application error",
    2: "an application error, or wrong usage of a shell command",
    126: "the command is not executable",
    127: "the command was not found",
    137: "SIGKILL, not for want of memory",
    139: "SIGSEGV, a segmentation fault",
    143: "SIGTERM, it was asked to stop",
    255: "an application error",
}
_FIRST_SIGNAL_CODE = 128
_LAST_SIGNAL_CODE = 128 + 64


def meaning(exit_code: int) -> str:
    """What an exit code says, in a few words; signals by name."""
    if exit_code in _MEANINGS:
        return _MEANINGS[exit_code]
    if _FIRST_SIGNAL_CODE < exit_code <= _LAST_SIGNAL_CODE:
        return f"ended by {_signal_name(exit_code - _FIRST_SIGNAL_CODE)}"
    return "an error of the application's own"


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"
