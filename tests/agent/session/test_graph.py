"""The graph as LangGraph has it: its nodes, its wiring, and a session through a checkpointer."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from langgraph.types import Command

from agent.journal import approvals
from agent.session.graph import NODES, graph, wire
from agent.session.steps import STEPS
from tests.agent.session_bench import SESSION, Bench, Scripted, finish, healthy, limit, use

TOP = Path(__file__).parents[3]


def test_the_nodes_are_the_designs() -> None:
    assert set(graph.nodes) == {"orient", "think", "gate", "ask", "act", "record", "close"}
    assert set(graph.nodes) - {"ask"} == set(STEPS)


def test_it_compiles_with_a_checkpointer_and_without() -> None:
    assert set(wire().compile().nodes) - {"__start__"} == set(NODES)
    assert wire().compile(checkpointer=InMemorySaver()).checkpointer is not None


def test_langgraph_json_names_the_graph() -> None:
    file, _, name = json.loads((TOP / "langgraph.json").read_text())["graphs"]["desk"].partition(":")
    found = importlib.util.spec_from_file_location("named_by_langgraph_json", TOP / file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    assert isinstance(getattr(module, name), StateGraph)


def test_a_session_goes_through_a_checkpointer_and_is_gone_on_with_by_command(bench: Bench) -> None:
    turns = ([use("diagnose", namespace="shop-staging")], limit("64Mi", "shop-staging"), healthy("shop-staging"))
    desk = bench.begin(Scripted(*turns, finish()), "checkout crashes in shop-staging, fix it")
    compiled = graph.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": SESSION}}

    stopped = compiled.invoke({"session": SESSION}, thread, context=desk)
    (interrupt,) = stopped["__interrupt__"]
    (row,) = desk.view.approvals
    assert interrupt.value["approval"] == row
    assert bench.memory("shop-staging") == "16Mi"

    approvals.decide(desk.journal, row, "approved", "carol", "", datetime.now(UTC))
    ended = compiled.invoke(Command(resume=True), thread, context=desk)
    assert "__interrupt__" not in ended
    assert desk.view.closed is not None
    assert (desk.view.closed.outcome, desk.view.closed.exit_code) == ("done", 0)
    assert bench.memory("shop-staging") == "64Mi"

    for snapshot in compiled.get_state_history(thread):
        assert set(snapshot.values) <= {"session", "seq"}
        assert all(isinstance(value, str | int) for value in snapshot.values.values())
    assert ended == {"session": SESSION, "seq": desk.view.last_seq}


def test_a_command_without_a_decision_interrupts_again(bench: Bench) -> None:
    desk = bench.begin(Scripted(limit("64Mi", "shop-staging"), finish()), "fix checkout in shop-staging")
    compiled = graph.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": SESSION}}
    compiled.invoke({"session": SESSION}, thread, context=desk)
    again = compiled.invoke(Command(resume={"approved": True}), thread, context=desk)
    assert "__interrupt__" in again
    assert bench.memory("shop-staging") == "16Mi"
