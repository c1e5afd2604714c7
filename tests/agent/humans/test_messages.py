"""Messages by Slack's own models and each channel's limits; what is cut says so, and is not approved there."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, SectionBlock

from agent.gate.policy import Priority
from agent.humans import slack_messages
from agent.humans.card import Card, card
from agent.humans.notices import Told
from agent.humans.pagerduty import event
from agent.humans.port import Message
from agent.humans.teams import LIMIT_BYTES, posted
from agent.journal.approvals import Row
from agent.journal.events import ApprovalAsked
from tests.agent.humans.people import NOW

PAGE = "https://desk.example.com"
SIZES = [0, 1, 50, 500, 2_700, 2_990, 3_100, 40_000, 600_000]
HOSTILE = "```\n*bold* <!channel> <@U1> <https://evil.example|click> & [a](https://evil.example) \x1b[31m\u202ex\n"


def shown(
    diff: str = "-16Mi\n+64Mi",
    *,
    status: str = "pending",
    page: str = PAGE,
    priority: Priority = "HIGH",
    targets: Sequence[str] = ("checkout",),
    **other: Any,
) -> Card:
    asked = ApprovalAsked(
        approval_id="apr-0123456789",
        call_id="c1",
        tool="set_resources",
        arguments={},
        targets=[{"kind": "Deployment", "namespace": "shop-staging", "name": name} for name in targets],
        digest="d" * 64,
        risk="change",
        environment="staging",
        priority=priority,
        requester="rita",
        summary="raise the limit",
        diff=diff,
        asked_at=NOW.isoformat(),
        expires_at=datetime(2026, 6, 1, 13, 0, tzinfo=UTC).isoformat(),
        why="the task did not name it",
    )
    row = Row(ApprovalAsked(**{**asdict(asked), **other}), "s1", status, "ana", "")
    return card(row, Told(), NOW, page)


def buttons(message: dict[str, Any]) -> list[str]:
    actions = [each for block in message["blocks"] for each in block.get("elements", ()) if "action_id" in each]
    return [each["action_id"].partition("_")[0] for each in actions]


def judged(message: dict[str, Any]) -> str:
    """What Slack's models and limits say of a message; gives its text."""
    blocks = Block.parse_all(message["blocks"])
    for block, raw in zip(blocks, message["blocks"], strict=True):
        block.validate_json()
        assert block.to_dict().keys() >= {"type"}
        if isinstance(block, SectionBlock):
            assert len((raw.get("text") or {}).get("text", "")) <= 3000
            assert all(len(each["text"]) <= 2000 for each in raw.get("fields", ()))
        if isinstance(block, ActionsBlock):
            for button in block.elements:
                assert isinstance(button, ButtonElement)
                button.validate_json()
                assert len(button.value or "") <= 2000
    assert 0 < len(blocks) <= 50
    return json.dumps(message, ensure_ascii=False)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("line", ["+ replicas: 3", "<&>", "ä" * 40, "x" * 5_000])
def test_a_change_of_any_size(size: int, line: str) -> None:
    diff = "\n".join([line] * (size // (len(line) + 1)))
    of = shown(diff)
    message = slack_messages.asked(of)
    text = judged(message)
    if slack_messages.escaped(diff) in message["blocks"][2]["text"]["text"] and diff:
        assert buttons(message) == ["approve", "reject"]
        assert "Cut" not in text
    elif diff:
        assert buttons(message) == ["see", "reject"]
        assert "✂️ *Cut: " in text
        assert f"<{PAGE}/approvals/apr-0123456789|" in text
    teams = posted(of, "Approval request from Desk")
    encoded = json.dumps(teams, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(encoded) <= LIMIT_BYTES
    assert (
        diff.splitlines() == []
        or json.dumps(diff, ensure_ascii=False)[1:-1].encode() in encoded
        or b"Cut: " in encoded
    )
    page = event(Message("apr-0123456789", "page", of), "R" * 32)
    assert len(json.dumps(page).encode()) <= 512 * 1024
    assert len(page["payload"]["summary"]) <= 1024


def test_what_is_cut_is_not_approved_in_chat_without_a_page_either() -> None:
    message = slack_messages.asked(shown("x\n" * 5_000, page=""))
    assert buttons(message) == ["reject"]
    assert "`desk approvals show apr-0123456789`" in judged(message)


def test_a_summary_or_targets_that_are_cut_are_not_approved_in_chat() -> None:
    for of in (shown(summary="x" * 400), shown(targets=[f"t{n}" for n in range(9)])):
        assert buttons(slack_messages.asked(of)) == ["see", "reject"]
    assert "and 4 more targets" in judged(slack_messages.asked(shown(targets=[f"t{n}" for n in range(9)])))


def test_the_card_says_what_the_specification_wants() -> None:
    message = slack_messages.asked(shown())
    assert message["text"] == "🎯 *Agent Action Required - DevEx*"
    text = judged(message)
    for said in (
        "*Approval Request from Desk (Developer Experience)*",
        "*Type:*\\nchange (set_resources)",
        "*Target:*\\nshop-staging/Deployment/checkout",
        "*Risk:*\\nchange in staging, HIGH",
        "*Deadline:*\\n<!date^1780318800^{date_short_pretty} {time}|2026-06-01 13:00 UTC>",
        "*Request Details:*\\n```raise the limit\\nwhy it asks: the task did not name it\\n-16Mi\\n+64Mi```",
    ):
        assert said in text
    assert buttons(message) == ["approve", "reject"]
    assert [each["style"] for each in message["blocks"][3]["elements"]] == ["primary", "danger"]


def test_what_came_from_elsewhere_is_data() -> None:
    of = shown(HOSTILE * 3, summary=HOSTILE, why=HOSTILE, requester=HOSTILE, targets=[HOSTILE])
    for message in (slack_messages.asked(of), slack_messages.reminder(of)):
        text = judged(message)
        assert "<!channel>" not in text and "<@U1>" not in text and "<https://evil" not in text
        assert "\x1b" not in text and "\u202e" not in text
    details = slack_messages.asked(of)["blocks"][2]["text"]["text"]
    assert details.count("```") == 2
    card_ = posted(of, "t")["attachments"][0]["content"]
    assert {each["type"] for each in card_["body"]} == {"RichTextBlock"}
    assert [each["url"] for each in card_["actions"]] == [f"{PAGE}/approvals/apr-0123456789"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("approved", "Approved by ana. Whoever asked goes on: desk resume s1"),
        ("used", "Approved by ana, and used."),
        ("rejected", "Rejected by ana."),
        ("expired", "Expired: nobody answered in time. Nothing was done."),
        ("superseded", "Changed, see the new request"),
    ],
)
def test_what_waits_no_more_has_no_buttons(status: str, said: str) -> None:
    message = slack_messages.asked(shown(status=status))
    assert said in judged(message)
    assert buttons(message) == []


@pytest.mark.parametrize(
    ("priority", "severity"), [("CRITICAL", "critical"), ("HIGH", "error"), ("MEDIUM", "warning")]
)
def test_an_event_for_pagerduty(priority: Priority, severity: str) -> None:
    sent = event(Message("apr-0123456789", "page", shown(priority=priority)), "R" * 32)
    payload = sent.pop("payload")
    assert sent == {
        "routing_key": "R" * 32,
        "event_action": "trigger",
        "dedup_key": "apr-0123456789",
        "client": "cluster-agent-swarm",
        "links": [{"href": f"{PAGE}/approvals/apr-0123456789", "text": "Decide apr-0123456789"}],
    }
    assert payload["summary"] == "[Desk] Approval needed for shop-staging/Deployment/checkout: raise the limit"
    assert (payload["severity"], payload["source"]) == (severity, "desk-developer-experience")
    details = payload["custom_details"]
    assert (details["agent"], details["namespace"]) == ("Desk", "shop-staging")
    assert details["issue"] == "raise the limit\n-16Mi\n+64Mi"
    resolved = event(Message("apr-0123456789", "resolve", shown()), "R" * 32)
    assert resolved == {"routing_key": "R" * 32, "event_action": "resolve", "dedup_key": "apr-0123456789"}
