"""One turn of the model."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime

from agent.context.fitting import OPENING_SHARE, fitted
from agent.errors import ModelError
from agent.journal.events import CostLimitReached, ModelTurn
from agent.journal.view import SessionView
from agent.model.port import Context, Conversation, Made, Opaque, Retrying, TextDelta, TurnEnded
from agent.session.context import Desk
from tools.environments import WORDS
from tools.json import Json

ASKING = ("qa", "test", "staging")
"""Environments in which the gate asks for most changes."""


def think(desk: Desk) -> None:
    """Ask the model, show its words as they come, and write its turn down."""
    if (reached := _limit_reached(desk)) is not None:
        desk.append(reached)
        return
    began = time.monotonic()
    try:
        with desk.stop.at_once():  # nothing is changed while the model is heard
            ended = _listen(desk)
    except ModelError:
        desk.stop.check()  # a stop may break the connection before it gets here
        raise
    desk.append(
        ModelTurn(
            turn=len(desk.view.turns) + 1,
            blocks=_journaled(desk, ended),
            stop_reason=ended.stop_reason,
            usage=ended.usage,
            model=desk.model.name,
            cost_usd=ended.cost_usd,
            duration_s=round(time.monotonic() - began, 3),
            retries=list(ended.retries),
            request=ended.request,
            stop_details=ended.stop_details,
            message_id=ended.id,
            cache_miss=ended.cache_miss,
        )
    )


def _limit_reached(desk: Desk) -> CostLimitReached | None:
    """What the team's sessions, or all of the journal, have cost since midnight UTC, where it is what they may."""
    task = desk.view.task
    if not task.max_cost_usd_a_day and not task.max_cost_usd_a_team:
        return None
    cost_usd: defaultdict[str, float] = defaultdict(float)  # by session
    for turn in desk.journal.entries(types=("model_turn",), since=datetime.now(UTC).date().isoformat()):
        cost_usd[turn.session] += turn.body.get("cost_usd") or 0.0
    if 0 < task.max_cost_usd_a_day <= (spent := sum(cost_usd.values())):
        return CostLimitReached(round(spent, 6), task.max_cost_usd_a_day)
    if not task.max_cost_usd_a_team:
        return None
    begun = desk.journal.entries(types=("session_started",))
    teams = {entry.session for entry in begun if entry.body.get("team") == task.team}
    spent = sum(cost_usd[session] for session in teams)
    if spent >= task.max_cost_usd_a_team:
        return CostLimitReached(round(spent, 6), task.max_cost_usd_a_team, task.team)
    return None


def _listen(desk: Desk) -> TurnEnded:
    desk.surface.progress(f"{desk.model.name} thinks")
    for part in desk.model.stream(conversation(desk)):
        match part:
            case TextDelta(text, thinking):
                desk.surface.delta(text, thinking=thinking)
            case Retrying(reason, wait_s):
                desk.surface.retrying(reason, wait_s)
            case TurnEnded():
                return part
    raise ModelError(f"{desk.model.name} ended without a turn. Resume, to ask again.")


def _journaled(desk: Desk, ended: TurnEnded) -> list[Json]:
    """The blocks as the journal keeps them.

    The journal masks what looks like a secret, and thinking must go back as it came or not at all: a thinking
    block that would be masked, or that stands behind a block that will be, is marked as not to be sent back.
    """
    if not any(isinstance(block, Opaque) for block in ended.blocks):
        return [block.to_json() for block in ended.blocks]
    journaled: list[Json] = []
    masked = False
    for block in ended.blocks:
        raw = block.to_json()
        masked = masked or desk.mask(raw) != raw
        withheld = masked and isinstance(block, Opaque)
        journaled.append({"type": "thinking_withheld", "thinking": raw.get("thinking", "")} if withheld else raw)
    return journaled


def conversation(desk: Desk) -> Conversation:
    """What the model is given: task, surroundings, tools, and all that was said; of a typed call, only that."""
    started = desk.view.task
    if started.call is not None:
        return Conversation(started.task, Context(started.namespace), (), desk.view.messages())
    return Conversation(
        started.task,
        _context(desk.view),
        desk.specs,
        desk.view.messages(),
        asks=started.window_tokens > 0 and _asks(desk),
    )


def _asks(desk: Desk) -> bool:
    """Whether a person was asked already, or will be, by the name of a namespace in which something is ordered."""
    if desk.view.approvals:
        return True
    ordered = {name for order in desk.understood().orders for name in order.namespaces}
    return any(WORDS.get(word) in ASKING for name in ordered for word in name.split("-"))


def _context(view: SessionView) -> Context:
    from agent.session.conversation import names_of, said_before, spoken_before

    read = view.oriented
    if read is None:
        return Context(view.task.namespace)
    documents = (
        ("the conversation before this task", said_before(view.task)),
        ("WORKING.md", read.working),
        ("LOGS.md", read.logs),
        ("INCIDENTS.md", read.incidents),
        ("git log", "\n".join(read.history)),
        (f"rights of {read.identity} in {view.task.namespace}", "\n".join(read.rights)),
    )
    return Context(
        view.task.namespace,
        tuple(read.namespaces),
        fitted(documents, window // OPENING_SHARE) if (window := view.task.window_tokens) else documents,
        names_of(read),
        spoken_before(view.task),
        dry_run=view.task.dry_run,
        made=tuple(Made(**each) for each in (view.task.before or {}).get("made", ())),
    )
