r"""Lines that somebody has broken: folded at a column, as terminals and `fold` do, or with a `\` at their end.

A secret that lies over a break has no form of its own in either line. So such lines are read as the one that they
were, too; where that has more secrets than they have, it is what is left of them.
"""

import re
from collections.abc import Callable, Iterator

from agent.redaction.names import MARK

Mask = Callable[[str], str]

MIN_WIDTH = 32
_INSIDE = r"""[^\s"'`,;(){}\[\]<>]"""
_BEGINS_ANEW = r"[A-Z][\w -]{0,40}:\s|\w{1,20}://"
_IS_LEFT = r"\s?[^\s\d=:]*+[\d=:]"
"""What is left of a secret has a digit in it, or stands behind a name that was broken, too; words have not."""
BEGIN_CHARS = 8
"""So many characters of two lines are looked at: those of one log begin alike."""


def mask_wrapped(text: str, mask: Mask) -> str:
    """Return the text with the secrets masked that lie over the breaks of its lines."""
    if "\n" not in text:
        return text
    return "\n".join(_told(lines, mask) for lines in _together(text.split("\n")))


def _told(lines: list[str], mask: Mask) -> str:
    if len(lines) == 1 or (len(lines) == 2 and not _is_continued(lines[:1]) and not re.match(_IS_LEFT, lines[1])):
        return "\n".join(lines)
    parts = [mask(line) for line in lines]
    one = mask(_joined(lines))
    if _shown(one) >= _shown(_joined(parts)):
        return "\n".join(lines)
    for line, part in zip(lines, parts, strict=True):
        for secret in _masked(line, part):
            one = one.replace(secret, MARK)
    return one


def _shown(text: str) -> int:
    return len(text.replace(MARK, ""))


def _masked(line: str, masked: str) -> Iterator[str]:
    """What has become MARK in a line."""
    first, *others = masked.split(MARK)
    at = len(first)
    for number, kept in enumerate(others, 1):
        end = line.index(kept, at) if number < len(others) else len(line) - len(kept)
        if at < end and line[at:end] != MARK:
            yield line[at:end]
        at = end + len(kept)


def _joined(lines: list[str]) -> str:
    if not lines[0].endswith("\\"):
        return "".join(lines)
    first, *others = (line.removesuffix("\\") for line in lines)
    return first + "".join(line.lstrip() for line in others)


def _together(lines: list[str]) -> Iterator[list[str]]:
    """The lines; those that were one together."""
    held: list[str] = []
    for line in lines:
        if held and not (_is_continued(held) or _is_folded(held, line)):
            yield held
            held = []
        held.append(line)
    yield held


def _is_continued(held: list[str]) -> bool:
    return all(len(line) > 1 and line.endswith("\\") for line in (held[0], held[-1]))


def _is_folded(held: list[str], line: str) -> bool:
    """Whether all lines but the last fill one width, and none begins something new."""
    before = held[-1]
    if not MIN_WIDTH <= len(before) == len(held[0]) >= len(line) or before.endswith("\\"):
        return False
    if not (re.match(_INSIDE, before[-1]) and re.match(_INSIDE, line)) or re.match(_BEGINS_ANEW, line):
        return False
    return _beginning(before) != _beginning(line)


def _beginning(line: str) -> str:
    return re.sub(r"\d", "0", line[:BEGIN_CHARS])
