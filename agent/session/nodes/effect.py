"""A change's effect: sent at most once, and looked for where nobody knows what came of it."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

from agent.journal.events import ToolIntent, ToolReceipt
from agent.model.port import ToolUse
from agent.session.context import Desk
from tools.changes.driver import Driver, Effect, Running, Stale
from tools.changes.plan import Change, change_from, id_of
from tools.cluster.client import RETRY_AFTER_LIMIT_S
from tools.cluster.errors import PASSING, RESUMABLE, ClusterError, Conflict
from tools.errors import ToolError
from tools.json import Json

log = logging.getLogger(__name__)

MAX_TRIES = 5
RETRY_S = 0.5

_DONE = {"patch": "patched", "create": "created", "apply": "applied", "delete": "deleted"}


@dataclass(frozen=True, slots=True)
class Sending:
    """One change of a call on its way: `index` is its place in the plan."""

    desk: Desk
    call_id: str
    index: int
    change: Change
    expected: Json

    @property
    def driver(self) -> Driver:
        """The driver of the change's system."""
        return self.desk.driver(self.change)

    def effect(self) -> ToolReceipt:
        """Send the change, at most once in effect: each try is bound to the version it was planned on.

        Raises `ClusterError` when it cannot be known what came of it: the intent stays open for a resume.
        """
        lost: ClusterError | None = None
        for _ in range(MAX_TRIES):
            try:
                return self._arrived("applied", self._sent())
            except Conflict:  # the status moved between our look and our patch: look again
                continue
            except Stale:
                found = None if lost is None else self.driver.observe(self.change, self.expected)
                if found is not None:
                    return self._arrived("reconciled", found)
                return self._receipt("stale", f"{self.change.target} was changed by somebody else")
            except PASSING as error:  # it may have happened: look before the next try
                lost = error
                log.info("looked for before it is sent again: %s", error, extra={"change_id": self.change.id})
                self.desk.stop.sleep(max(RETRY_S, min(error.retry_after_s, RETRY_AFTER_LIMIT_S)))
                if (found := self.driver.observe(self.change, self.expected)) is not None:
                    return self._arrived("reconciled", found)
            except RESUMABLE:  # what may be done is decided anew once the user has logged in
                raise
            except (ToolError, ClusterError) as error:
                return self._receipt("failed", str(error))
        raise lost or Conflict(f"{self.change.target} changes too fast to be patched. Resume, to try again.")

    def reconciled(self) -> ToolReceipt | None:
        """The receipt of a change that was sent before, if it is in effect; waits for one that is being made."""
        operation = self.desk.view.operations.get((self.call_id, self.change.id))
        if operation is None:
            found = self.driver.observe(self.change, self.expected)
            return None if found is None else self._arrived("reconciled", found)
        try:
            return self._arrived("reconciled", self._followed(Running(operation, 0.0)))
        except RESUMABLE:
            raise
        except ClusterError as error:
            return self._receipt("failed", str(error))

    def absent(self) -> ToolReceipt:
        """The receipt of a change that had not happened when it was looked for."""
        return self._receipt("absent", f"{self.change.target}: it had not happened")

    def _sent(self) -> Effect:
        body = self.change.body
        if self.change.credentials is not None:
            with self.desk.stop.at_once():  # nothing is sent yet, and standard input may take its time
                body = self.driver.filled(self.change)
        return self._followed(self.driver.send(self.change, body, self._token()))

    def _followed(self, sent: Effect | Running) -> Effect:
        """Wait for what takes its time; where to ask is journaled first, so that it outlives this process."""
        while isinstance(sent, Running):
            operation = sent.operation
            if self.desk.view.operations.get((self.call_id, self.change.id)) != operation:
                self.desk.append(self._receipt("running", f"making {self.change.target}", operation=operation))
            self.desk.stop.sleep(sent.wait_s)
            sent = self.driver.follow(self.change, operation)
        return sent

    def _token(self) -> str:
        """The same for each try of this change, in this process and the next."""
        plan = self.desk.view.plans.get(self.call_id)
        parts = (self.desk.view.id, self.call_id, self.change.id, plan.digest if plan else "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def _arrived(self, outcome: str, found: Effect) -> ToolReceipt:
        text = f"{_DONE[self.change.verb]} {self.change.target}"
        return self._receipt(outcome, text, after=found.after, uid=found.uid, told=found.told)

    def _receipt(
        self,
        outcome: str,
        text: str,
        *,
        after: Json | None = None,
        uid: str = "",
        operation: str = "",
        told: str = "",
    ) -> ToolReceipt:
        return ToolReceipt(
            self.call_id, self.index, outcome, text, after or {}, uid,
            change_id=self.change.id, operation=operation, told=told,
        )  # fmt: skip


def settle(desk: Desk, call: ToolUse) -> bool:
    """Write down what came of a call's open intents; gives whether there was one.

    What is not in effect is gated anew. It may come all the same, for a request can be on its way longer than
    its sender lives: see `arrived`.
    """
    intents = desk.view.open_intents(call.id)
    for intent in intents:
        sending = _sending(desk, intent)
        desk.append(sending.reconciled() or sending.absent())
    return bool(intents)


def arrived(desk: Desk, call: ToolUse) -> bool:
    """Look once more for what an earlier process sent, and was not in effect when this one looked; gives whether
    it is now.

    Whatever is sent in its stead carries the same precondition, so that only one of the two takes effect.
    """
    for intent in desk.view.absent.get(call.id, ()):
        if desk.view.is_made(call.id, intent.change_id or id_of(intent.change)):
            continue
        if (receipt := _sending(desk, intent).reconciled()) is not None:
            desk.append(intent, receipt)
            return True
    return False


def _sending(desk: Desk, intent: ToolIntent) -> Sending:
    return Sending(desk, intent.call_id, intent.index, change_from(intent.change), intent.expected)
