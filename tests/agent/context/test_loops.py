"""Loops, and what only looks like one."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from agent.context.loops import ENDED_AFTER, TOLD_AFTER, Called, Circling, note_on
from tools.json import Json

Turn = list[Called]
WITHIN = 6
"""Turns from the first that repeats to the one that ends the session."""


def call(tool: str, text: str, *, ok: bool = True, changed: bool = False, **arguments: object) -> Called:
    return Called(tool, arguments, text, ok, changed)


def pod(at: int) -> Called:
    text = f"pod/web Running, age {at}m{at}s, resourceVersion: {1000 + at}, seen 2026-01-31T12:{at:02}:00Z (x{at})"
    return call("get", text, kind="pods", name="web")


def look(name: str) -> Turn:
    return [call("get", f"{name} is as it was", kind="pods", name=name)]


def scale(replicas: int) -> Turn:
    return [call("scale", f"web has {replicas} replicas", changed=True, name="web", replicas=replicas)]


LOOPS: dict[str, tuple[int, list[Turn]]] = {
    "the same call": (1, [look("web")] * 20),
    "times and versions that move by themselves": (1, [[pod(at)] for at in range(20)]),
    "two by turns": (2, [look("a"), look("b")] * 10),
    "three by turns": (3, [look("a"), look("b"), look("c")] * 7),
    "four by turns": (4, [look("a"), look("b"), look("c"), look("d")] * 5),
    "an amount that changes nothing": (
        1,
        [[call("logs", "panic: no route to host", name="web", tail=100 + at)] for at in range(20)],
    ),
    "capitals and spaces": (
        1,
        [
            [call("get", "nothing is there", name=name)]
            for name in islice(cycle(["web", "Web", " web ", "WEB"]), 20)
        ],
    ),
    "names that are guessed": (0, [[call("get", "not found", ok=False, name=f"web-{at}")] for at in range(20)]),
    "refused again and again": (
        0,
        [[call("scale", "denied", ok=False, name="web", replicas=at)] for at in range(20)],
    ),
    "measurements of an idle pod": (1, [[call("top", f"web {at}m 64Mi", namespace="dev")] for at in range(20)]),
    "to and fro": (2, [scale(3), scale(1)] * 10),
    "to and fro, and looked at each time": (
        4,
        [scale(3), [call("get", "3 of 3", name="web")], scale(1), [call("get", "1 of 1", name="web")]] * 5,
    ),
    "plans, and nothing else": (0, [[call("plan", f"{at} subtasks", title=f"a{at}")] for at in range(20)]),
    "two at once in each turn": (1, [[*look("a"), *look("b")]] * 20),
}

NO_LOOPS: dict[str, list[Turn]] = {
    "a rollout that is polled": [[call("rollout_status", "1 of 3 updated", ok=True, name="web")]] * 30,
    "a wait that takes several calls": [[call("wait_for_rollout", "still waiting", name="web")]] * 30,
    "the same check after each of five changes": [
        turn
        for at in range(5)
        for turn in (
            [call("set_env", f"set {at}", changed=True, key=f"K{at}")],
            [call("diagnose", "nothing wrong")],
        )
    ],
    "many objects that are all well": [look(f"pod-{at}") for at in range(30)],
    "a log that grows": [[call("logs", f"request {at} served", name="web")] for at in range(30)],
    "two tries that fail, then another way": [
        turn
        for at in range(5)
        for turn in (
            [call("get", "not found", ok=False, name=f"a{at}")],
            [call("get", "not found", ok=False, name=f"b{at}")],
            look(f"c{at}"),
        )
    ],
    "one look that is new beside one that is not": [[*look("web"), *look(f"pod-{at}")] for at in range(30)],
    "undone one by one": [[call("undo_last", f"undone: step {step}", changed=True)] for step in "abcdefghij"],
    "pages of one list": [[call("list", f"page {page}", kind="pods", after=page)] for page in "abcdefghijkl"],
    "turns that only speak, between looks": [turn for at in range(10) for turn in ([], look(f"pod-{at}"))],
}


def ended_at(turns: list[Turn]) -> int | None:
    circling = Circling()
    for at, turn in enumerate(turns, start=1):
        circling.turn(turn)
        if circling.fruitless >= ENDED_AFTER:
            return at
    return None


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_ends_soon_after_it_begins(name: str) -> None:
    before, turns = LOOPS[name]
    ended = ended_at(turns)
    assert ended is not None
    assert ended - before <= WITHIN


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_ends_as_soon_behind_work_that_was_good(name: str) -> None:
    before, turns = LOOPS[name]
    good = [look(f"good-{at}") for at in range(7)]
    ended = ended_at([*good, *turns])
    assert ended is not None
    assert ended - len(good) - before <= WITHIN


@pytest.mark.parametrize("name", NO_LOOPS)
def test_what_only_looks_like_a_loop_is_none(name: str) -> None:
    assert ended_at(NO_LOOPS[name]) is None


def test_the_model_is_told_first_and_how_much_is_left() -> None:
    told = [note_on(fruitless) for fruitless in range(ENDED_AFTER + 1)]
    assert [bool(note) for note in told] == [False] * TOLD_AFTER + [True] * (ENDED_AFTER - TOLD_AFTER) + [False]
    assert f"After {ENDED_AFTER - TOLD_AFTER} more" in told[TOLD_AFTER]


def test_arguments_are_not_changed() -> None:
    arguments: Json = {"name": "Web", "tail": 5, "nested": {"list": ["A", 1, True, None]}}
    Circling().turn([Called("get", arguments, "", True, False)])
    assert arguments == {"name": "Web", "tail": 5, "nested": {"list": ["A", 1, True, None]}}
