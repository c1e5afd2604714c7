"""The API server's audit log, read as it grows: who changed what, how often.

At the level `Metadata` it shows the dry run of a PATCH (in the URI) but not that of a DELETE (in the body). Which
audit id was a dry run is what the proxy knows.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from tools.json import Json

LOG = Path(os.environ.get("DESK_KUBE_DIR", "/var/lib/desk-kube")) / "log" / "audit.log"
_CHANGING = ("patch", "delete", "create", "update")
_OURS = b'"namespace":"chaos-'
POLL_S = 0.02


class AuditLog:
    """From now on: events that changed something in the namespaces of this harness. Safe for threads."""

    def __init__(self, path: Path = LOG) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._events: dict[str, Json] = {}
        self._rest = b""
        self._file = path.open("rb")
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def wait_for(self, audit_ids: Collection[str], timeout_s: float = 10.0) -> list[str]:
        """Wait until these requests are in the log; gives those that never came."""
        deadline = time.monotonic() + timeout_s
        while True:
            with self._lock:
                self._read()
                missing = [one for one in audit_ids if one not in self._events]
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(POLL_S)

    def effective(self, namespace: str, resource: str, name: str, agent: str, dry: Collection[str]) -> list[Json]:
        """The requests of a user agent that changed an object: answered with success, and no dry run."""
        with self._lock:
            self._read()
            return [
                event
                for audit_id, event in self._events.items()
                if _is_of(event["objectRef"], namespace, resource, name)
                and event["userAgent"].startswith(agent)
                and 200 <= event["responseStatus"]["code"] < 300
                and "dryRun" not in event["requestURI"]
                and audit_id not in dry
            ]

    def forget(self, audit_ids: Collection[str]) -> None:
        """What is judged needs no room."""
        with self._lock:
            for audit_id in audit_ids:
                self._events.pop(audit_id, None)

    def _read(self) -> None:
        self._take(self._file)
        if self._rotated():
            self._take(self._file)
            self._file.close()
            self._file = self._path.open("rb")
            self._take(self._file)

    def _rotated(self) -> bool:
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def _take(self, file: BinaryIO) -> None:
        *lines, self._rest = (self._rest + file.read()).split(b"\n")
        for line in lines:
            if _OURS in line:
                event = json.loads(line)
                if event["verb"] in _CHANGING and event["stage"] == "ResponseComplete":
                    self._events[event["auditID"]] = event


def _is_of(reference: Json, namespace: str, resource: str, name: str) -> bool:
    asked = (reference.get("namespace"), reference.get("resource"), reference.get("name"))
    return asked == (namespace, resource, name) and not reference.get("subresource")
