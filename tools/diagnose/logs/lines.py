"""One line of a log: what it says, and how grave its writer finds it; of JSON and logfmt the words alone."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

Level = Literal["grave", "other", "unknown"]
"""An error or worse; anything else that is said to be; not said."""

_GRAVE = frozenset(
    ("error", "err", "fatal", "critical", "crit", "panic", "severe", "alert", "emerg", "emergency", "dpanic")
)
_OTHER = frozenset(
    ("trace", "debug", "info", "information", "notice", "warn", "warning", "verbose", "fine", "config")
)
_LEVEL_KEYS = ("level", "severity", "lvl", "levelname", "log.level", "loglevel", "@l")
_TEXT_KEYS = ("msg", "message", "event", "@m", "text")
_ERROR_KEYS = ("error", "err", "exception", "error.message", "exc_info", "stack_trace", "stack", "@x")
_IN_ERROR = ("message", "msg", "error", "stack", "name", "type")
_PINO_ERROR = 50
"""Source: https://getpino.io/#/docs/api?id=loggerlevel-string-gettersetter"""
_LOGFMT = re.compile(r'(?:^|\s)([\w.@]+)=("(?:[^"\\]|\\.)*"|\S*)')
_WORD = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b|\[(\w{4,8})\]")
_WORD_WITHIN = 60
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:")
"""Source: https://kubernetes.io/docs/concepts/cluster-administration/system-logs/#klog"""


class LogLine(msgspec.Struct, frozen=True):
    """A line as a person reads it."""

    text: str
    level: Level


def read_line(line: str) -> LogLine:
    """The line's message and error where it is structured, else itself."""
    fields = _json(line) or _logfmt(line)
    if fields is None:
        return LogLine(line, _level_of(line))
    words = list(dict.fromkeys(text for keys in (_TEXT_KEYS, _ERROR_KEYS) if (text := _first(fields, keys))))
    if not words:
        return LogLine(line, "unknown")
    return LogLine(": ".join(words), _graded(next((fields[key] for key in _LEVEL_KEYS if key in fields), "")))


def _json(line: str) -> dict[str, Any] | None:
    start = line.find("{")
    if start < 0 or not line.rstrip().endswith("}") or line[:start].strip():
        return None
    try:
        fields = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return (
        fields if isinstance(fields, dict) and any(key in fields for key in (*_TEXT_KEYS, *_LEVEL_KEYS)) else None
    )


def _logfmt(line: str) -> dict[str, Any] | None:
    fields = {key: value.strip('"').replace('\\"', '"') for key, value in _LOGFMT.findall(line)}
    has_level = any(key in fields for key in _LEVEL_KEYS)
    return fields if has_level and any(key in fields for key in (*_TEXT_KEYS, *_ERROR_KEYS)) else None


def _first(fields: dict[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = fields.get(key)
        if isinstance(value, dict):
            value = next((value[each] for each in _IN_ERROR if isinstance(value.get(each), str)), None)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _level_of(line: str) -> Level:
    if match := _KLOG.match(line):
        return "grave" if match[1] in "EF" else "other"
    match = _WORD.search(line[:_WORD_WITHIN])
    return _graded(match[1] or match[2]) if match else "unknown"


def _graded(level: object) -> Level:
    if isinstance(level, int):
        return "grave" if level >= _PINO_ERROR else "other"
    word = str(level).lower()
    return "grave" if word in _GRAVE else "other" if word in _OTHER else "unknown"
