"""Questions after a delivery lead to its tools, and nothing else does."""

from __future__ import annotations

import pytest

from agent.understanding.delivery import asked
from agent.understanding.wishes import Call
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
