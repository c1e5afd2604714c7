"""Tasks of a conversation: what `it`, `them`, `there` and `the same` mean, and what is not clear enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.understanding.ordered import orders_change
from agent.understanding.spoken import NOTHING, spoken_from
from agent.understanding.understand import understand
from agent.understanding.wishes import Understanding
from tests.agent.understanding.outcome import SCHEMAS, world


def understood(*tasks: str, home: str = "default") -> Iterator[Understanding]:
    """What each task is understood to ask for behind the ones before it."""
    spoken, namespace = NOTHING, home
    for task in tasks:
        found = understand(task, replace(world(namespace), spoken=spoken), SCHEMAS)
        yield found
        spoken = found.spoken or NOTHING
        namespace = spoken.namespace or namespace
        assert spoken_from(spoken.to_json()) == spoken


def last(*tasks: str) -> Understanding:
    *_, found = understood(*tasks)
    return found


WHY = "why does web crash in shop-dev?"
WEB = "Deployment web in shop-dev"


@pytest.mark.parametrize(
    ("task", "wish"),
    [
        ("and now scale it to 3", "scale deployment web to 3 in shop-dev"),
        ("scale it to 3 there", "scale deployment web to 3 in shop-dev"),
        ("scale to 3", "scale deployment web to 3 in shop-dev"),
        ("und jetzt skaliere es auf 3", "scale deployment web to 3 in shop-dev"),
        ("und starte es dort neu", "restart deployment web in shop-dev"),
        ("show me its logs", "show the logs of web in shop-dev"),
        ("fix it", "fix web in shop-dev"),
        ("repariere es", "fix web in shop-dev"),
        ("why is it still crashing?", "diagnose web in shop-dev"),
        ("scale it to 3 in shop-staging", "scale deployment web to 3 in shop-staging"),
    ],
)
def test_it_is_the_object_of_the_task_before(task: str, wish: str) -> None:
    found = last(WHY, task)
    assert [each.words for each in found.wishes] == [wish]
    assert found.taken == (WEB.replace("shop-dev", wish.rpartition(" ")[2]),)
    if not wish.startswith(("show", "diagnose")):
        (order,) = found.orders
        assert (order.namespaces, order.names) == ((wish.rpartition(" ")[2],), ("web",))


def test_there_is_the_namespace_of_the_task_before() -> None:
    found = last(WHY, "restart cart there")
    assert [each.words for each in found.wishes] == ["restart deployment cart in shop-dev"]
    assert found.taken == ()
    assert [each.words for each in last(WHY, "what else is broken there?").wishes] == [
        "diagnose everything in shop-dev"
    ]


def test_a_question_about_all_is_not_about_the_object_of_the_task_before() -> None:
    assert [each.words for each in last(WHY, "what is broken?").wishes] == ["diagnose everything in shop-dev"]


@pytest.mark.parametrize(
    ("tasks", "wishes"),
    [
        ((WHY, "the same for cart"), ["diagnose cart in shop-dev"]),
        ((WHY, "and cart?"), ["diagnose cart in shop-dev"]),
        ((WHY, "what about cart?"), ["diagnose cart in shop-dev"]),
        (("scale web to 3 in shop-dev", "the same for cart"), ["scale deployment cart to 3 in shop-dev"]),
        (("scale web to 3 in shop-dev", "das gleiche für cart"), ["scale deployment cart to 3 in shop-dev"]),
        (
            ("scale web to 3 in shop-dev", "please do the same for cart and postgres"),
            ["scale deployment cart to 3 in shop-dev", "scale statefulset postgres to 3 in shop-dev"],
        ),
        (("scale web to 3 in shop-dev", "the same in shop-staging"), ["scale deployment web to 3 in shop-staging"]),
        (
            ("kubectl scale deployment web --replicas=3 -n shop-staging", "the same for checkout"),
            ["scale deployment checkout to 3 in shop-staging"],
        ),
    ],
)
def test_the_same_is_the_wish_of_the_task_before(tasks: tuple[str, ...], wishes: list[str]) -> None:
    found = last(*tasks)
    assert [each.words for each in found.wishes] == wishes
    assert list(found.taken) == wishes


def test_the_object_stays_the_one_that_was_named_last() -> None:
    found = list(understood(WHY, "who am I?", "show its logs", "the same for cart", "restart it"))
    assert [each.words for each in found[2].wishes] == ["show the logs of web in shop-dev"]
    assert [each.words for each in found[4].wishes] == ["restart deployment cart in shop-dev"]


@pytest.mark.parametrize(
    ("tasks", "readings"),
    [
        (
            ("why do web and cart crash in shop-dev?", "restart it"),
            ["restart deployment web in shop-dev", "restart deployment cart in shop-dev"],
        ),
        (("why do web and cart crash in shop-dev?", "fix it"), ["fix web in shop-dev", "fix cart in shop-dev"]),
        (("what is broken in shop-dev?", "fix it"), ["fix everything in shop-dev"]),
        (("scale web to 3 in shop-dev", "and cart?"), ["scale deployment cart to 3 in shop-dev"]),
        (("scale web to 3 in shop-dev", "undo that"), []),
        (("scale web to 3 in shop-dev", "the same for nosuch"), []),
        (("scale web and cart to 3 in shop-dev", "the same for checkout"), []),
        ((WHY, "why does nosuch crash?", "scale it to 3"), []),
        ((WHY, "list pods in shop-staging", "restart it"), []),
        (("compare web in shop-dev with web in shop-staging", "restart it"), []),
        (("restart it",), []),
    ],
)
def test_what_is_not_clear_is_asked_about_and_orders_nothing(tasks: tuple[str, ...], readings: list[str]) -> None:
    found = last(*tasks)
    assert found.unclear
    assert [each.words for each in found.readings] == readings
    assert (found.wishes, found.taken) == ((), ())
    for name in ("web", "cart", "checkout"):
        for tool in ("restart", "scale", "set_resources"):
            for namespace in ("shop-dev", "shop-staging"):
                assert not orders_change(found, tool, namespace, name)


def test_them_are_all_of_the_task_before() -> None:
    found = last("why do web and cart crash in shop-dev?", "restart them")
    assert [each.words for each in found.wishes] == [
        "restart deployment web in shop-dev",
        "restart deployment cart in shop-dev",
    ]
    assert found.taken == (WEB, "Deployment cart in shop-dev")
    assert [each.words for each in last("what is broken in shop-dev?", "fix them").wishes] == [
        "fix everything in shop-dev"
    ]


def test_a_denial_or_a_condition_orders_nothing_of_it() -> None:
    for task in ("do not restart it", "restart it tomorrow", "should I restart it?", "restart it if it crashes"):
        assert not orders_change(last(WHY, task), "scale", "shop-dev", "web"), task
        assert [wish for wish in last(WHY, task).wishes if wish.words.startswith("restart")] == [], task


def test_a_pod_of_the_task_before_stands_for_its_workload_where_one_is_needed() -> None:
    found = last("why does web-6d4cf56db6-x7k2p crash in shop-dev?", "restart it")
    assert [each.words for each in found.wishes] == ["restart deployment web in shop-dev"]
    assert found.taken == ("Pod web-6d4cf56db6-x7k2p in shop-dev",)
