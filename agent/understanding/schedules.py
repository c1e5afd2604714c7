"""Times that come again, in words, as cron's five fields. Pure.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
"""

from __future__ import annotations

import re

_DAYS = {
    day: number
    for number, days in enumerate(
        ("sunday sonntag", "monday montag", "tuesday dienstag", "wednesday mittwoch", "thursday donnerstag",
         "friday freitag", "saturday samstag")
    )
    for day in days.split()
}  # fmt: skip
_EVERY = r"(?:every|each|jede[nrsm]?|alle)"
_DAY = "|".join(_DAYS)
_WEEK = r"(?:week ?days?|werktags?|wochentag)"
_CLOCK = (
    r"(?:at|um)\s+(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>am|pm)?(?:\s+uhr)?"
    r"|(?P<named>midnight|noon|mitternacht|mittag))"
)
_STEP = re.compile(rf"{_EVERY}\s+(?P<step>\d{{1,2}})\s+(?P<unit>minutes?|minuten|hours?|stunden)")
_HOURLY = re.compile(rf"(?:{_EVERY}\s+(?:hour|stunde)|hourly|stündlich)")
_DAILY = re.compile(
    rf"(?:{_EVERY}\s+(?:(?P<day>{_DAY})s?|(?P<week>{_WEEK})|day|night|morning|evening|tag|nacht|abend)"
    rf"|daily|täglich|nightly)\s+{_CLOCK}"
)


def cron_of(said: str) -> str:
    """The schedule that words (in lower case) say; empty when they say none, or more than one."""
    said = _turned(said)
    if found := _STEP.fullmatch(said):
        step = int(found["step"])
        if found["unit"].startswith("min"):
            return f"*/{step} * * * *" if step and 60 % step == 0 else ""
        return f"0 */{step} * * *" if step and 24 % step == 0 else ""
    if _HOURLY.fullmatch(said):
        return "0 * * * *"
    if found := _DAILY.fullmatch(said):
        hour = _hour(found)
        day = _DAYS[found["day"]] if found["day"] else "1-5" if found["week"] else "*"
        return f"{int(found['minute'] or 0)} {hour} * * {day}" if hour is not None else ""
    return ""


def _turned(said: str) -> str:
    """`at 4:15 every day` as `every day at 4:15`."""
    found = re.fullmatch(rf"((?:at|um) .+?) ((?:{_EVERY}) .+|daily|täglich)", said)
    return f"{found[2]} {found[1]}" if found else said


def _hour(found: re.Match[str]) -> int | None:
    """The hour of the day; None when there is no such time."""
    if found["named"]:
        return 0 if found["named"].startswith("mi") and found["named"] != "mittag" else 12
    hour, half = int(found["hour"]), found["half"]
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    return hour if hour < 24 and int(found["minute"] or 0) < 60 else None
