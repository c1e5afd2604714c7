"""Standard input and output as they really are: closed by their reader, or of an encoding that lacks letters."""

from __future__ import annotations

import codecs
import io
import os
import sys

from agent.errors import UsageError

LIMIT_BYTES = 1024 * 1024


def say_what_they_can() -> None:
    """Let standard output and error escape what their encoding lacks, as Python's own tracebacks do."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Let further output go nowhere. Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe"""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def read_input(what: str, limit_bytes: int = LIMIT_BYTES) -> str:
    """All of standard input, UTF-8 whatever the locale; raises `UsageError` when it is not, or far too long."""
    raw = sys.stdin.buffer.read(limit_bytes + 1)
    if len(raw) > limit_bytes:
        raise UsageError(f"{what} on standard input is longer than {limit_bytes // 1024 // 1024} MiB. Say less.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} on standard input is not UTF-8: {error}.") from error
