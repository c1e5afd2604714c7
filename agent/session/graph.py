"""The loop's wiring. Each node is a plain function; where to go next is read from the journal.

    START -> orient -> think -> gate -> (ask) -> act -> record -> think ... -> close -> END

The state holds ids and counters. The conversation and every decision are in the journal, so any node can
follow any other: `next_step` names it, in a running loop as after a crash. `graph` is the uncompiled
StateGraph; it compiles with any checkpointer, and Desk itself needs none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agent.model.port import ToolUse
from agent.session.context import Desk
from agent.session.nodes import (
    act,
    ask,
    close,
    gate,
    orient,
    record,
    think,
)


class State(TypedDict, total=False):
    """What LangGraph keeps: which session, and how far its journal was read."""

    session: str
    seq: int


def _on_call(decide: Callable[[Desk, ToolUse], None]) -> Callable[[Desk], None]:
    """A step that is about the call that waits."""

    def step(desk: Desk) -> None:
        call = desk.view.pending_call()
        if call is None:
            raise LookupError(f"session {desk.view.id} has no call to decide")
        decide(desk, call)

    return step


STEPS: dict[str, Callable[[Desk], None]] = {
    "orient": orient.orient,
    "think": think.think,
    "gate": _on_call(gate.gate),
    "ask": ask.ask,
    "act": _on_call(act.act),
    "record": record.record,
    "close": close.close,
}


class Node(Protocol):
    """A step as LangGraph calls it."""

    def __call__(self, state: State, *, runtime: Runtime[Desk]) -> Command[str]:
        """Take the step; say how far the journal is, and where it goes from there."""
        ...


def _node(step: Callable[[Desk], None]) -> Node:
    def node(state: State, *, runtime: Runtime[Desk]) -> Command[str]:
        desk = runtime.context
        step(desk)
        over = step is close.close
        return Command(
            goto=END if over else _next(desk), update={"session": desk.view.id, "seq": desk.view.last_seq}
        )

    return node


def _next(desk: Desk) -> str:
    step = desk.view.next_step()
    if step not in ("record", "close"):  # what was done is written down before a stop
        desk.stop.check()
    return step


def _first(state: State, runtime: Runtime[Desk]) -> str:
    return _next(runtime.context)


def wire() -> StateGraph[State, Desk, State, State]:
    """The graph, not compiled."""
    wired = StateGraph(State, context_schema=Desk)
    for name, step in STEPS.items():
        wired.add_node(name, _node(step), destinations=(END,) if name == "close" else tuple(STEPS))
    wired.add_conditional_edges(START, _first, list(STEPS))
    return wired


graph = wire()
