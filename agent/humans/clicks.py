"""What people do in Slack and PagerDuty: a click decides a row, by the same way as everywhere; a page is answered.

Slack waits three seconds for its acknowledgement: it is given at once, and the deciding comes behind.
Sources: https://docs.slack.dev/interactivity/handling-user-interaction,
https://docs.slack.dev/authentication/verifying-requests-from-slack,
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import parse_qs

from agent.errors import DeskError
from agent.humans import notices, pagerduty
from agent.humans.approvers import SlackUser
from agent.humans.approvers import load as load_approvers
from agent.humans.deciding import Decider, Verdict, decide
from agent.humans.port import Undelivered
from agent.journal.events import PageAnswered
from tools.cluster.errors import ClusterError

if TYPE_CHECKING:
    from agent.humans.slack import Slack
    from agent.journal.journal import Journal
    from tools.cluster.client import Cluster
    from tools.json import Json

FRESH_S = 300
REMEMBERED = 1000
"""Clicks that are known again when Slack delivers them twice."""
BODY_BYTES = 1024 * 1024
VERDICTS: Mapping[str, Verdict] = {"approve": "approved", "reject": "rejected"}

log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """What an endpoint answers."""

    status: int
    text: str = ""


class Endpoint(Protocol):
    """What answers a POST: `headers` by lower-case names, `body` as it came."""

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Reply: ...

    def close(self) -> None:
        """Wait for what it has in hand."""


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody clicked a button of a card."""

    who: SlackUser
    channel: str
    approval_id: str
    digest: str
    verdict: Verdict
    at: str
    """Slack's name of this click."""


class Clicks:
    """Decides rows by Slack's clicks. `cluster` connects as Desk, each time anew: credentials change."""

    def __init__(
        self,
        journal: Journal,
        workspace: Path,
        slack: Slack,
        cluster: Callable[[], Cluster],
        now: Callable[[], datetime],
    ) -> None:
        self._journal, self._workspace, self._slack = journal, workspace, slack
        self._cluster, self._now = cluster, now
        self._seen: OrderedDict[tuple[SlackUser, str, str], None] = OrderedDict()
        self._lock = Lock()

    def take(self, payload: Json) -> None:
        """`handle`, in a thread of its own, where nobody else would hear of a fault."""
        try:
            self.handle(payload)
        except Exception:
            log.exception("click")

    def handle(self, payload: Json) -> None:
        """Decide by a payload of Slack's, which is authentic, and tell who clicked what came of it."""
        click = read(payload)
        if click is None or self._is_known(click):
            return
        answer = self._decided(click)
        log.info("click", extra={"approval_id": click.approval_id, "who": str(click.who), "answer": answer})
        try:
            self._slack.tell(click.channel, click.who.user, answer)
        except Undelivered as error:
            log.warning("answer not sent: %s", error, extra={"approval_id": click.approval_id})

    def _is_known(self, click: Click) -> bool:
        key = (click.who, click.approval_id, click.at)
        with self._lock:
            is_known = key in self._seen
            self._seen[key] = None
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return is_known

    def _decided(self, click: Click) -> str:
        try:
            known = load_approvers(self._workspace)
            decider = Decider(click.who, "slack", self._cluster(), is_own_login=False)
            decided = decide(
                self._journal, click.approval_id, click.verdict, decider, known, self._now(), digest=click.digest
            )
        except (DeskError, ClusterError) as error:
            return f"Nothing was decided. {error}"
        if decided.row.status == "pending":
            return f"Approved as {decided.by}. It waits for a second person: this class of risk needs two."
        done = "The session goes on with" if click.verdict == "approved" else "The session ends with"
        return f"{click.verdict.capitalize()} as {decided.by}. {done}: desk resume {decided.row.session}"


def read(payload: Json) -> Click | None:
    """The click of a `block_actions` payload; None for whatever else it is, or for no button of ours."""
    try:
        if payload["type"] != "block_actions":
            return None
        user, action = payload["user"], payload["actions"][0]
        verb, _, approval_id = str(action["action_id"]).partition("_")
        value = json.loads(action["value"]) if verb in VERDICTS else {}
        if not value or value["approval"] != approval_id:
            return None
        return Click(
            who=SlackUser(str(user.get("team_id") or payload["team"]["id"]), str(user["id"])),
            channel=str(payload["container"]["channel_id"]),
            approval_id=approval_id,
            digest=str(value["digest"]) or "none",
            verdict=VERDICTS[verb],
            at=str(action["action_ts"]),
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        return None


class SlackEndpoint:
    """Slack's interactivity request URL, for an HTTP server to mount; Socket Mode needs none."""

    def __init__(self, clicks: Clicks, signing_secret: str, now: Callable[[], datetime]) -> None:
        self._clicks, self._secret, self._now = clicks, signing_secret, now
        self._pool = ThreadPoolExecutor(4, "slack-click")

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer a request; `headers` by lower-case names, `body` as it came."""
        if len(body) > BODY_BYTES:
            return Reply(413, "too large")
        if not self._is_authentic(headers, body):
            return Reply(401, "not signed by Slack")
        try:
            payload = json.loads(parse_qs(body.decode())["payload"][0])
        except (UnicodeDecodeError, KeyError, ValueError):
            return Reply(400, "no payload")
        self._pool.submit(self._clicks.take, payload)
        return Reply(200)

    def close(self) -> None:
        """Wait for the clicks in hand."""
        self._pool.shutdown()

    def _is_authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Its signature over time and raw body, not older than five minutes. Bytes: a signature may be any text."""
        at = headers.get("x-slack-request-timestamp", "")
        if not (at.isascii() and at.isdigit() and len(at) <= 12):
            return False
        if abs(self._now().timestamp() - int(at)) > FRESH_S:
            return False
        signed = hmac.new(self._secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
        given = headers.get("x-slack-signature", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(b"v0=" + signed.encode(), given)


class PagerDutyEndpoint:
    """The URL of a V3 webhook of PagerDuty: whoever acknowledges a page shows on the card."""

    def __init__(self, journal: Journal, secret: str) -> None:
        self._journal, self._secret = journal, secret

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer a request; `headers` by lower-case names, `body` as it came."""
        if len(body) > BODY_BYTES:
            return Reply(413, "too large")
        if not pagerduty.is_signed(body, headers.get("x-pagerduty-signature", ""), self._secret):
            return Reply(401, "not signed by PagerDuty")
        try:
            told = pagerduty.answered(json.loads(body), headers)
        except (ValueError, TypeError, AttributeError):
            return Reply(400, "no event")
        if told is not None and self._journal.approvals(approval_id=told[0]):
            self._write(*told)
        return Reply(200)

    def close(self) -> None:
        """Nothing is in hand."""

    def _write(self, row: str, delivery: str, answer: str, by: str) -> None:
        with self._journal.transaction() as transaction:
            if delivery not in notices.of(self._journal, row).answers:
                transaction.append(row, PageAnswered(row, delivery, answer, by))
