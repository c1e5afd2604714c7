"""What Playbook hears in a task: the namespace, the tool, its arguments."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model.playbook.words import match_phrase, words
from agent.model.port import Context
from agent.wording import namespace_of
from tests.agent.model.playbook_parts import HERE, NAMESPACES, SPECS


@pytest.mark.parametrize(
    ("task", "namespace"),
    [
        ("why does checkout crash in shop-staging?", "shop-staging"),
        ("why does checkout crash in the shop-staging namespace?", "shop-staging"),
        ("why does checkout crash in namespace shop-staging", "shop-staging"),
        ('why does checkout crash in the namespace "shop-staging"', "shop-staging"),
        ("why does checkout crash in 'shop-staging'?", "shop-staging"),
        ("why does checkout crash in `shop-staging`?", "shop-staging"),
        ("why does checkout crash in project shop-staging", "shop-staging"),
        ("why does checkout crash -n shop-staging", "shop-staging"),
        ("-n shop-staging: why does checkout crash", "shop-staging"),
        ("why does checkout crash --namespace=shop-staging", "shop-staging"),
        ("why does checkout crash in ns/shop-staging", "shop-staging"),
        ("why does shop-staging/checkout crash", "shop-staging"),
        ("WHY DOES CHECKOUT CRASH IN SHOP-STAGING?", "shop-staging"),
        ("shop-staging is broken.", "shop-staging"),
        ("checkout is in CrashLoopBackOff in shop-staging", "shop-staging"),
        ("why is cart in CreateContainerConfigError?", "shop-dev"),
        ("is the namespace healthy?", "shop-dev"),
        ("why does checkout crash in this namespace", "shop-dev"),
        ("checkout crashed 3 times in 5 minutes", "shop-dev"),
        ("why does checkout crash", "shop-dev"),
        ("why does checkout crash in billing-dev", "billing-dev"),
        ("why does checkout crash in namespace billing", "billing"),
        ("put it back to default in namespace billing", "billing"),
        ("why does checkout crash -n billing", "billing"),
    ],
)
def test_namespace_of_a_task(task: str, namespace: str) -> None:
    assert namespace_of(task, HERE) == namespace


@pytest.mark.parametrize(
    ("task", "namespace"),
    [
        ("fix checkout in production", "shop-prod"),
        ("fix checkout in prod", "shop-prod"),
        ("fix checkout on prod", "shop-prod"),
        ("fix checkout in the staging namespace", "shop-staging"),
        ("fix checkout in dev", "shop-dev"),
        ("fix checkout in qa", ""),
        ("fix checkout -n qa", "qa"),
    ],
)
def test_an_environment_is_never_taken_for_the_namespace_at_hand(task: str, namespace: str) -> None:
    assert namespace_of(task, HERE) == namespace


def test_an_environment_with_several_namespaces_is_the_sibling_or_nothing() -> None:
    several = (*NAMESPACES, "billing-prod")
    assert namespace_of("fix it in prod", Context("shop-dev", several)) == "shop-prod"
    assert namespace_of("fix it in prod", Context("default", several)) == ""
    assert namespace_of("fix it in prod", Context("prod", several)) == "prod"


def test_namespaces_that_may_not_be_listed_are_believed() -> None:
    blind = Context("mine")
    assert namespace_of("why does web crash in billing", blind) == "billing"
    assert namespace_of("why does web crash", blind) == "mine"
    assert namespace_of("why does web crash in prod", blind) == ""


def test_a_name_is_one_word_in_lower_case() -> None:
    assert words("Fix shop-dev/checkout's POD web-1.example, now.") == (
        "fix", "shop-dev", "checkout", "s", "pod", "web-1.example", "now",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("task", "tool", "arguments"),
    [
        ("list pods in shop-staging", "list", {"kind": "pods", "namespace": "shop-staging"}),
        ("please list all the pods", "list", {"kind": "pods", "namespace": "shop-dev"}),
        ("show all deployments", "list", {"kind": "deployments", "namespace": "shop-dev"}),
        ("list pods in all namespaces", "list", {"kind": "pods"}),
        ("list pods -A", "list", {"kind": "pods"}),
        ("which pods are there", "list", {"kind": "pods", "namespace": "shop-dev"}),
        ("get deployment web", "get", {"kind": "deployment", "name": "web", "namespace": "shop-dev"}),
        ("show me the deployment web", "get", {"kind": "deployment", "name": "web", "namespace": "shop-dev"}),
        ("describe the pod web-1", "describe", {"kind": "pod", "name": "web-1", "namespace": "shop-dev"}),
        ("show me the logs of payments", "logs", {"pod": "payments", "namespace": "shop-dev"}),
        ("logs of the pod payments-1", "logs", {"pod": "payments-1", "namespace": "shop-dev"}),
        ('logs of "payments"', "logs", {"pod": "payments", "namespace": "shop-dev"}),
        ("LOGS OF PAYMENTS", "logs", {"pod": "payments", "namespace": "shop-dev"}),
        ("what does payments log?", "logs", {"pod": "payments", "namespace": "shop-dev"}),
        ("previous logs of web", "logs", {"pod": "web", "namespace": "shop-dev", "previous": True}),
        ("logs of web before it crashed", "logs", {"pod": "web", "namespace": "shop-dev", "previous": True}),
        ("events in shop-staging", "events", {"namespace": "shop-staging"}),
        ("events of web", "events", {"name": "web", "namespace": "shop-dev"}),
        ("what happened in shop-staging?", "events", {"namespace": "shop-staging"}),
        ("top pods in shop-dev", "top", {"namespace": "shop-dev"}),
        ("usage in shop-dev", "top", {"namespace": "shop-dev"}),
        ("wait for web", "wait_for_rollout", {"name": "web", "namespace": "shop-dev"}),
        ("watch the rollout of web", "wait_for_rollout", {"name": "web", "namespace": "shop-dev"}),
        ("restart web in shop-staging", "restart", {"name": "web", "namespace": "shop-staging"}),
        ("can you restart web?", "restart", {"name": "web", "namespace": "shop-dev"}),
        ("web is down, restart web", "restart", {"name": "web", "namespace": "shop-dev"}),
        ("do not restart web; restart cart", "restart", {"name": "cart", "namespace": "shop-dev"}),
        (
            "restart the statefulset db",
            "restart",
            {"kind": "StatefulSet", "name": "db", "namespace": "shop-dev"},
        ),
        ("restart web in production", "restart", {"name": "web", "namespace": "shop-prod"}),
        (
            "set the memory limit of web to 64Mi in shop-dev",
            "set_resources",
            {"name": "web", "memory_limit": "64Mi", "namespace": "shop-dev"},
        ),
        (
            "set memory limit of web in shop-staging to 64 Mi",
            "set_resources",
            {"name": "web", "memory_limit": "64Mi", "namespace": "shop-staging"},
        ),
        (
            "set cpu limit of web to 500m",
            "set_resources",
            {"name": "web", "cpu_limit": "500m", "namespace": "shop-dev"},
        ),
        (
            "set memory request of web to 1.5Gi.",
            "set_resources",
            {"name": "web", "memory_request": "1.5Gi", "namespace": "shop-dev"},
        ),
    ],
)
def test_a_command_in_words_is_a_tool_with_its_arguments(task: str, tool: str, arguments: dict[str, Any]) -> None:
    match = match_phrase(task, HERE, SPECS)
    assert match is not None
    assert (match.tool.name, match.arguments, match.missing) == (tool, arguments, ())


@pytest.mark.parametrize(
    "task",
    [
        "do not restart web",
        "don't restart web",
        "don\u2019t restart web",
        "never restart web",
        "look around without a restart web asked for",
        "should I restart web?",
        "can I restart web?",
        "how do I restart web in shop-dev?",
        "is it safe to restart web?",
        "did you restart web?",
        "why did checkout restart in shop-dev?",
        "does web restart in shop-dev?",
        "if web is stuck, restart web",
        "once the night is over restart web",
        "restart it",
        "restart all pods",
        "restart the pod",
        "prerestart web",
        "web-restart cart",
    ],
)
def test_what_is_no_command_calls_no_tool(task: str) -> None:
    assert match_phrase(task, HERE, SPECS) is None


def test_an_environment_without_a_namespace_leaves_the_namespace_missing() -> None:
    match = match_phrase("restart web in qa", HERE, SPECS)
    assert match is not None
    assert match.missing == ("namespace",)
