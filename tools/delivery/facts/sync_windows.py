"""Whether the sync windows of an AppProject let an Application be synced now.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from tools.diagnose.facts.schedule import parsed, zone_of

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.json import Json

_PART = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


class Closed(msgspec.Struct, frozen=True):
    """Why it may not be synced now; `manual`: by hand it may."""

    said: str
    manual: bool
    evidence: tuple[str, ...]


def closed(windows: Iterable[Json], app: Application, now: datetime) -> Closed | None:
    """What keeps an Application from being synced by itself now; None where nothing does.

    An open deny window forbids; where there are allow windows, one of them must be open.
    """
    own = [each for each in windows if _is_for(each, app)]
    denies = [each for each in own if each.get("kind") == "deny" and _is_open(each, now)]
    allows = [each for each in own if each.get("kind") == "allow"]
    if denies:
        manual = all(each.get("manualSync") for each in denies)
        return Closed(f"the deny window {_said(denies[0])} is open", manual, _evidence(denies))
    if allows and not any(_is_open(each, now) for each in allows):
        manual = any(each.get("manualSync") for each in allows)
        return Closed(f"no allow window is open ({', '.join(map(_said, allows))})", manual, _evidence(allows))
    return None


def _is_for(window: Json, app: Application) -> bool:
    """Whether a window is for an Application: by its name, its namespace or its cluster, all with wildcards."""
    destination = app.spec.get("destination") or {}
    clusters = [each for each in (destination.get("server"), destination.get("name")) if each]
    matches = [
        _any(window.get("applications"), [app.name]),
        _any(window.get("namespaces"), [app.destination_namespace]),
        _any(window.get("clusters"), clusters),
    ]
    told = [each for each in matches if each is not None]
    return bool(told) and (all(told) if window.get("andOperator") else any(told))


def _any(patterns: Sequence[str] | None, values: Iterable[str]) -> bool | None:
    """None where the window does not say."""
    if not patterns:
        return None
    return any(fnmatchcase(value, pattern) for value in values for pattern in patterns)


def _is_open(window: Json, now: datetime) -> bool:
    """Whether the last beginning is no longer ago than the window is long; one that cannot be read is closed."""
    schedule, zone = parsed(str(window.get("schedule"))), zone_of(window.get("timeZone") or None)
    if schedule is None or zone is None:
        return False
    begun = next(schedule.before(now, zone), None)
    return begun is not None and now < begun + duration(str(window.get("duration")))


def duration(text: str) -> timedelta:
    """A duration as Go writes it: `1h30m`."""
    parts = (timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(text))
    return sum(parts, timedelta())


def _said(window: Json) -> str:
    zone = f" {window['timeZone']}" if window.get("timeZone") else ""
    return f"{window.get('schedule')}{zone} ({window.get('duration')})"


def _evidence(windows: Iterable[Json]) -> tuple[str, ...]:
    return tuple(f"{each.get('kind')}: {_said(each)}{_described(each)}" for each in windows)


def _described(window: Json) -> str:
    return f": {window['description']}" if window.get("description") else ""
