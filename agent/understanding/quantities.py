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
]

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WITH_UNIT = re.compile(r"(\d+(?:[.,]\d+)?)([a-z%]+)", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")

_MEMORY = {
    "k": "k", "kb": "k", "kilobyte": "k", "kilobytes": "k", "ki": "Ki", "kib": "Ki", "kibibyte": "Ki", "kibibytes": "Ki",
    "mb": "M", "meg": "M", "megs": "M", "megabyte": "M", "megabytes": "M", "mi": "Mi", "mib": "Mi", "mebibyte": "Mi",
    "mebibytes": "Mi", "gb": "G", "gig": "G", "gigs": "G", "gigabyte": "G", "gigabytes": "G", "gi": "Gi", "gib": "Gi",
    "gibibyte": "Gi", "gibibytes": "Gi", "tb": "T", "ti": "Ti", "tib": "Ti", "terabyte": "T", "terabytes": "T",
    "byte": "", "bytes": "",
}  # fmt: skip
_CASED = {"M": "M", "G": "G", "T": "T", "K": "k"}
"""One letter is a unit of memory only as Kubernetes has it: 1G; what 1g or 512m means, only who wrote it knows."""
_CPU = {
    "core": "", "cores": "", "cpu": "", "cpus": "", "vcpu": "", "vcpus": "", "millicore": "m", "millicores": "m",
    "mcpu": "m", "millicpu": "m", "millicpus": "m", "mcore": "m", "mcores": "m", "millis": "m",
}  # fmt: skip
_TIME = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "sekunde": 1, "sekunden": 1, "min": 60, "mins": 60, "minute": 60,
    "minutes": 60, "minuten": 60, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "stunde": 3600,
    "stunden": 3600, "d": 86400, "day": 86400, "days": 86400, "tag": 86400, "tage": 86400, "tagen": 86400, "week": 604800,
    "weeks": 604800, "woche": 604800, "wochen": 604800, "month": 2592000, "months": 2592000, "monat": 2592000,
}  # fmt: skip
UNIT_WORDS = frozenset([*_MEMORY, *_CPU, *_TIME])
"""Words that are units; none is a typing error."""
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
