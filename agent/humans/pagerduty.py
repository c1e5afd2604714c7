"""PagerDuty: Events v2, one alert a row, and the V3 webhooks by which it tells what people did with it.

An event of one dedup key may be sent twice without there being two alerts.
Sources: https://developer.pagerduty.com/docs/send-alert-event,
https://developer.pagerduty.com/docs/verifying-webhook-signatures
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from agent.humans import http
from agent.humans.card import cut
from agent.humans.port import TIMEOUT_S
from tools.plaintext import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.humans.card import Card
    from agent.humans.notices import Kind
    from agent.humans.port import Message
    from tools.json import Json

SUMMARY_CHARS = 1024
EVENT_BYTES = 512 * 1024
DETAILS_CHARS = 20_000
SEVERITY = {"CRITICAL": "critical", "HIGH": "error", "MEDIUM": "warning"}
ACTIONS = {"page": "trigger", "acknowledge": "acknowledge", "resolve": "resolve"}


class PagerDuty:
    """A service of PagerDuty, by its routing key, which is a secret."""

    name = "pagerduty"
    kinds: frozenset[Kind] = frozenset({"page", "acknowledge", "resolve"})

    def __init__(self, routing_key: str, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._routing_key, self._url, self._timeout_s = routing_key, url, timeout_s

    def shown(self, message: Message) -> str:
        """What the alert is made to be."""
        return ACTIONS[message.kind]

    def send(self, message: Message) -> Json:
        """Trigger, acknowledge or resolve the row's alert."""
        body = event(message, self._routing_key)
        http.post("PagerDuty", self._url, json.dumps(body, ensure_ascii=False).encode(), self._timeout_s)
        return {"dedup_key": message.about}

    def find(self, message: Message) -> Json | None:
        """None: what is sent again under its dedup key is the same alert."""
        return None


def event(message: Message, routing_key: str) -> Json:
    """An event of the Events API v2. An alert's answers need no payload."""
    body: Json = {
        "routing_key": routing_key,
        "event_action": ACTIONS[message.kind],
        "dedup_key": message.about,
    }
    card = message.card
    if message.kind != "page" or card is None:
        return body
    links = [{"href": card.link, "text": f"Decide {card.approval_id}"}] if card.link else []
    return body | {"payload": _payload(card), "client": "cluster-agent-swarm", "links": links}


def _payload(card: Card) -> Json:
    told = "" if card.waits else f"{card.said} "
    summary = f"[Desk] {told}Approval needed for {card.target}: {card.summary}"
    diff, left = cut(card.diff, lambda diff: len(diff) <= DETAILS_CHARS)
    note = f"\nCut: {counted(left, 'more line')}. All of it: {card.whole}" if left else ""
    return {
        "summary": summary if len(summary) <= SUMMARY_CHARS else summary[: SUMMARY_CHARS - 1] + "…",
        "severity": SEVERITY[card.priority],
        "source": "desk-developer-experience",
        "custom_details": {
            "agent": "Desk",
            "namespace": card.namespace,
            "issue": f"{card.summary}\n{diff}{note}",
            "approval": card.approval_id,
            "risk": card.risk,
            "requester": card.requester,
            "deadline": card.deadline.isoformat(),
            "decide": card.whole.replace("approvals show", "approvals approve"),
        },
    }


def is_signed(body: bytes, signatures: str, secret: str) -> bool:
    """Whether one of the signatures, `v1=HEX,v1=HEX`, is of the raw body. Two secrets may count at once."""
    ours = b"v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    given = (each.strip().encode("utf-8", "surrogateescape") for each in signatures.split(","))
    return any(hmac.compare_digest(ours, each) for each in given)


def answered(body: Json, headers: Mapping[str, str]) -> tuple[str, str, str, str] | None:
    """Of a V3 webhook: the row, the delivery, what was done, by whom. None: it tells nothing of a row.

    A delivery is known again by its event's id, which is signed; by X-Webhook-Id, which is not, where it has none.

    Raises `ValueError` where it is no webhook's body.
    """
    told = body.get("event")
    if not isinstance(told, dict) or not isinstance(told.get("data"), dict):
        raise ValueError("no event")  # noqa: TRY004  of the body
    group, _, answer = str(told.get("event_type") or "").partition(".")
    row = str(told["data"].get("incident_key") or "")
    if group != "incident" or answer not in ("acknowledged", "unacknowledged", "resolved") or not row:
        return None
    agent = told.get("agent")
    by = str(agent.get("summary") or "") if isinstance(agent, dict) else ""
    return row, str(told.get("id") or headers.get("x-webhook-id", ""))[:200], answer, by
