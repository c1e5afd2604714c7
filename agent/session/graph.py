"""The loop's wiring. Each node is a plain function; where to go next is read from the journal.

    START -> orient -> think -> gate -> (ask) -> act -> record -> think ... -> close -> END

The state holds ids and counters. The conversation and every decision are in the journal, so any node can
follow any other: `next_step` names it, in a running loop as after a crash. `graph` is the uncompiled
StateGraph; it compiles with any checkpointer, and Desk itself needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agent.session.context import Desk
from agent.session.nodes import close
from agent.session.nodes.ask import ask
from agent.session.steps import STEPS, Step, following


class State(TypedDict, total=False):
    """What LangGraph keeps: which session, and how far its journal was read."""

    session: str
    seq: int


class Node(Protocol):
    """A step as LangGraph calls it."""

    def __call__(self, state: State, *, runtime: Runtime[Desk]) -> Command[str]:
        """Take the step; say how far the journal is, and where it goes from there."""
        ...


def _node(step: Step) -> Node:
    def node(state: State, *, runtime: Runtime[Desk]) -> Command[str]:
        desk = runtime.context
        step(desk)
        over = step is close.close
        return Command(
            goto=END if over else following(desk), update={"session": desk.view.id, "seq": desk.view.last_seq}
        )

    return node


def _first(state: State, runtime: Runtime[Desk]) -> str:
    return following(runtime.context)


NODES: Mapping[str, Step] = MappingProxyType({**STEPS, "ask": ask})
"""Name -> the step of each node."""


def wire() -> StateGraph[State, Desk, State, State]:
    """The graph, not compiled."""
    wired = StateGraph(State, context_schema=Desk)
    for name, step in NODES.items():
        wired.add_node(name, _node(step), destinations=(END,) if name == "close" else tuple(NODES))
    wired.add_conditional_edges(START, _first, list(NODES))
    return wired


graph = wire()
