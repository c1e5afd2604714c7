"""The model of a one-call session (`call`, `rollback`): the call a person typed, what waits for it, the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.model.port import AnswersMessage, Conversation, TextDelta, ToolAnswer, ToolUse, TurnEnded
from tools.json import Json


class OneCall:
    """Makes one call; when it has changed something, those in `then` (`{"tool", "arguments"}`), which only wait."""

    name = "call"

    def __init__(self, tool: str, arguments: Json, then: Sequence[Json] = ()) -> None:
        self._calls = ({"tool": tool, "arguments": arguments}, *then)

    def stream(self, conversation: Conversation) -> Iterator[TextDelta | TurnEnded]:
        """The next call; then `finish` with what came of them."""
        answers = [m.answers[0] for m in conversation.messages if isinstance(m, AnswersMessage)]
        calls = self._calls if not answers or answers[0].changed else self._calls[:1]
        name = f"call_{len(answers) + 1}"
        if len(answers) < len(calls):
            call = calls[len(answers)]
            yield TurnEnded((ToolUse(name, call["tool"], call["arguments"]),), "tool_use")
        else:
            yield TurnEnded((ToolUse(name, "finish", _said(answers, calls)),), "tool_use")


def _said(answers: Sequence[ToolAnswer], calls: Sequence[Json]) -> Json:
    """What was asked for is done when the first call has done it; what does not run then is said."""
    pairs = zip(answers[1:], calls[1:], strict=True)
    broken = [call["arguments"] for answer, call in pairs if not answer.ok]
    lines = [answers[0].text or "Nothing to say."]
    lines += [f"It does not run: {answer.text}" if not answer.ok else answer.text for answer in answers[1:]]
    return {
        "outcome": "done" if answers[0].ok else "failed",
        "summary": "\n".join(lines)[:8000],
        "next_action": "; ".join(f"desk debug-pod {of['namespace']} {of['name']}" for of in broken),
    }
