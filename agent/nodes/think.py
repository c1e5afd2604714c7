"""One turn of the model."""

from __future__ import annotations

from agent.desk import Desk
from agent.endings import ENDINGS
from agent.journal.events import ModelTurn
from agent.journal.view import SessionView
from agent.model.port import Context, Conversation, TextDelta, ToolSpec, TurnEnded
from tools.frame import Stopped, Tool


def think(desk: Desk) -> None:
    """Ask the model, show its words as they come, and write its turn down."""
    desk.surface.progress("thinking")
    for part in desk.model.stream(conversation(desk)):
        if desk.stop.is_set():
            raise Stopped
        match part:
            case TextDelta(text):
                desk.surface.delta(text)
            case TurnEnded(blocks, stop_reason, usage):
                turn = len(desk.view.turns) + 1
                desk.append(ModelTurn(turn, [block.to_json() for block in blocks], stop_reason, usage))


def conversation(desk: Desk) -> Conversation:
    """What the model is given for its next turn."""
    tools = tuple(_spec(tool) for tool in (*desk.tools.values(), *ENDINGS))
    return Conversation(desk.view.task.task, _context(desk.view), tools, desk.view.messages())


def _spec(tool: Tool) -> ToolSpec:
    return ToolSpec(tool.name, tool.description, tool.schema, tool.phrases)


def _context(view: SessionView) -> Context:
    read = view.oriented
    if read is None:
        return Context(view.task.namespace)
    documents = (
        ("WORKING.md", read.working),
        ("LOGS.md", read.logs),
        ("INCIDENTS.md", read.incidents),
        ("git log", "\n".join(read.history)),
        (f"rights of {read.identity} in {view.task.namespace}", "\n".join(read.rights)),
    )
    return Context(view.task.namespace, tuple(read.namespaces), documents)
