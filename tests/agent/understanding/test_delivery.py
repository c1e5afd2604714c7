"""Questions after a delivery lead to its tools, and nothing else does."""

from __future__ import annotations

import pytest

from agent.understanding.delivery import asked
from agent.understanding.delivery_orders import ordered
from agent.understanding.wishes import Call, Order
from agent.understanding.world import World
from tools.json import Json

CHECKOUT = {"app": "checkout", "namespace": "shop-dev"}
WORLD = World("shop-dev", ("shop-dev", "shop-staging", "pay-dev"))


@pytest.mark.parametrize(
    ("task", "tool", "arguments"),
    [
        ("why is my last commit of checkout not in dev?", "why_not_live", CHECKOUT),
        ("Why isn't commit ABC1234 of checkout live?", "why_not_live", {"app": "checkout", "commit": "abc1234"}),
        ("why did my commit for checkout never get to dev", "why_not_live", CHECKOUT),
        (
            "why is image ghcr.io/Acme/web:1.9 of web not live in pay-dev?",
            "why_not_live",
            {"app": "web", "image": "ghcr.io/Acme/web:1.9", "namespace": "pay-dev"},
        ),
        ("is commit abc1234 of web live?", "why_not_live", {"app": "web", "commit": "abc1234"}),
        ("is my last commit of web in production?", "why_not_live", {"app": "web", "namespace": "production"}),
        ("where is my commit for checkout?", "why_not_live", {"app": "checkout"}),
        ("warum ist mein letzter Commit von checkout nicht in dev?", "why_not_live", CHECKOUT),
        ("why did the pipeline fail?", "debug_pipeline", {"namespace": "shop-dev"}),
        ("debug pipeline build-web in pay-dev", "debug_pipeline", {"name": "build-web", "namespace": "pay-dev"}),
        ("please check the builds in shop-staging.", "debug_pipeline", {"namespace": "shop-staging"}),
        ("why is the last build failing?", "debug_pipeline", {"namespace": "shop-dev"}),
        ("why is Argo CD stuck in staging?", "debug_pipeline", {"namespace": "shop-staging"}),
        ("warum ist die Pipeline kaputt?", "debug_pipeline", {"namespace": "shop-dev"}),
    ],
)
def test_what_asks_after_a_delivery(task: str, tool: str, arguments: Json) -> None:
    found = asked(task, WORLD)

    assert found is not None
    assert found.wishes == (Call(tool, arguments),)
    assert found.orders == ()


@pytest.mark.parametrize(
    "task",
    [
        "why is checkout not running?",
        "why does web crash?",
        "why is my last commit of checkout not in dev, and restart it",
        "restart web so that my commit is live",
        "delete the pipeline",
        "debug web",
        "fix the pipeline in shop-dev",
    ],
)
def test_what_says_anything_else_is_not_read_here(task: str) -> None:
    assert asked(task, WORLD) is None


HERE: Json = {"namespace": "shop-dev"}


@pytest.mark.parametrize(
    ("task", "tool", "arguments"),
    [
        ("sync checkout in dev", "sync_app", CHECKOUT),
        ("Please sync the Argo CD application checkout.", "sync_app", CHECKOUT),
        ("synchronisiere die Anwendung checkout in dev", "sync_app", CHECKOUT),
        ("sync checkout in staging", "sync_app", {"app": "checkout", "namespace": "shop-staging"}),
        ("refresh checkout", "refresh_app", CHECKOUT),
        ("hard refresh checkout now", "refresh_app", {**CHECKOUT, "hard": True}),
        ("lade die Anwendung checkout in dev neu", "refresh_app", CHECKOUT),
        ("rerun the pipeline", "rerun_pipeline", HERE),
        ("could you please retry the last pipeline run b-7", "rerun_pipeline", {**HERE, "name": "b-7"}),
        ("run pipeline build again in pay-dev", "rerun_pipeline", {"namespace": "pay-dev", "name": "build"}),
        ("starte die Pipeline neu", "rerun_pipeline", HERE),
        ("lass die Pipeline build noch einmal laufen", "rerun_pipeline", {**HERE, "name": "build"}),
        ("führe die Pipeline in dev erneut aus", "rerun_pipeline", HERE),
        ("unpause buildconfig web", "unpause_delivery", {**HERE, "name": "web", "kind": "BuildConfig"}),
        ("let pipelinerun b-7 begin", "unpause_delivery", {**HERE, "name": "b-7", "kind": "PipelineRun"}),
        ("setze die BuildConfig web fort", "unpause_delivery", {**HERE, "name": "web", "kind": "BuildConfig"}),
        (
            "set push secret of buildconfig web to quay",
            "set_build_secret",
            {**HERE, "name": "web", "purpose": "push", "secret_name": "quay"},
        ),
        (
            "setze das pull-secret von build web auf quay in pay-dev",
            "set_build_secret",
            {"namespace": "pay-dev", "name": "web", "purpose": "pull", "secret_name": "quay"},
        ),
    ],
)  # fmt: skip
def test_what_orders_a_change_of_a_delivery(task: str, tool: str, arguments: Json) -> None:
    found = ordered(task, WORLD)

    assert found is not None
    assert found.wishes == (Call(tool, arguments),)
    names = tuple(arguments[each] for each in ("app", "name") if each in arguments)
    assert found.orders == (Order((arguments["namespace"],), names, frozenset({tool})),)


@pytest.mark.parametrize(
    "task",
    [
        "do not sync checkout",
        "don't rerun the pipeline",
        "should I sync checkout?",
        "sync checkout?",
        "sync everything",
        "sync it",
        "refresh the page",
        "sync checkout unless it is broken",
        "sync checkout and delete web",
        "starte die Pipeline nicht neu",
        "if the build is done, sync checkout",
        "how do I rerun the pipeline?",
    ],
)
def test_what_orders_nothing_of_a_delivery(task: str) -> None:
    assert ordered(task, WORLD) is None
