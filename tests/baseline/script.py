"""What the model says and the tool finds, turn by turn: the same text whenever and by whomever it is asked for.

It reads like what an agent on a cluster reads (pods, counts, ages, a log's lines), so that whoever looks through
it for secrets has to look. No turn has the same text as another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

TEXT_BYTES = 2400
"""Text of a turn in all: what is said and what is found."""
SAID_BYTES = 400
FOUND_BYTES = TEXT_BYTES - SAID_BYTES

_STATES = ("Running", "CrashLoopBackOff", "Pending", "ImagePullBackOff", "Completed")


def said(turn: int, size: int = SAID_BYTES) -> str:
    """The words of the model before it calls the tool; ASCII, `size` bytes."""
    return _cut(_thoughts(turn), size)


def found(turn: int, size: int = FOUND_BYTES) -> str:
    """The answer of the tool; ASCII, `size` bytes."""
    return _cut(_rows(turn), size)


def _thoughts(turn: int) -> Iterator[str]:
    for line in range(1, 1000):
        name = _name(turn, line)
        yield f"Page {turn}, line {line}: {name} restarts, so I look at what its container wrote before it ended. "


def _rows(turn: int) -> Iterator[str]:
    for line in range(1, 1000):
        name, seed = _name(turn, line), turn * 31 + line
        yield f"shop-dev/{name}  {_STATES[seed % 5]}  {seed % 2}/1 ready  {seed % 17} restarts  {seed % 60}m\n"
        yield f'  level=info msg="request served" path=/cart/{seed} status=200 took={seed % 900}ms host: {name}\n'


def _name(turn: int, line: int) -> str:
    digest = hashlib.sha256(f"{turn}/{line}".encode()).hexdigest()
    return f"checkout-{digest[:9]}-{digest[9:14]}"


def _cut(parts: Iterator[str], size: int) -> str:
    text = ""
    while len(text) < size:
        text += next(parts)
    return text[:size]
