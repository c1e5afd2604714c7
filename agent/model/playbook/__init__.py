"""Playbook: a deterministic planner behind the model port. It needs no key and no network.

A play is a generator: it yields what to do next and is sent the answer. For each turn it is run anew from
the start over the answers so far, so it keeps no state, and a resumed session goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.playbook.moves import Move, Play
from agent.model.playbook.plays import choose
from agent.model.port import (
    AnswersMessage,
    Block,
    Conversation,
    Made,
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
    play, made = choose(conversation), list(conversation.context.made)
    move = _not_made(play, next(play), made)
    for answer in answers:
        move = _not_made(play, play.send(answer), made)
    return move


def _not_made(play: Play, move: Move, made: list[Made]) -> Move:
    """The next move that a session before has not made already; each that it has made counts once."""
    while (done := _find(move, made)) is not None:
        made.remove(done)
        move = play.send(ToolAnswer("", f"{done.text} (before this session)", changed=done.changed, tool=done.tool))
    return move


def _find(move: Move, made: list[Made]) -> Made | None:
    return next((each for each in made if (each.tool, each.arguments) == (move.tool, move.arguments)), None)
