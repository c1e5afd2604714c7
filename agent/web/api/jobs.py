"""The `Launcher` whose sessions are Kubernetes Jobs, as `desk dispatch` makes them."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from agent.dispatch.dispatcher import LOOKS_EVERY_S
from agent.dispatch.request import Request
from agent.errors import ExitCode, UsageError
from agent.journal.requests import request_of
from agent.web.api.launching import Ended
from tools.cluster.errors import ClusterError

if TYPE_CHECKING:
    from agent.dispatch.deciding import Ended as EndedJob
    from agent.dispatch.dispatcher import Dispatcher

_log = logging.getLogger(__name__)


class Jobs:
    """One Job for each time that a session is begun or gone on with; it finds the rest in the journal."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._at_work: set[str] = set()
        self._told: dict[str, int] = {}
        """Session key -> the number of its newest Job whose end was told."""
        self._looked_at = 0.0

    def launch(self, session_key: str) -> str:
        """Make the next Job of a key."""
        asked = request_of(self._dispatcher.journal, session_key)
        if asked is None:
            raise AssertionError("nothing is launched that was not asked for")
        request = Request(
            task=asked.task, session_key=session_key, namespace=asked.namespace or None,
            read_only=asked.read_only, dry_run=asked.dry_run,
        )  # fmt: skip
        try:
            made = self._dispatcher.another(request)
        except (ClusterError, UsageError) as error:
            raise OSError(str(error)) from error
        self._at_work.add(session_key)
        return f"job.batch/{made.name} in {made.namespace}"

    def stop(self, session_key: str, pid: int) -> None:
        """Delete its Job."""
        try:
            self._dispatcher.end(session_key)
        except ClusterError as error:
            _log.warning("not stopped yet: %s", error, extra={"session_key": session_key})

    def ended(self) -> list[Ended]:
        """Those that have ended since this was last asked; the cluster is asked every two seconds."""
        if time.monotonic() - self._looked_at < LOOKS_EVERY_S:
            return []
        try:
            last = self._dispatcher.last()
        except ClusterError as error:
            _log.warning("the Jobs cannot be read: %s", error)
            return []
        self._looked_at = time.monotonic()
        self._at_work = {key for key, job in last.items() if job.ended_at is None}
        over = {
            key: job for key, job in last.items() if job.ended_at is not None and self._told.get(key) != job.number
        }
        self._told |= {key: job.number for key, job in over.items()}
        return [_ended(key, job) for key, job in over.items()]

    def holds(self, session_key: str) -> bool:
        """Whether its Job has not ended."""
        return session_key in self._at_work


def _ended(session_key: str, job: EndedJob) -> Ended:
    if job.reason == "PodFailurePolicy":
        said = "its settings are wrong (exit code 2): the log of its pod says which"
        return Ended(session_key, ExitCode.USAGE, said)
    said = f"its Job has failed ({job.reason}): the log of its pod may say why" if job.failed else ""
    return Ended(session_key, ExitCode.FAILED if job.failed else ExitCode.DONE, said)
