"""Microsoft Teams: Adaptive Cards by a Workflows webhook. They lead to the page, and decide nothing.

A webhook takes cards and has no way to look at them: what is not known to have arrived is sent again, and says so.
Sources: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook,
https://adaptivecards.io/explorer/RichTextBlock.html
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from agent.humans import http
from agent.humans.card import cut
from agent.humans.port import TIMEOUT_S, Message
from tools.plaintext import counted, plain

if TYPE_CHECKING:
    from agent.humans.card import Card
    from agent.humans.notices import Kind
    from tools.json import Json

LIMIT_BYTES = 28 * 1024


class Teams:
    """A channel of Microsoft Teams, by the URL of its workflow, which is a secret."""

    name = "teams"
    kinds: frozenset[Kind] = frozenset({"ask", "remind", "outcome", "onboarded"})

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._timeout_s = url, timeout_s

    def shown(self, message: Message) -> str:
        """Digest of the card."""
        return hashlib.sha256(_encoded(_body(message))).hexdigest()

    def send(self, message: Message) -> Json:
        """Post it; the workflow gives it no name."""
        http.post("Teams", self._url, _encoded(_body(message)), self._timeout_s)
        return {}

    def find(self, message: Message) -> Json | None:
        """None: there is no way to look."""
        return None


def posted(card: Card, title: str) -> Json:
    """The message with the Adaptive Card of a row, cut until it is small enough."""
    diff, left = cut(
        card.diff, lambda diff: len(_encoded(_message(card, title, diff, len(card.diff)))) <= LIMIT_BYTES
    )
    return _message(card, title, diff, left)


def _message(card: Card, title: str, diff: str, left: int) -> Json:
    facts = {
        "Type": card.type,
        "Target": card.target,
        "Risk": f"{card.risk}, {card.priority}",
        "Deadline": f"{card.deadline:%Y-%m-%d %H:%M} UTC",
        "Asked by": card.requester,
        "Approval": card.approval_id,
    }
    is_cut = bool(left) or not card.is_whole
    note = [_text(f"Cut: {counted(left, 'more line')} of the change. All of it: {card.whole}", bold=True)]
    body = [
        _text(title, bold=True),
        *(_text(text, name=name) for name, text in facts.items()),
        _text(card.summary),
        *([_text(f"why it asks: {card.why}")] if card.why else []),
        *([_text(diff, monospace=True)] if diff else []),
        *(note if is_cut else []),
        *([_text(card.said, bold=True)] if card.said else []),
        _text(f"Decide: {card.whole.replace('approvals show', 'approvals approve')}") if card.waits else None,
    ]
    link = [{"type": "Action.OpenUrl", "title": "See it, and decide", "url": card.link}] if card.link else []
    return _adaptive([each for each in body if each], link)


def _adaptive(body: list[Json], actions: list[Json]) -> Json:
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
        "msteams": {"width": "Full"},
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, *, name: str = "", bold: bool = False, monospace: bool = False) -> Json:
    """Text as it is: a TextBlock would take it for Markdown, links and all."""
    run: Json = {"type": "TextRun", "text": text}
    if bold:
        run["weight"] = "Bolder"
    if monospace:
        run["fontType"] = "Monospace"
    named = [{"type": "TextRun", "text": f"{name}: ", "weight": "Bolder"}] if name else []
    return {"type": "RichTextBlock", "inlines": [*named, run]}


def _body(message: Message) -> Json:
    again = " (again: Teams did not say whether this had arrived)" if message.repeated else ""
    if message.card is not None:
        titles = {
            "ask": "Approval request from Desk (Developer Experience)",
            "remind": "Still waiting for a decision" if message.card.waits else "Nobody has decided",
        }
        return posted(message.card, titles.get(message.kind, "Desk: this request was answered") + again)
    blocks = (message.blocks or {}).get("blocks", ())
    texts = [text["text"] for each in blocks for text in (each.get("text"), *each.get("fields", ())) if text]
    return _adaptive([_text(plain(text).replace("*", "") + again) for text in texts], [])


def _encoded(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
