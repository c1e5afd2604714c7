"""Slack: messages by its Web API, and whether one is there already.

Nothing is sent again by the SDK itself: a message whose answer was lost is looked for first.
Sources: https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/apis/web-api/rate-limits,
https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import hashlib
import json
import re
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.humans import slack_messages
from agent.humans.port import TIMEOUT_S, Message, Undelivered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slack_sdk import WebClient

    from agent.humans.notices import Kind
    from tools.json import Json

EVENT_TYPE = "desk_notice"
"""Of the metadata by which a message is known again."""
PAGES = 5
PAGE_MESSAGES = 200
PASSING = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Errors that trying again may mend; all others are of the token, the channel or the message."""


class Slack:
    """A channel of a Slack team."""

    name = "slack"
    kinds: frozenset[Kind] = frozenset({"ask", "remind", "card", "onboarded"})

    def __init__(self, client: WebClient, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._bot = ""

    def shown(self, message: Message) -> str:
        """Digest of the blocks."""
        return hashlib.sha256(json.dumps(_body(message), sort_keys=True).encode()).hexdigest()

    def send(self, message: Message) -> Json:
        """Post it, behind its card where it is a reminder; or update the card."""
        body, ref = _body(message), message.ref or {}
        if message.kind == "card":
            self._asked(self._client.chat_update, channel=ref["channel"], ts=ref["ts"], **body)
            return ref
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": message.key}}
        thread = {"thread_ts": ref["ts"], "reply_broadcast": True} if message.kind == "remind" else {}
        answer = self._asked(
            self._client.chat_postMessage,
            channel=ref.get("channel", self._channel),
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
            **thread,
            **body,
        )
        return {"channel": answer["channel"], "ts": answer["ts"]}

    def find(self, message: Message) -> Json | None:
        """The message of this very key that we ourselves have posted, among the newest."""
        if message.kind == "card":
            return None
        bot = self._bot = self._bot or self._asked(self._client.auth_test)["bot_id"]
        ref = message.ref or {}
        channel = ref.get("channel", self._channel)
        for each in self._posted(channel, ref.get("ts") if message.kind == "remind" else None):
            payload = (each.get("metadata") or {}).get("event_payload") or {}
            if each.get("bot_id") == bot and payload.get("key") == message.key:
                return {"channel": channel, "ts": each["ts"]}
        return None

    def tell(self, channel: str, user: str, text: str) -> None:
        """Tell one person something that nobody else sees."""
        self._asked(
            self._client.chat_postEphemeral, channel=channel, user=user, text=slack_messages.escaped(text)[:3000]
        )

    def _posted(self, channel: str, thread: str | None) -> Iterator[Json]:
        cursor = ""
        for _ in range(PAGES):
            given = {"channel": channel, "limit": PAGE_MESSAGES, "include_all_metadata": True, "cursor": cursor}
            if thread:
                page = self._asked(self._client.conversations_replies, ts=thread, **given)
            else:
                page = self._asked(self._client.conversations_history, **given)
            yield from page.get("messages", ())
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _asked(self, method: Callable[..., Any], **given: Any) -> Json:
        from slack_sdk.errors import SlackApiError, SlackRequestError

        try:
            answer: Json = method(**given).data
        except SlackApiError as error:
            raise _refused(error) from error
        except (SlackRequestError, OSError, HTTPException, ValueError) as error:
            said = f"Slack did not answer: {type(error).__name__}"
            raise Undelivered(said, maybe_sent=True) from error
        return answer


def connect(token: str, api: str, *, timeout_s: float = TIMEOUT_S) -> WebClient:
    """A client that sends each request once; raises `UsageError` where the SDK is not installed."""
    try:
        from slack_sdk import WebClient
    except ImportError as error:
        raise UsageError("Slack needs its SDK. Install it: pip install 'desk-agent[slack]'.") from error
    return WebClient(token, base_url=api, timeout=int(timeout_s), retry_handlers=[])


def _body(message: Message) -> Json:
    if message.blocks is not None:
        return message.blocks
    if message.card is None:
        raise ValueError(f"{message.key} has neither card nor blocks")
    return slack_messages.reminder(message.card) if message.kind == "remind" else slack_messages.asked(message.card)


def _refused(error: Any) -> Undelivered:
    answer = error.response
    data = answer.data if isinstance(answer.data, dict) else {}
    code, status = str(data.get("error") or ""), int(answer.status_code)
    if status == 429:
        after = str((answer.headers or {}).get("Retry-After", "") or "")
        return Undelivered(
            "Slack is asked too often", retry_after_s=float(after) if after.isdigit() else 30.0, is_limit=True
        )
    if status >= 500 or not re.fullmatch("[a-z_]+", code):  # the SDK puts what is no JSON in its place
        return Undelivered(f"Slack answers {status}", maybe_sent=True)
    return Undelivered(f"Slack says {code}", is_final=code not in PASSING, maybe_sent=code in PASSING)
