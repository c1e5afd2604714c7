"""The model of a one-call session (`call`, `debug-pod`, `rollback`): the call a person typed, then the end."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.port import AnswersMessage, Conversation, Json, TextDelta, ToolUse, TurnEnded


class OneCall:
    """Makes one call, and ends with what came of it."""

    name = "call"

    def __init__(self, tool: str, arguments: Json) -> None:
        self._tool = tool
        self._arguments = arguments

    def stream(self, conversation: Conversation) -> Iterator[TextDelta | TurnEnded]:
        """First the call; then `finish` with its answer."""
        answers = [m.answers[0] for m in conversation.messages if isinstance(m, AnswersMessage)]
        if not answers:
            yield TurnEnded((ToolUse("call_1", self._tool, self._arguments),), "tool_use")
            return
        outcome = "done" if answers[0].ok else "failed"
        said = {"outcome": outcome, "summary": answers[0].text[:8000] or "Nothing to say."}
        yield TurnEnded((ToolUse("call_2", "finish", said),), "tool_use")
