"""The log, for who operates many sessions: a line for each thing that happens, on standard error.

It says what the journal says, in brief, and what the journal does not: requests to the cluster, steps of the loop,
leases, waits. Nothing is logged unless `--log-level` is given. Libraries say warnings and errors here, never more:
the `kubernetes` client's debug log has whole bodies, Secrets among them.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from agent.redaction import Redactor
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.journal.journal import Entry
    from agent.settings import LogFormat, LogLevel

OWN = ("agent", "tools")
"""The packages whose loggers follow the level."""
TEXT_CHARS = 500
"""Of a field's first line, so much is told; the journal has the whole."""

_EVENTS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "session_started": (logging.INFO, ("model", "requester", "namespace", "sandbox", "dry_run", "read_only")),
    "session_resumed": (logging.INFO, ("requester", "why")),
    "model_turn": (logging.INFO, ("turn", "model", "stop_reason", "duration_ms", "cost_usd", "usage")),
    "call_gated": (logging.INFO, ("call_id", "tool", "risk", "verdict", "environment", "reason", "approval_id")),
    "approval_asked": (logging.INFO, ("approval_id", "call_id", "tool", "priority", "requester", "expires_at")),
    "approval_decided": (logging.INFO, ("approval_id", "decision", "approver")),
    "first_approval": (logging.INFO, ("approval_id", "approver")),
    "notice_intended": (logging.DEBUG, ("about", "channel", "kind")),
    "notice_sent": (logging.INFO, ("about", "channel", "kind")),
    "notice_failed": (logging.WARNING, ("about", "channel", "kind", "text", "wait_s")),
    "page_answered": (logging.INFO, ("about", "answer", "by")),
    "plan_made": (logging.DEBUG, ("call_id", "tool", "digest")),
    "tool_intent": (logging.DEBUG, ("call_id", "change_id", "summary")),
    "tool_receipt": (logging.INFO, ("call_id", "change_id", "outcome", "text")),
    "tool_result": (logging.INFO, ("call_id", "tool", "ok", "error")),
    "subtask_done": (logging.INFO, ("subtask", "result", "target", "approved_by")),
    "committed": (logging.INFO, ("subtask", "sha")),
    "incident_opened": (logging.WARNING, ("severity", "title")),
    "session_paused": (logging.INFO, ("exit_code", "result", "reason", "approval_id")),
    "session_closed": (logging.INFO, ("exit_code", "outcome", "summary")),
}
"""Type of event -> its level, and what of it is told."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class Log(logging.Handler):
    """Writes records, masked, to what standard error is at the time."""

    def __init__(self, form: LogFormat) -> None:
        super().__init__()
        self.form = form
        self.session = ""
        self.redactor = Redactor()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a reader that is gone ends the log, not the session."""
        stream: TextIO | None = sys.stderr
        try:
            line = self._line(record)
            if stream is not None:
                stream.write(line + "\n")
                stream.flush()
        except OSError:
            self.setLevel(logging.CRITICAL + 1)
        except Exception:  # noqa: BLE001  as every handler of logging: a record that cannot be said is no fault
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        told |= {"session": self.session} if self.session else {}
        told["message"] = record.getMessage()
        told |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info:
            told["traceback"] = logging.Formatter().formatException(record.exc_info)
        masked: Any = self.redactor.redact(told)
        return json.dumps(masked, default=str) if self.form == "json" else _as_text(masked)


def _as_text(told: dict[str, Any]) -> str:
    rest = dict(told)
    message = " ".join(rest.pop("message").split())
    head = [rest.pop("at"), rest.pop("level").upper().ljust(7), rest.pop("session", "-"), message]
    del rest["logger"]
    trace = rest.pop("traceback", "")
    fields = (f"{name}={json.dumps(value, default=str, ensure_ascii=False)}" for name, value in rest.items())
    return plain(" ".join([*head, *fields]) + (f"\n{trace}" if trace else ""))


def configure(level: LogLevel, form: LogFormat) -> None:
    """Log from now on; once more: as the newest call says."""
    root = logging.getLogger()
    for before in [each for each in root.handlers if isinstance(each, Log)]:
        root.removeHandler(before)
    root.addHandler(Log(form))
    number = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(number, logging.WARNING))
    for name in OWN:
        logging.getLogger(name).setLevel(number)


def begin(session: str, redactor: Redactor) -> None:
    """What is logged from now on is this session's, and without the secrets that `redactor` knows."""
    for log in (each for each in logging.getLogger().handlers if isinstance(each, Log)):
        log.session, log.redactor = session, redactor


def tell(entry: Entry) -> None:
    """Log an event of the journal."""
    level, names = _EVENTS.get(entry.type, (logging.DEBUG, ()))
    log = logging.getLogger(__name__)
    if not log.isEnabledFor(level) or not is_on():
        return
    body = entry.body
    if entry.type == "session_paused" and body["result"] == "FAILURE":
        level = logging.WARNING
    fields = {**body, "duration_ms": round(1000 * body.get("duration_s", 0.0))}
    told = {name: _short(fields[name]) for name in names if fields.get(name) not in (None, "", {})}
    log.log(level, entry.type.replace("_", " "), extra={**told, **told.pop("usage", {})})


def failed(error: Exception, *, is_bug: bool) -> None:
    """Log what ends the process; a bug with its traceback."""
    if is_on():
        logging.getLogger(__name__).error("%s", error, exc_info=error if is_bug else None)


def is_on() -> bool:
    """Whether anything is logged."""
    return any(isinstance(each, Log) for each in logging.getLogger().handlers)


def _short(value: Any) -> Any:
    return value.partition("\n")[0][:TEXT_CHARS] if isinstance(value, str) else value
