"""The plays: what to do, step by step, with what a task was understood to ask for."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from agent.model.playbook.mending import find_and_mend, rolled
from agent.model.playbook.moves import Move, Play, Told
from agent.model.port import Conversation, ToolSpec
from agent.understanding.understand import understand
from agent.understanding.wishes import Call, Diagnosis, Understanding, Wish
from agent.understanding.world import World

READINGS_SHOWN = 6


def understood(conversation: Conversation) -> Understanding:
    """What the task asks for, among the names that were listed."""
    context = conversation.context
    world = World(context.namespace, context.namespaces, context.names, context.spoken)
    return understand(conversation.task, world, {tool.name: tool.schema for tool in conversation.tools})


def choose(conversation: Conversation) -> Play:
    """The play for a task."""
    found = understood(conversation)
    if found.owner is not None:
        return outside_remit(*found.owner)
    if found.unclear:
        return ask_back(found.unclear, found.readings)
    if found.wishes:
        return carry_out(conversation, found)
    if found.advice:
        return advise(found.advice)
    if found.forbidden:
        return leave_alone(found.forbidden)
    return ask_back("I do not understand what is to be done.", ())


def outside_remit(agent: str, what: str) -> Play:
    """Say whose it is, and end."""
    yield Move("refer", {"agent": agent, "summary": f"This is about {what}, which is {agent}'s. Ask {agent}."})


def ask_back(unclear: str, readings: Sequence[Wish]) -> Play:
    """Say what is not clear, and what may be meant; nothing is done."""
    said = [{"words": each.words, "command": _command(each)} for each in readings]
    question = f"{unclear} Nothing was changed."
    yield Move("clarify", {"question": question[:2000], "readings": said[:READINGS_SHOWN]})


def _command(wish: Wish) -> str:
    """What to type for exactly this."""
    if isinstance(wish, Call) and not wish.is_said_whole:
        return f"desk call {wish.tool} --json {shlex.quote(json.dumps(wish.arguments))}"
    return f"desk run {shlex.quote(wish.words)}"


def advise(advice: Sequence[Wish]) -> Play:
    """Answer with the commands; nothing is done."""
    lines = [f"{each.words}:\n  {each.command}\nor: {_command(each)}" for each in advice]
    yield Move("finish", {"outcome": "done", "summary": "\n".join(("Nothing was changed. To", *lines))[:8000]})


def leave_alone(forbidden: Sequence[str]) -> Play:
    """What a task only forbids is not done."""
    said = "; ".join(forbidden)
    yield Move("finish", {"outcome": "done", "summary": f'Nothing was changed, as you say: "{said}".'[:8000]})


def carry_out(conversation: Conversation, found: Understanding) -> Play:
    """Each wish after the other; what fails ends it, and what is not done by then is told."""
    tools = {tool.name: tool for tool in conversation.tools}
    story: list[str] = []
    done = True
    for index, wish in enumerate(found.wishes):
        done, text = yield from _wish(wish, conversation, tools, following=found.wishes[index + 1 :])
        story.append(text)
        left = found.wishes[index + 1 :]
        if not done and left:
            story.append(f"Not done: {'; '.join(each.words for each in left)}.")
            break
    outcome = "done" if done else "failed"
    yield Move("finish", {"outcome": outcome, "summary": "\n\n".join(story)[:8000] or "Nothing to say."})


def _wish(
    wish: Wish, conversation: Conversation, tools: Mapping[str, ToolSpec], *, following: Sequence[Wish]
) -> Told:
    match wish:
        case Call():
            return (yield from _call(wish, tools, following))
        case Diagnosis():
            return (yield from find_and_mend(conversation, wish, tools))


def _call(wish: Call, tools: Mapping[str, ToolSpec], following: Sequence[Wish]) -> Told:
    """Make a call; when it rolls a workload anew, wait until that holds."""
    answer = yield Move(wish.tool, wish.arguments)
    text = answer.text
    workload = rolled(wish.tool, wish.arguments, tools)
    waits_itself = bool(following) and isinstance(following[0], Call) and following[0].tool == "wait_for_rollout"
    if answer.changed and workload is not None and not waits_itself:
        waited = yield Move("wait_for_rollout", workload, "I wait until it holds.")
        return waited.ok, f"{text}\n{waited.text}"
    return answer.ok, text
