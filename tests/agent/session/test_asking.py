"""Many changes are asked for at once where the driver says so, and answered in their order."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agent.session import asking
from agent.session.context import Desk
from tools.changes.plan import Change
from tools.cluster.errors import Forbidden
from tools.cluster.resources import ObjectRef


def changes(system: str, *names: str) -> list[Change]:
    return [
        Change(ObjectRef("v1", "ConfigMap", "web", each), "", {}, {}, "", "", "", system=system) for each in names
    ]


def desk(**at_once: int) -> Desk:
    drivers = {system: SimpleNamespace(at_once=many) for system, many in at_once.items()}
    return cast("Desk", SimpleNamespace(driver=lambda change: drivers[change.system]))


def test_as_many_as_a_driver_takes_are_asked_at_once_and_answered_in_order() -> None:
    together = threading.Barrier(2, timeout=5)

    def ask(_driver: Any, change: Change) -> str:
        together.wait()  # each waits for another one, in a thread of its own
        return change.target.name

    asked = asking.each(desk(a=2), changes("a", "one", "two", "three", "four"), ask)
    assert [(change.target.name, answer()) for change, answer in asked] == [
        (name, name) for name in ("one", "two", "three", "four")
    ]


def test_a_driver_for_one_at_a_time_is_asked_in_this_thread_and_only_when_its_answer_is_taken() -> None:
    seen: list[str] = []

    def ask(_driver: Any, change: Change) -> None:
        assert threading.current_thread() is threading.main_thread()
        seen.append(change.target.name)

    for change, answer in asking.each(desk(a=1), changes("a", "one", "two"), ask):
        answer()
        if change.target.name == "one":
            break
    assert seen == ["one"]


def test_an_error_is_raised_by_its_own_answer() -> None:
    def ask(_driver: Any, change: Change) -> str:
        if change.target.name == "two":
            raise Forbidden("no")
        return change.target.name

    given = [*changes("a", "one", "two"), *changes("b", "three")]
    one, two, three = (answer for _, answer in asking.each(desk(a=8, b=1), given, ask))
    assert (one(), three()) == ("one", "three")
    with pytest.raises(Forbidden):
        two()
