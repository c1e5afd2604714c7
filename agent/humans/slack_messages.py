"""Messages for Slack, as Block Kit. Pure.

Limits and escapes: https://docs.slack.dev/reference/block-kit/blocks/section-block,
https://docs.slack.dev/reference/block-kit/block-elements/button-element,
https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent.humans.card import cut
from tools.plaintext import counted

if TYPE_CHECKING:
    from agent.humans.card import Card
    from tools.json import Json

SECTION_CHARS = 3000
FIELD_CHARS = 2000
VALUE_CHARS = 2000
TITLE = "*Approval Request from Desk (Developer Experience)*"


def escaped(text: str) -> str:
    """Text as data: no link, no mention, no end of a code block."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("```", "`\u200b`\u200b`")


def asked(card: Card) -> Json:
    """A row's card: buttons while it waits, and how it was decided afterwards."""
    details, is_whole = _details(card)
    blocks = [
        _section(f"*{escaped(card.said)}*" if card.said and not card.waits else TITLE),
        _fields(
            {
                "Type": escaped(card.type),
                "Target": escaped(card.target),
                "Risk": escaped(f"{card.risk}, {card.priority}"),
                "Deadline": _date(card),
            }
        ),
        _section(details),
        *([_context(card.said)] if card.said and card.waits else []),
        *([_actions(card, is_whole)] if card.waits else []),
        _context(f"{card.approval_id}, asked by {card.requester}"),
    ]
    text = "🎯 *Agent Action Required - DevEx*" if card.waits else escaped(f"{card.approval_id}: {card.said}")
    return {"text": text, "blocks": blocks}


def reminder(card: Card) -> Json:
    """What the thread of a card is told once it has waited for long."""
    if card.waits:
        said = f"⏰ *Still waiting for a decision* on {escaped(card.target)}, until {_date(card)}."
    else:
        said = f"⏰ *Nobody has decided* on {escaped(card.target)}: {escaped(card.said)}"
    return {"text": said, "blocks": [_section(said)]}


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION_CHARS]}}


def _fields(named: dict[str, str]) -> Json:
    fields = [{"type": "mrkdwn", "text": f"*{name}:*\n{text}"[:FIELD_CHARS]} for name, text in named.items()]
    return {"type": "section", "fields": fields}


def _context(text: str) -> Json:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(text)[:FIELD_CHARS]}]}


def _date(card: Card) -> str:
    """In each reader's own time zone. Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting"""
    fallback = f"{card.deadline:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(card.deadline.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def _details(card: Card) -> tuple[str, bool]:
    """What would be changed, and whether that is all of it."""
    why = f"\nwhy it asks: {card.why}" if card.why else ""
    head = escaped(f"{card.summary}{why}\n")

    def text(diff: str, note: str = "") -> str:
        return f"*Request Details:*\n```{head}{escaped(diff)}```{note}"

    shown, left = cut(card.diff, lambda diff: len(text(diff, _note(card, len(card.diff)))) <= SECTION_CHARS)
    is_whole = card.is_whole and not left
    return text(shown, "" if is_whole else _note(card, left)), is_whole


def _note(card: Card, left: int) -> str:
    whole = f"<{card.link}|{card.approval_id}>" if card.link else f"`{card.whole}`"
    return f"\n✂️ *Cut: {counted(left, 'more line')} of the change.* All of it, and the deciding: {whole}"


def _actions(card: Card, is_whole: bool) -> Json:
    """Whoever has not seen all of a change does not approve it here: they are led to where all of it is."""
    approve = _button(card, "approve", "✅ Approve", "primary")
    if not is_whole:
        approve = {
            "type": "button",
            "text": {"type": "plain_text", "text": "🔍 See all of it"},
            "action_id": f"see_{card.approval_id}",
            "url": card.link,
        }
    shown = [approve] if is_whole or card.link else []
    return {"type": "actions", "elements": [*shown, _button(card, "reject", "❌ Reject", "danger")]}


def _button(card: Card, verb: str, text: str, style: str) -> Json:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": text},
        "style": style,
        "action_id": f"{verb}_{card.approval_id}",
        "value": json.dumps({"approval": card.approval_id, "digest": card.digest}),
    }
