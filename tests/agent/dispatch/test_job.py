"""The Job of a session, as a manifest."""

from __future__ import annotations

from typing import Any

import pytest

from agent.dispatch.job import job, name_of
from agent.dispatch.request import Request, parsed
from agent.errors import UsageError
from agent.settings import DispatchSettings

SETTINGS = DispatchSettings(image="registry.example.com/desk:1", repository="https://git.example.com/desk.git")
REQUEST = Request(task="scale web to 2", session_key="T-17", namespace="shop-dev", read_only=True)


def container(made: dict[str, Any]) -> dict[str, Any]:
    (one,) = made["spec"]["template"]["spec"]["containers"]
    return dict(one)


def test_a_key_and_a_number_are_one_name() -> None:
    same = Request(task="other words", session_key="T-17")
    assert name_of(REQUEST, 1) == name_of(same, 1) != name_of(REQUEST, 2)
    assert len(name_of(REQUEST, 100)) <= 63


@pytest.mark.parametrize("key", ["T-17\nx", "a 'b' \"c\"", "x" * 200, "ключ", "$(HOME)"])
def test_any_key_is_a_name_of_kubernetes(key: str) -> None:
    made = job(Request(task="look", session_key=key), 1, SETTINGS, "desk")
    assert made["metadata"]["name"].replace("-", "").isalnum()
    assert all(len(label) <= 63 for label in made["metadata"]["labels"].values())


def test_the_kubelet_expands_nothing_in_a_task() -> None:
    made = job(Request(task="why is $(HOME) $5 --help?", session_key="$(A)"), 1, SETTINGS, "desk")
    arguments = container(made)["args"]
    assert arguments[-1] == "why is $$(HOME) $$5 --help?"
    assert arguments[-2] == "--"
    assert arguments[arguments.index("--session-key") + 1] == "$$(A)"


def test_the_flags_of_a_request_are_those_of_run() -> None:
    assert container(job(REQUEST, 1, SETTINGS, "desk"))["args"] == [
        "run", "--as-job", "--namespace", "shop-dev", "--read-only", "--session-key", "T-17", "--",
        "scale web to 2",
    ]  # fmt: skip


def test_kueue_starts_it_only_where_it_is_served_and_a_queue_is_named() -> None:
    named = DispatchSettings(image="desk:1", repository="https://git.example.com/d.git", queue="desk")
    queued = job(REQUEST, 1, named, "desk", queued=True)
    assert queued["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "desk"
    assert queued["spec"]["suspend"] is True
    for plain in (job(REQUEST, 1, named, "desk"), job(REQUEST, 1, SETTINGS, "desk", queued=True)):
        assert "suspend" not in plain["spec"]
        assert "kueue.x-k8s.io/queue-name" not in plain["metadata"]["labels"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"task": "look"}, "session_key"),
        ({"task": "  ", "session_key": "a"}, "its task is empty"),
        ({"task": "look", "session_key": " "}, "session_key"),
        ({"task": "look", "session_key": "a", "namespace": "Shop Dev"}, "namespace"),
        ({"task": "look", "session_key": "a", "image": "evil:1"}, "image"),
        ("look", "object"),
    ],
)
def test_what_is_no_request_is_said(document: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parsed(document, "Document 1")
