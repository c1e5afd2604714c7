"""Does a session go in circles? Told by what came of its calls, not by the calls alone. Pure.

A turn is fruitless when nothing of it is new: each of its calls failed, gave what the same call gave before, or
made a change that was made before. After a change that is new, every look is new again. Fruitless turns in a row
are told to the model first, and end the session when it goes on with them; the telling does not reset the count.

A call that waits for the cluster gives the same for as long as nothing has come of it: that is its work, and its
own time bounds it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.json import Json

TOLD_AFTER = 2
"""So many fruitless turns in a row, and the model is told."""
ENDED_AFTER = 5
"""So many in a row, and the session is handed over."""

WAITING = frozenset({"wait_for_rollout", "wait_until_mended", "rollout_status"})
"""Tools that are asked again while something happens."""

SAYING = frozenset({"plan"})
"""Tools by which a model says something and learns nothing."""

NOTE = (
    "Your last {count} turns brought nothing new: the same answers as before, or failures. Do something else, or "
    "say with finish or clarify what is known and what is missing. After {left} more such turns the session ends."
)

_TIMES = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"  # 2026-01-31T12:00:00Z
    r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b"
    r"|\b(?:\d+(?:\.\d+)?(?:ms|[smhdy]))+\b"  # 3m20s
    r"|\b\d+(?:\.\d+)? (?:milliseconds?|seconds?|minutes?|hours?|days?)\b"
)
_COUNTERS = re.compile(r"\b(resourceVersion|generation|observedGeneration|uid)\b\W{1,4}[\w-]+|\(?\bx\d+\b")
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Called:
    """A call and what came of it. `changed`: a change of it is in effect."""

    tool: str
    arguments: Json
    text: str
    ok: bool
    changed: bool


@dataclass
class Circling:
    """The count over the turns of a session, in their order."""

    fruitless: int = 0
    """Turns in a row, the newest ones, that brought nothing new."""
    _seen: set[str] = field(default_factory=set)
    """Looks of the whole session."""
    _fresh: set[str] = field(default_factory=set)
    """Looks since the newest change that was new."""
    _changes: set[str] = field(default_factory=set)
    _to_and_fro: bool = False
    """Whether the newest change was made before: then what it leads to was seen before, too."""

    def turn(self, calls: Sequence[Called]) -> None:
        """Add a turn whose calls are answered. One without calls is judged elsewhere, and leaves the count."""
        if not calls:
            return
        is_new = [self._is_new(call) for call in calls]
        self.fruitless = 0 if any(is_new) else self.fruitless + 1

    def _is_new(self, call: Called) -> bool:
        if call.tool in SAYING:
            return False
        if call.changed:
            return self._is_new_change(_key(call.tool, call.arguments, _lasting(call.tool, call.text)))
        if call.tool in WAITING and call.ok:
            return True
        said = _key(call.tool, _nearly(call.arguments), _lasting(call.tool, call.text))
        is_new = call.ok and said not in (self._seen if self._to_and_fro else self._fresh)
        self._seen.add(said)
        self._fresh.add(said)
        return is_new

    def _is_new_change(self, change: str) -> bool:
        self._to_and_fro = change in self._changes
        if not self._to_and_fro:
            self._changes.add(change)
            self._fresh.clear()
        return not self._to_and_fro


def note_on(fruitless: int) -> str:
    """What the model is told after so many fruitless turns; empty: nothing."""
    if not TOLD_AFTER <= fruitless < ENDED_AFTER:
        return ""
    return NOTE.format(count=fruitless, left=ENDED_AFTER - fruitless)


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _nearly(value: Any) -> Any:
    """Arguments without what makes them differ and asks for nothing else: amounts, case, spaces."""
    match value:
        case bool():
            return value
        case int() | float():
            return 0
        case str():
            return " ".join(value.split()).lower()
        case dict():
            return {key: _nearly(each) for key, each in value.items()}
        case list():
            return [_nearly(each) for each in value]
        case _:
            return value


def _lasting(tool: str, text: str) -> str:
    """A result without what changes by itself: times, ages, versions; of measurements, the numbers."""
    lasting = _COUNTERS.sub("", _TIMES.sub("", text))
    return _NUMBERS.sub("", lasting) if tool == "top" else lasting
