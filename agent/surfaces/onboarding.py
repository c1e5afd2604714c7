"""A team's document: what was done for it object by object, the checklist, and the message to its people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.surfaces.documents import Checked, Onboarding, Placed
from agent.surfaces.session_documents import distinct_changes, provisioned
from tools.changes.plan import id_of
from tools.json import Json

if TYPE_CHECKING:
    from agent.journal.view import SessionView

ONBOARD = "onboard_team"


def onboarding(view: SessionView) -> Onboarding:
    """What a session did for a team, or for one of its members."""
    call = view.task.call or _called(view)
    call_id = next((each for each, made in view.plans.items() if made.tool == call["tool"]), "")
    plan = view.plans[call_id].plan if call_id else {"steps": []}
    changes = distinct_changes(view, call_id, plan)
    ending = view.closed or view.paused
    waiting = view.pending_approval() if view.closed is None else None
    code = ending.exit_code if ending else None
    resources = [_placed(view, call_id, change) for change in changes]
    named = [subject["name"] for subject in plan.get("subjects", ()) if subject["kind"] == "Namespace"]
    namespaces = list(dict.fromkeys(named or [each.namespace for each in resources if each.namespace]))
    return Onboarding(
        operation=call["tool"],
        team=call["arguments"]["team"],
        namespaces=namespaces,
        session=view.id,
        success=code == 0,
        exit_code=code,
        summary=view.closed.summary if view.closed else (view.paused.reason if view.paused else ""),
        approval=waiting.approval_id if waiting else None,
        checklist=[
            *_steps(view, call_id, plan),
            *_left(plan),
            *(_left_out(each) for each in plan.get("left_out", ())),
        ],
        resources=resources,
        errors=[result.text for result in view.results.values() if not result.ok],
        message=_message(call["arguments"]["team"], namespaces, resources)
        if code == 0 and call["tool"] == ONBOARD
        else None,
    )


def _called(view: SessionView) -> Json:
    """The call of a session in words."""
    calls = (raw for turn in view.turns for raw in turn.blocks if raw["type"] == "tool_use")
    return next({"tool": raw["name"], "arguments": raw["input"]} for raw in calls if raw["name"] == ONBOARD)


def _placed(view: SessionView, call_id: str, change: Json) -> Placed:
    of = provisioned(view, call_id, change)
    where = change["target"]["namespace"] or ""
    return Placed(object=of.object, namespace=where, planned=of.planned, result=of.result)


def _steps(view: SessionView, call_id: str, plan: Json) -> list[Checked]:
    return [_checked(view, call_id, step) for step in plan["steps"]]


def _checked(view: SessionView, call_id: str, step: Json) -> Checked:
    unchanged = view.plans[call_id].unchanged
    ids = [id_of(change) for change in step["changes"]]
    if all(each in unchanged for each in ids):
        return Checked(title=step["title"], state="unchanged", why="", waits_for="")
    made = all(each in unchanged or view.is_made(call_id, each) for each in ids)
    return Checked(title=step["title"], state="done" if made else "not done", why="", waits_for="")


def _left(plan: Json) -> list[Checked]:
    """What the plan leaves to another agent."""
    left = plan.get("left")
    if not left:
        return []
    why = f"they would type: {left['command']}"
    return [Checked(title=left["what"], state="waits", why=why, waits_for=left["owner"])]


def _left_out(each: Json) -> Checked:
    waits_for = each["waits_for"]
    return Checked(
        title=each["title"], state="waits" if waits_for else "skipped", why=each["why"], waits_for=waits_for
    )


def _message(team: str, namespaces: list[str], resources: list[Placed]) -> Json:
    """The message "onboarding complete", as Slack's blocks.

    Source: https://docs.slack.dev/reference/block-kit/blocks/section-block
    """
    counted: dict[str, int] = {}
    for each in resources:
        if each.result in ("created", "changed"):
            kind = each.object.partition("/")[0]
            counted[kind] = counted.get(kind, 0) + 1
    made = ", ".join(f"{number} {kind}" for kind, number in counted.items()) or "nothing new"
    fields = [f"*Namespace:*\n{', '.join(namespaces)}", f"*Resources Created:*\n{made}"]
    return {
        "text": "✅ *Desk - Onboarding Complete*",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*Team {team} has been onboarded*"}},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in fields]},
        ],
    }
