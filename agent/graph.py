"""The loop's wiring. Each node is a plain function; where to go next is read from the journal.

    START -> orient -> think -> gate -> (ask) -> act -> record -> think ... -> close -> END

The state holds ids and counters. The conversation and every decision are in the journal, so any node can
follow any other: `next_step` names it, in a running loop as after a crash. `graph` is the uncompiled
StateGraph; it compiles with any checkpointer, and Desk itself needs none.
"""

from __future__ import annotations

from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agent.desk import Desk
from agent.model.port import ToolUse
from agent.nodes import act, ask, close, gate, orient, record, think

STEPS = ("orient", "think", "gate", "ask", "act", "record", "close")


class State(TypedDict, total=False):
    """What LangGraph keeps: which session, and how far its journal was read."""

    session: str
    seq: int


def _at(desk: Desk) -> State:
    return {"session": desk.view.id, "seq": desk.view.last_seq}


def _call(desk: Desk) -> ToolUse:
    call = desk.view.pending_call()
    if call is None:
        raise LookupError(f"session {desk.view.id} has no call to decide")
    return call


def _orient(state: State, runtime: Runtime[Desk]) -> State:
    orient.orient(runtime.context)
    return _at(runtime.context)


def _think(state: State, runtime: Runtime[Desk]) -> State:
    think.think(runtime.context)
    return _at(runtime.context)


def _gate(state: State, runtime: Runtime[Desk]) -> State:
    gate.gate(runtime.context, _call(runtime.context))
    return _at(runtime.context)


def _ask(state: State, runtime: Runtime[Desk]) -> State:
    ask.ask(runtime.context)
    return _at(runtime.context)


def _act(state: State, runtime: Runtime[Desk]) -> State:
    act.act(runtime.context, _call(runtime.context))
    return _at(runtime.context)


def _record(state: State, runtime: Runtime[Desk]) -> State:
    record.record(runtime.context)
    return _at(runtime.context)


def _close(state: State, runtime: Runtime[Desk]) -> State:
    close.close(runtime.context)
    return _at(runtime.context)


def _next(state: State, runtime: Runtime[Desk]) -> str:
    step = runtime.context.view.next_step()
    if step not in ("record", "close"):  # what was done is written down before a stop
        runtime.context.stop.check()
    return step


def wire() -> StateGraph[State, Desk, State, State]:
    """The graph, not compiled."""
    wired = StateGraph(State, context_schema=Desk)
    nodes = (_orient, _think, _gate, _ask, _act, _record, _close)
    for name, node in zip(STEPS, nodes, strict=True):
        wired.add_node(name, node)
    wired.add_conditional_edges(START, _next, list(STEPS))
    for name in STEPS[:-1]:
        wired.add_conditional_edges(name, _next, list(STEPS))
    wired.add_edge("close", END)
    return wired


graph = wire()
