"""The name that was meant: near enough to be a slip of the pen, and not merely of the same family."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

_ALIKE = 0.6
"""The measure of `difflib.get_close_matches`: twice what two texts share, by the length of both."""
_WORDS = re.compile(r"[^a-z0-9]+")
_VERSION = re.compile(r"v?[0-9]+")
_OF_CONTENT = re.compile(r"-[bcdfghkmt2456789]{10}$")
"""The hash that Kustomize hangs on a name. Source: https://kubectl.docs.kubernetes.io/references/kustomize/"""


_COMPARED_AT_MOST = 60
"""Where there are more names than these, only those that share the rarest pairs of letters are looked at."""
_LIKELIEST = 12
"""Of those, so many that share most pairs are compared letter by letter."""


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """Which of these names was most likely meant by one that does not exist; None where none is likely.

    What two names share says nothing about it: `cart-config` and `web-config`, `DB_HOST` and `DB_PORT` are two
    things. Their other words must be alike, or missing in one of them, or versions.
    """
    meant = sorted(name for name in alike(wanted, names) if name != wanted and _is_slip(wanted, name))
    return max(meant, key=lambda name: _alike(wanted.lower(), name.lower()), default=None)


def alike(wanted: str, names: Iterable[str]) -> Iterable[str]:
    """Those of the names that are worth a comparison letter by letter: all of a few, the likeliest of many."""
    names = tuple(names)
    if len(names) <= _COMPARED_AT_MOST:
        return names
    by_pair = _by_pair(names)
    holders = sorted((by_pair[pair] for pair in _pairs(wanted) if pair in by_pair), key=len)
    found: set[str] = set()
    for each in holders:
        found.update(each[:_COMPARED_AT_MOST])
        if len(found) >= _COMPARED_AT_MOST:
            break
    own = _pairs(wanted)
    return sorted(found, key=lambda name: (-len(own & _pairs(name)), name))[:_LIKELIEST]


@lru_cache(maxsize=8)
def _by_pair(names: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        for pair in _pairs(name):
            found.setdefault(pair, []).append(name)
    return found


@lru_cache(maxsize=4096)
def _pairs(name: str) -> frozenset[str]:
    """Its pairs of neighbouring letters."""
    return frozenset(name[at : at + 2].lower() for at in range(len(name) - 1))


def _is_slip(wanted: str, name: str) -> bool:
    ours, theirs = _words(wanted), _words(name)
    left, right = _but(ours, theirs), _but(theirs, ours)
    if not left or not right:
        return _alike(" ".join(ours), " ".join(theirs)) >= _ALIKE
    return _alike("".join(left), "".join(right)) >= _ALIKE


def _words(name: str) -> list[str]:
    """The words of a name; a version counts as any other, and a hash of the content as none."""
    words = _WORDS.split(_OF_CONTENT.sub("", name.lower()))
    return ["0" if _VERSION.fullmatch(word) else word for word in words if word]


def _but(words: list[str], others: list[str]) -> list[str]:
    return [word for word in words if words.count(word) > others.count(word)]


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
