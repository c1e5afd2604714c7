"""The plain LangGraph agent: messages in the state, a saver that keeps the state, `invoke(None)` to go on.

It is what the library's own documents build, with its defaults, to measure and to kill beside Desk:

- the state and its reducer: https://docs.langchain.com/oss/python/langgraph/graph-api#working-with-messages-in-graph-state
- an agent node, a tool node, an edge that asks for tool calls: https://docs.langchain.com/oss/python/langgraph/quickstart
- the saver, threads, resuming: https://docs.langchain.com/oss/python/langgraph/persistence
- `durability`: https://docs.langchain.com/oss/python/langgraph/durable-execution

The library's default durability is "async": a step's checkpoint is written by another thread while the next step
runs, so a crash can lose the newest one. "sync" waits for it, as an agent that changes things must. SqliteSaver
opens its file in WAL mode and leaves `synchronous` at SQLite's default, FULL: every commit is synced in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

Durability = Literal["sync", "async", "exit"]
Model = Callable[[int], AIMessage]
"""Turn number, from 1 -> what the model says; a message without tool calls ends the session."""
Tool = Callable[[int], str]
"""Turn number -> what the tool answers."""

DEFAULT_DURABILITY: Durability = "async"
CHECKPOINTS = "checkpoints.sqlite"
THREAD = "session"
STEPS_A_TURN = 2


class State(TypedDict):
    """The conversation, whole."""

    messages: Annotated[list[AnyMessage], add_messages]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `resumed`: a checkpoint was there; `turns`: of the whole session, the last one included."""

    resumed: bool
    turns: int
    messages: tuple[AnyMessage, ...]


if TYPE_CHECKING:
    Compiled = CompiledStateGraph[State, None, State, State]


def wire(model: Model, tool: Tool) -> StateGraph[State, None, State, State]:
    """The graph, not compiled."""

    def agent(state: State) -> State:
        return {"messages": [model(turns_of(state["messages"]) + 1)]}

    def tools(state: State) -> State:
        turn = turns_of(state["messages"])
        asked = state["messages"][-1]
        calls = asked.tool_calls if isinstance(asked, AIMessage) else []
        return {"messages": [ToolMessage(tool(turn), tool_call_id=call["id"]) for call in calls]}

    wired = StateGraph(State)
    wired.add_node("agent", agent)
    wired.add_node("tools", tools)
    wired.add_edge(START, "agent")
    wired.add_conditional_edges("agent", _next, ["tools", END])
    wired.add_edge("tools", "agent")
    return wired


def turns_of(messages: list[AnyMessage]) -> int:
    """How many turns the model has taken."""
    return sum(isinstance(message, AIMessage) for message in messages)


def _next(state: State) -> str:
    newest = state["messages"][-1]
    return "tools" if isinstance(newest, AIMessage) and newest.tool_calls else END


@contextmanager
def compiled(folder: Path, model: Model, tool: Tool) -> Iterator[Compiled]:
    """The agent on its saver, a file in `folder`."""
    with SqliteSaver.from_conn_string(str(folder / CHECKPOINTS)) as saver:
        yield wire(model, tool).compile(checkpointer=saver)


def run(
    folder: Path,
    model: Model,
    tool: Tool,
    *,
    task: str = "look at every page",
    max_turns: int = 1000,
    durability: Durability | None = None,
) -> Outcome:
    """Run the one session of `folder` to its end: begin it, or go on where its newest checkpoint says.

    `durability` None is the library's default, "async".
    """
    limit = (max_turns + 1) * STEPS_A_TURN + 1
    config: RunnableConfig = {"configurable": {"thread_id": THREAD}, "recursion_limit": limit}
    with compiled(folder, model, tool) as graph:
        resumed = bool(graph.get_state(config).values)
        begin = State(messages=[HumanMessage(task)])
        ended = graph.invoke(None if resumed else begin, config, durability=durability)
    return Outcome(resumed, turns_of(ended["messages"]), tuple(ended["messages"]))
