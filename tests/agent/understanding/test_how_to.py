"""Questions of how something is done here lead to the page; what is about one's own objects does not."""

from __future__ import annotations

import pytest

from agent.understanding.understand import understand
from agent.understanding.wishes import Call
from agent.understanding.world import World
from tools.catalog import TOOLS
from tools.intents import INTENTS

SCHEMAS = {tool.name: tool.schema for tool in TOOLS}
WORLD = World("shop-dev", ("shop-dev", "shop-prod"), {"shop-dev": {"Deployment": ("web", "checkout")}})


def page(task: str) -> dict[str, str] | None:
    found = understand(task, WORLD, SCHEMAS)
    return next((wish.arguments for wish in found.wishes if isinstance(wish, Call) and wish.tool == "docs"), None)


@pytest.mark.parametrize(
    ("task", "topic"),
    [
        ("how do I get a volume here?", "storage"),
        ("How can we get persistent storage on this cluster?", "storage"),
        ("how do I deploy on this platform?", "deploying-apps"),
        ("how do I deploy a Helm chart here?", "deploying-apps"),
        ("how to debug a crashing pod", "debugging"),
        ("how do I get started?", "getting-started"),
        ("where do I find the metrics of my app?", "monitoring"),
        ("how should we store a password?", "security"),
        ("how do I scan my image?", "security"),
        ("how do I set up a pipeline?", "ci-cd"),
        ("how can I scale my app", "scaling"),
        ("how do I get more quota?", "scaling"),
        ("how do I expose my service to the internet?", "networking"),
        ("wie bekomme ich hier ein Volume?", "storage"),
        ("wie kann ich auf dieser Plattform deployen?", "deploying-apps"),
        ("show me the docs on networking", "networking"),
        ("open the CI/CD page", "ci-cd"),
        ("documentation about getting started", "getting-started"),
    ],
)
def test_a_question_leads_to_its_page(task: str, topic: str) -> None:
    assert page(task) == {"topic": topic, "namespace": "shop-dev"}


def test_the_namespace_is_the_one_that_is_named() -> None:
    assert page("how do I get a volume in shop-prod?") == {"topic": "storage", "namespace": "shop-prod"}
    assert page("show the docs") == {"namespace": "shop-dev"}


@pytest.mark.parametrize(
    "task",
    [
        "how do I restart web?",
        "how do I scale web?",
        "how do I scale web to 3?",
        "how can I reach checkout from my laptop?",
        "why does checkout crash?",
        "how many volumes are there?",
        "deploy web",
        "get the volume claim uploads",
        "how do I get a volume and delete web?",
        "how do I get a volume in some-prod?",
        "how do I get a volume for payments",
        "how do I expose a volume?",
        "show the logs of web",
    ],
)
def test_what_is_about_something_else_does_not(task: str) -> None:
    assert page(task) is None


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        ("write the platform docs", {"namespace": "shop-dev"}),
        ("save the docs for team web", {"team": "web"}),
        ("generate the platform's documentation for shop-prod", {"namespace": "shop-prod"}),
        ("write the docs to ~/web-docs", {"namespace": "shop-dev", "folder": "~/web-docs"}),
    ],
)
def test_the_site_is_written_where_it_is_said(task: str, arguments: dict[str, str]) -> None:
    (wish,) = understand(task, WORLD, SCHEMAS).wishes
    assert wish == Call("save_docs", arguments)
    assert understand(wish.words, WORLD, SCHEMAS).wishes == (wish,)


def test_the_words_of_a_page_mean_it_again() -> None:
    for task in INTENTS["docs"].examples:
        (wish,) = understand(task, WORLD, SCHEMAS).wishes
        assert understand(wish.words, WORLD, SCHEMAS).wishes == (wish,)
