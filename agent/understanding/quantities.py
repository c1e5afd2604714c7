"""Numbers and quantities as people write them, in Kubernetes' own notation. Pure.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

ValueSort = Literal[
    "number",
    "memory",
    "milli",
    "cpu",
    "unclear",
    "duration",
    "percent",
    "pair",
    "literal",
    "variable",
    "path",
    "image",
    "ports",
    "schedule",
    "local",
    "container",
    "clock",
]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_WITH_UNIT = re.compile(r"(\d+(?:[.,]\d+)?)([a-z%]+)", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")

_MEMORY = {
    word: unit
    for unit, words in {
        "": "byte bytes",
        "k": "k kb kilobyte kilobytes",
        "Ki": "ki kib kibibyte kibibytes",
        "M": "mb meg megs megabyte megabytes",
        "Mi": "mi mib mebibyte mebibytes",
        "G": "gb gig gigs gigabyte gigabytes",
        "Gi": "gi gib gibibyte gibibytes",
        "T": "tb terabyte terabytes",
        "Ti": "ti tib tebibyte tebibytes",
    }.items()
    for word in words.split()
}
_CASED = {"M": "M", "G": "G", "T": "T", "K": "k"}
"""One letter is a unit of memory only as Kubernetes has it: 1G; what 1g or 512m means, only who wrote it knows."""
_CPU = {
    word: suffix
    for suffix, words in {
        "": "core cores cpu cpus vcpu vcpus",
        "m": "millicore millicores mcpu millicpu millicpus mcore mcores millis",
    }.items()
    for word in words.split()
}
_TIME = {
    word: seconds
    for seconds, words in {
        1: "s sec secs second seconds sekunde sekunden",
        60: "min mins minute minutes minuten",
        3600: "h hr hrs hour hours stunde stunden",
        86_400: "d day days tag tage tagen",
        604_800: "week weeks woche wochen",
        2_592_000: "month months monat",
    }.items()
    for word in words.split()
}
UNIT_WORDS = frozenset([*_MEMORY, *_CPU, *_TIME])
"""Words that are units; none is a typing error."""
_ODD = frozenset(["byte", "bytes", "k", "kb", "kilobyte", "kilobytes"])
"""Units in which nobody measures a container's memory; and 1.024 may be a thousand, or one and a bit."""
_PERCENT = frozenset(["%", "percent", "prozent"])


@dataclass(frozen=True, slots=True)
class Value:
    """A value: `said` in Kubernetes' notation, or as typed; `more` is the value of a pair.

    A quantity that is `unclear` has no `said` that is sure: `more` holds what it may be, `512Mi 512M`.
    """

    sort: ValueSort
    said: str
    more: str = ""


def quantity(
    raw: Sequence[str], words: Sequence[str], numbers: Mapping[str, float], units: Mapping[str, str]
) -> tuple[int, Value] | None:
    """The number or quantity that these tokens begin with, and how many of them say it; None when they do not.

    `raw` are the tokens as typed, `words` the same in lower case; `numbers` and `units` are a language's words.
    """
    if not words:
        return None
    attached = _WITH_UNIT.fullmatch(raw[0])
    if attached:
        value = _of(attached[1].replace(",", "."), attached[2], units)
        return (1, value) if value else None
    used, amount = _amount(words, numbers)
    if not used:
        return None
    following = used + 1 if words[used : used + 1] in (["a"], ["an"], ["einen"], ["einem"], ["of"]) else used
    if following < len(words) and following < len(raw):
        value = _of(amount, raw[following], units)
        if value is not None:
            return following + 1, value
    return used, Value("number", amount)


def _amount(words: Sequence[str], numbers: Mapping[str, float]) -> tuple[int, str]:
    """How many words say a number, and the number."""
    first = words[0]
    if _GROUPED.fullmatch(first):
        return 1, first.replace(",", "")
    if _NUMBER.fullmatch(first):
        first = first.replace(",", ".")
        used = 1
        while (
            first.isdigit()
            and len(words[0]) <= 3
            and words[used : used + 1]
            and re.fullmatch(r"\d{3}", words[used])
        ):
            first, used = first + words[used], used + 1
        return used, first
    for length in (2, 1):
        number = numbers.get(" ".join(words[:length])) if len(words) >= length else None
        if number is not None:
            return length, f"{number:g}"
    return 0, ""


def _of(amount: str, unit: str, units: Mapping[str, str]) -> Value | None:
    """A number with a unit; None when it is none that is known."""
    low = unit.casefold()
    if re.fullmatch(r"\d{1,3}\.\d{3}", amount) or low in _ODD:
        return Value("unclear", f"{amount}{unit}")
    if unit in _CASED:
        return Value("memory", f"{amount}{_CASED[unit]}")
    if low == "g":
        return Value("unclear", f"{amount}{unit}", f"{amount}Gi {amount}G")
    if low == "m":
        return Value("milli", f"{amount}m", f"{amount}Mi {amount}M")
    if low in _MEMORY:
        return Value("memory", f"{amount}{_MEMORY[low]}")
    if low in _CPU or units.get(low) == "cpu":
        return Value("cpu", _cores(amount, _CPU.get(low, "")))
    if low in _TIME:
        return Value("duration", f"{float(amount) * _TIME[low]:g}", f"{amount}{unit}")
    return Value("percent", amount) if low in _PERCENT else None


def _cores(amount: str, suffix: str) -> str:
    """Whole cores as a number, parts of one as millicores."""
    if suffix or amount.isdigit():
        return f"{amount}{suffix}"
    return f"{round(float(amount) * 1000)}m"
