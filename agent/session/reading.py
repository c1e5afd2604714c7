"""Reading calls of one turn are made at the same time; their answers are journaled in the order of the calls.

A call that changes something is made alone: what is read before it is read before, and what behind it, behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue

from agent.journal.view import PLAN
from agent.model.port import ToolUse
from agent.session.context import Desk, Outcome
from agent.session.nodes.gate import reading_tool
from agent.workspace.results import READ_RESULT
from tools.frame import Tool

AT_ONCE = 8
"""So many at most: each may hold a long answer, and asks the API server more than once."""

Making = tuple[Future[Outcome], Callable[[], Outcome]]


def outcome(desk: Desk, call: ToolUse, tool: Tool) -> Outcome:
    """What a call gives, or raises; the reading calls right behind it in its turn are made meanwhile."""
    if call.id not in desk.reading:
        behind = list(_behind(desk, call))
        if not behind:
            return tool(desk.context(), call.input)
        _begin(desk, [(call, tool), *behind])
    return desk.reading.pop(call.id).result()


def _behind(desk: Desk, call: ToolUse) -> Iterator[tuple[ToolUse, Tool]]:
    """Up to the next call that the gate does not take for reading, or that is about the calls before it."""
    calls = desk.view.calls()
    for each in calls[calls.index(call) + 1 :]:
        tool = reading_tool(desk, each)
        if tool is None or each.name in (PLAN, READ_RESULT):
            return
        yield each, tool


def _begin(desk: Desk, calls: Sequence[tuple[ToolUse, Tool]]) -> None:
    """Make the calls, in threads that no stop waits for: they change nothing."""
    desk.surface.progress(", ".join(dict.fromkeys(call.name for call, _ in calls)))
    context = replace(desk.context(), progress=_to_nobody)  # what a console shows is one thread's
    waiting: SimpleQueue[Making] = SimpleQueue()
    for call, tool in calls:
        desk.reading[call.id] = Future()
        waiting.put((desk.reading[call.id], partial(tool, context, call.input)))
    for _ in calls[:AT_ONCE]:
        threading.Thread(target=_make, args=(waiting,), name="reading", daemon=True).start()


def _to_nobody(_text: str) -> None:
    """Nobody is told."""


def _make(waiting: SimpleQueue[Making]) -> None:
    while True:
        try:
            future, work = waiting.get_nowait()
        except Empty:
            return
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  it is raised where the call is answered
            future.set_exception(error)
