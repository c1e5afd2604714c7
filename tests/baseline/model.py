"""The deterministic model: it says its script's turns, each with one tool call, then ends."""

from __future__ import annotations

from langchain_core.messages import AIMessage, ToolCall

from tests.baseline import script
from tests.baseline.plain import Model

TOOL = "look"


def scripted(turns: int, said_bytes: int = script.TEXT_BYTES) -> Model:
    """A model that calls the tool `turns` times and says `said_bytes` of text each time."""

    def model(turn: int) -> AIMessage:
        if turn > turns:
            return AIMessage("It is done.", id=f"msg_{turn}")
        call = ToolCall(name=TOOL, args={"page": turn}, id=f"call_{turn}")
        return AIMessage(script.said(turn, said_bytes), tool_calls=[call], id=f"msg_{turn}")

    return model
