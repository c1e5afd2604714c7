"""The wordings are well-formed: one outcome each, of tools and objects that are there, and of every sort enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.agent.understanding.outcome import FILE, WORDINGS
from tools.catalog import TOOLS

WORLD: dict[str, Any] = FILE["world"]
KNOWN = {tool.name: tool for tool in TOOLS}

OUTCOMES = {"do", "diagnose", "mend", "ask", "tell", "refer"}
HARD = {"time", "condition", "exception", "list", "unit", "numberword"}

# Tools that the wordings speak of and the catalog may not have yet, with their arguments.
PLANNED = {
    "set_env": {"namespace", "name", "kind", "container", "variables", "remove"},
    "rollout_history": {"namespace", "name", "kind"},
    "rollout_status": {"namespace", "name", "kind"},
    "who_can": {"namespace", "verb", "resource", "user"},
    "whoami": set(),
    "show_container": {"namespace", "name", "kind", "container", "what"},
    "save_logs": {"namespace", "pod", "container", "previous", "tail_lines"},
    "port_forward": {"namespace", "name", "kind", "port", "local_port"},
}

# The kind a tool means when none is given; all others mean a Deployment.
KINDS = {
    "suspend": "CronJob",
    "set_schedule": "CronJob",
    "set_service_port": "Service",
    "set_service_selector": "Service",
    "set_claim_class": "PersistentVolumeClaim",
    "port_forward": "Service",
}

Call = tuple[str, dict[str, Any]]


def calls(wording: dict[str, Any]) -> Iterator[Call]:
    """What a wording does or tells, call by call."""
    for call in [*wording.get("do", ()), *([wording["tell"]] if "tell" in wording else ())]:
        yield from call.items()


def all_calls() -> Iterator[Call]:
    for wording in WORDINGS:
        yield from calls(wording)


def names_in(namespace: str) -> set[str]:
    """The names of everything in a namespace."""
    return {name for names in WORLD["objects"][namespace].values() for name in names}


def test_each_text_is_there_once() -> None:
    assert [text for text, times in Counter(wording["text"] for wording in WORDINGS).items() if times > 1] == []


def test_each_wording_has_one_outcome_and_tags() -> None:
    for wording in WORDINGS:
        assert len(OUTCOMES & set(wording)) == 1, wording
        assert set(wording) - OUTCOMES <= {"text", "namespace", "tags"}, wording
        assert len(set(wording["tags"])) == len(wording["tags"]), wording


def test_the_session_is_in_a_namespace_of_the_world() -> None:
    assert {wording.get("namespace", WORLD["namespace"]) for wording in WORDINGS} <= set(WORLD["objects"])


@pytest.mark.parametrize(
    ("tags", "least"), [({"german"}, 52), ({"typo"}, 52), ({"kubectl"}, 30), ({"negative"}, 40), (HARD, 80)]
)
def test_there_are_enough_of_each_sort(tags: set[str], least: int) -> None:
    assert len(WORDINGS) >= 390
    assert sum(bool(tags & set(wording["tags"])) for wording in WORDINGS) >= least


def test_what_must_not_be_done_asks_and_what_is_done_is_some_call() -> None:
    for wording in WORDINGS:
        assert ("negative" in wording["tags"]) == wording.get("ask", False), wording
        assert wording.get("do") != [], wording
        assert wording.get("refer", "Atlas") in ("Atlas", "Flow", "Shield"), wording


def test_calls_are_of_tools_with_such_arguments() -> None:
    for name, arguments in all_calls():
        if name in KNOWN:
            KNOWN[name].check(arguments)
        else:
            assert set(arguments) <= PLANNED[name], (name, arguments)


def test_an_argument_that_has_the_default_is_left_out() -> None:
    for name, arguments in all_calls():
        properties = KNOWN[name].schema["properties"] if name in KNOWN else {}
        defaults = {argument: said["default"] for argument, said in properties.items() if "default" in said}
        assert not [key for key, value in arguments.items() if key in defaults and defaults[key] == value], (
            arguments
        )


def test_the_objects_of_calls_are_in_the_world() -> None:
    for name, arguments in all_calls():
        if "name" in arguments:
            kind = arguments.get("kind", KINDS.get(name, "Deployment"))
            assert arguments["name"] in WORLD["objects"][arguments["namespace"]][kind], (name, arguments)
        if "pod" in arguments:
            assert arguments["pod"] in names_in(arguments["namespace"]), (name, arguments)


def test_what_is_diagnosed_and_mended_is_in_the_world() -> None:
    for wording in WORDINGS:
        for outcome in ("diagnose", "mend"):
            if said := wording.get(outcome):
                named = {*said["names"], *said.get("except", ())}
                assert named <= names_in(said["namespace"]), wording
                assert not (said["names"] and said.get("except")), wording
