"""What was meant by a name that is not there: the nearest of those there are, for a person to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from tools.cluster.errors import NotFound

_ALIKE = 0.6
"""The measure of `difflib.get_close_matches`."""
_OFFERED = 3
_BEGINNING = 3
"""Letters of a name that may stand for the whole."""


def near(wanted: str, names: Iterable[str], at_most: int = _OFFERED) -> list[str]:
    """The names that look most like one that is not there, in any case; then those that begin with it."""
    by_lower = {name.lower(): name for name in sorted(names)}
    lower = wanted.lower()
    close = get_close_matches(lower, by_lower, n=at_most, cutoff=_ALIKE)
    begun = [name for name in by_lower if len(lower) >= _BEGINNING and name.startswith(lower)]
    return [by_lower[name] for name in dict.fromkeys((*close, *begun))][:at_most]


def did_you_mean(offered: Sequence[str]) -> str:
    """The question, with a blank before it; empty where there is nothing to offer."""
    *others, last = offered or ("",)
    return f" Did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if last else ""


class NotThere(NotFound):
    """Nothing has the name that was given: a sentence that says so, what may be meant, else how to list all."""

    def __init__(self, said: str, offered: Sequence[str], listing: str = "") -> None:
        super().__init__(f"{said}{did_you_mean(offered) or (listing and f' {listing}')}")
        self.said = said
        self.offered = tuple(offered)
        self.listing = listing

    def nor(self, other: NotThere) -> NotThere:
        """The error where the name may have meant either, and is neither."""
        return NotThere(f"{self.said} {other.said}", (*self.offered, *other.offered), self.listing)
