"""The nearest known word to one with a typing error, by Damerau-Levenshtein distance. Pure."""

from __future__ import annotations

from collections.abc import Iterable

MIN_LETTERS = 4
MIN_SWAPPED = 2
TWO_ERRORS_FROM = 10


def nearest(word: str, known: Iterable[str]) -> str:
    """The one known word within the distance that a word of this length allows; empty when none or several are.

    A word of four letters or more may have one error, of eight or more two. Digits are never taken for errors:
    web2 is not web3.
    """
    known = tuple(known)
    if exchanged := swapped(word, known):
        return exchanged
    allowed = allowed_errors(word)
    if not allowed:
        return ""
    found: dict[int, set[str]] = {}
    for other in known:
        if len(other) >= MIN_LETTERS and abs(len(other) - len(word)) <= allowed and digits(other) == digits(word):
            found.setdefault(distance(word, other), set()).add(other)
    for errors in range(allowed + 1):
        if errors in found:
            return next(iter(found[errors])) if len(found[errors]) == 1 else ""
    return ""


def swapped(word: str, known: Iterable[str]) -> str:
    """The one known word that differs by two neighbouring letters in the wrong order: the likeliest error."""
    if len(word) < MIN_SWAPPED:
        return ""
    letters = sorted(word)
    found = {other for other in known if sorted(other) == letters and distance(word, other) == 1}
    return found.pop() if len(found) == 1 else ""


def allowed_errors(word: str) -> int:
    """How many typing errors a word of this length may have."""
    return 0 if len(word) < MIN_LETTERS else 1 if len(word) < TWO_ERRORS_FROM else 2


def digits(word: str) -> str:
    """The digits of a word, in order."""
    return "".join(filter(str.isdigit, word))


def distance(one: str, other: str) -> int:
    """Insertions, deletions, changes and swaps of neighbours between two words.

    Source: the optimal string alignment distance, https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, compared in enumerate(other, 1):
            cost = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (letter != compared))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == compared:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
