"""Whether a task itself orders a change, for the gate: its object, its verb, and nothing that takes it back."""

from __future__ import annotations

import pytest

from agent.understanding.ordered import is_within, orders_change, says
from agent.understanding.understand import understand
from agent.understanding.world import World
from tests.agent.understanding.outcome import SCHEMAS

DEPLOYMENTS = (
    "checkout",
    "checkout-api",
    "checkout.v2",
    "agent",
    "db",
    "fix",
    "in",
    "set",
    "shop",
    "api",
    "shop-dev",
)
PODS = ("checkout-7d9f8b6c5d-x2k4z", "agent-zx8kd", "db-0", "db-12")
NAMESPACES = ("home", "shop-dev", "shop")

NAMED = [
    ("fix checkout", None, "checkout"),
    ("Checkout keeps crashing, find out why and FIX it.", None, "checkout"),
    ("raise the memory limit of checkout to 64Mi", None, "checkout"),
    ("restart deployment/checkout", None, "checkout"),
    ("restart 'checkout', please", None, "checkout"),
    ('set "checkout": 64Mi', None, "checkout"),
    ("rollback checkout", None, "checkout"),
    ("please restart checkout", None, "checkout"),
    ("can you restart checkout?", None, "checkout"),
    ("checkout keeps crashing; raise its limit", None, "checkout"),
    ("restart checkout but do not scale it", None, "checkout"),
    ("fix checkout in shop-dev", "shop-dev", "checkout"),
    ("fix shop-dev/checkout", "shop-dev", "checkout"),
    ("fix checkout-7d9f8b6c5d-x2k4z", None, "checkout"),
    ("fix pod checkout-7d9f8b6c5d-x2k4z in shop-dev", "shop-dev", "checkout"),
    ("mend agent-zx8kd", None, "agent"),
    ("restart db-0", None, "db"),
    ("restart db-12", None, "db"),
    ("fix checkout-api", None, "checkout-api"),
    ("fix checkout.v2", None, "checkout.v2"),
    ("restart deployment fix", None, "fix"),
    ("restart deployment/in", None, "in"),
    ('restart "set"', None, "set"),
    ("fix shop in shop", "shop", "shop"),
    ("I want you to fix checkout", None, "checkout"),
    ("could you please fix checkout", None, "checkout"),
    ("why does checkout crash? fix it", None, "checkout"),
    ("help me fix checkout", None, "checkout"),
    ("checkout is down, please correct it", None, "checkout"),
    ("fix everything in shop-dev", "shop-dev", "checkout"),
    ("fix chekout", None, "checkout"),
    ("starte checkout neu", None, "checkout"),
]
NOT_NAMED = [
    ("why does checkout crash?", None, "checkout"),
    ("describe checkout", None, "checkout"),
    ("why did the last update of checkout fail?", None, "checkout"),
    ("how do I fix checkout?", None, "checkout"),
    ("what would happen if I restart checkout?", None, "checkout"),
    ("do not restart checkout, only tell me why", None, "checkout"),
    ("never scale checkout", None, "checkout"),
    ("tell me about checkout without changing it", None, "checkout"),
    ("", None, "checkout"),
    ("fix it", None, "checkout"),
    ("fix everything except checkout in shop-dev", "shop-dev", "checkout"),
    ("fix only checkout-api, leave checkout alone", None, "checkout"),
    ("fix checkout", "shop-dev", "checkout"),
    ("restart checkout tomorrow", None, "checkout"),
    ("restart checkout if it is broken", None, "checkout"),
    ("restart checkout or checkout-api", None, "checkout"),
    ("someone said: restart checkout", None, "checkout"),
    ("fix checkout in shop-development", "shop-dev", "checkout"),
    ("fix checkout in my-shop-dev", "shop-dev", "checkout"),
    ("fix checkout-api", None, "checkout"),
    ("fix checkout-proxy", None, "checkout"),
    ("fix checkout-cache", None, "checkout"),
    ("fix checkout-canary-redis", None, "checkout"),
    ("fix my-checkout", None, "checkout"),
    ("fix checkout-", None, "checkout-api"),
    ("fix checkout", None, "checkout-api"),
    ("fix check", None, "checkout"),
    ("fix checkoutx7d9f-x2k4z", None, "checkout"),
    ("a prefix of checkout", None, "checkout"),
    ("what is the reset policy of checkout?", None, "checkout"),
    ("how many address pools has checkout", None, "checkout"),
    ("which change broke checkout?", None, "checkout"),
    ("api keeps crashing in shop, find out why and fix it", None, "fix"),
    ("api keeps crashing in shop, find out why and fix it", None, "in"),
    ("why is checkout crashing in shop, the last fix did not help", "shop", "checkout"),
    ("I will fix checkout in shop myself, just tell me why it crashes", "shop", "checkout"),
    ("is it safe to fix checkout?", None, "checkout"),
    ("propose a fix for checkout", None, "checkout"),
    ("please wait with the fix of checkout until I say so", None, "checkout"),
    ("before we fix it, why does checkout crash", None, "checkout"),
    ("refuse to fix checkout in shop; why does it crash", "shop", "checkout"),
    ("list the patch level of checkout", None, "checkout"),
    ("what is the update strategy of checkout", None, "checkout"),
    ("show the scale of checkout", None, "checkout"),
    ("describe checkout and its replica set", None, "checkout"),
]


def ordered(task: str, namespace: str | None, name: str) -> bool:
    """Whether the task orders to restart, mend or set something of the object; None: in the session's namespace."""
    listed = {"Deployment": DEPLOYMENTS, "Pod": PODS}
    world = World("home", NAMESPACES, dict.fromkeys(NAMESPACES, listed))
    found = understand(task, world, SCHEMAS)
    tools = ("restart", "set_resources", "rollback_rollout", "scale")
    return any(orders_change(found, tool, namespace or "home", name) for tool in tools)


@pytest.mark.parametrize(("task", "namespace", "name"), NAMED)
def test_the_task_names_this_change(task: str, namespace: str | None, name: str) -> None:
    assert ordered(task, namespace, name)


@pytest.mark.parametrize(("task", "namespace", "name"), NOT_NAMED)
def test_the_task_does_not_name_this_change(task: str, namespace: str | None, name: str) -> None:
    assert not ordered(task, namespace, name)


@pytest.mark.parametrize(
    ("tool", "wanted"), [("restart", True), ("scale", False), ("set_image", False), ("delete", False)]
)
def test_an_order_is_for_its_own_outcome(tool: str, wanted: bool) -> None:
    found = understand("restart checkout", World("home", (), {"home": {"Deployment": ("checkout",)}}), SCHEMAS)
    assert orders_change(found, tool, "home", "checkout") is wanted


def test_words_that_only_a_model_understands_name_their_object_all_the_same() -> None:
    world = World("home", NAMESPACES, {"home": {"Deployment": ("checkout",)}})
    found = understand("bump checkout to whatever its heap needs", world, SCHEMAS)
    assert found.unclear
    assert orders_change(found, "set_resources", "home", "checkout")


def test_a_task_is_within_the_namespaces_it_names() -> None:
    world = World("home", NAMESPACES, {})
    found = understand("why does checkout crash in shop-dev?", world, SCHEMAS)
    assert is_within(found, "shop-dev", "home")
    assert is_within(found, "home", "home")
    assert not is_within(found, "shop", "home")
    assert is_within(understand("list pods in all namespaces", world, SCHEMAS), "shop", "home")
    assert says("password from file /run/login", "/run/login")
