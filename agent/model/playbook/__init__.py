"""Playbook: a deterministic planner behind the model port. It needs no key and no network.

A play is a generator: it yields what to do next and is sent the answer. For each turn it is run anew from
the start over the answers so far, so it keeps no state, and a resumed session goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.playbook.moves import Move
from agent.model.playbook.plays import choose
from agent.model.port import (
    AnswersMessage,
    Block,
    Conversation,
    Text,
    TextDelta,
    ToolAnswer,
    ToolUse,
    TurnEnded,
)


class Playbook:
    """The `Model` that plays by the book."""

    name = "playbook"

    def stream(self, conversation: Conversation) -> Iterator[TextDelta | TurnEnded]:
        """One turn: what it says, and the one call it makes."""
        answers = [m.answers[0] for m in conversation.messages if isinstance(m, AnswersMessage)]
        move = _move(conversation, answers)
        blocks: list[Block] = [Text(move.say)] if move.say else []
        if move.say:
            yield TextDelta(move.say)
        blocks.append(ToolUse(f"call_{len(answers) + 1}", move.tool, move.arguments))
        yield TurnEnded(tuple(blocks), "tool_use")


def _move(conversation: Conversation, answers: list[ToolAnswer]) -> Move:
    play = choose(conversation)
    move = next(play)
    for answer in answers:
        move = play.send(answer)
    return move
