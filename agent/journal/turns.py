"""What a turn of the model was worth, and what the runtime says to one that leads nowhere. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent.journal.events import ModelTurn, ToolResult
from agent.model.port import USAGE
from tools.json import Json

MAX_FAULTY_TURNS = 3
"""So many turns in a row that could not be used end the session."""

CUT_OFF = (
    "Your turn was cut off at the output limit, and what was cut is lost. "
    "Go on with fewer words, one call at a time."
)
NO_CALL = (
    "You ended your turn without a call. The session ends by a call only: finish when the task is done or cannot "
    "be done, refer when it is another agent's. Call one of them now, or go on with the task."
)


def call_ids(turn: ModelTurn) -> list[str]:
    """The ids of the calls a turn makes, in order."""
    return [raw["id"] for raw in turn.blocks if raw["type"] == "tool_use"]


def words(turn: ModelTurn) -> str:
    """What a turn says."""
    return "\n".join(raw["text"] for raw in turn.blocks if raw["type"] == "text").strip()


def note_to(turn: ModelTurn) -> str:
    """What to say to a turn, if anything, so that the model can mend it."""
    match turn.stop_reason:
        case "max_tokens":
            return CUT_OFF
        case "pause_turn":  # it goes on by itself when it is sent back
            return ""
        case _:
            return "" if call_ids(turn) else NO_CALL


def is_faulty(turn: ModelTurn, results: Mapping[str, ToolResult]) -> bool:
    """Whether a turn led nowhere: it calls nothing, or nothing that there is or that can be called so."""
    answers = (results.get(call_id) for call_id in call_ids(turn))
    return all(answer is not None and answer.error == "arguments" for answer in answers)


def tokens(usage: Json) -> int:
    """All tokens of a turn: what of the model's context window is used after it."""
    return sum(int(usage.get(name) or 0) for name in USAGE)
