"""An application that is asked for in words: each word has its meaning, or nothing is made."""

from __future__ import annotations

import pytest

from agent.understanding.scaffolds import ordered
from agent.understanding.wishes import Call
from tools.json import Json

MEANT: dict[str, tuple[str, Json]] = {
    "make me an API shop on port 8080 with postgres in Go": (
        "template_app", {"app": "shop", "type": "web-api", "port": 8080, "database": "postgres", "language": "go"},
    ),
    "an API called shop in golang": ("template_app", {"app": "shop", "type": "web-api", "language": "go"}),
    "create a Python API called shop with postgres": (
        "template_app", {"app": "shop", "type": "web-api", "language": "python", "database": "postgres"},
    ),
    "make a new Node.js worker mailer": ("template_app", {"app": "mailer", "type": "worker", "language": "node"}),
    "please scaffold a worker billing in Python for team payments, with a tekton pipeline": (
        "template_app",
        {"app": "billing", "type": "worker", "language": "python", "team": "payments", "pipeline": "tekton"},
    ),
    "a cronjob report in Node.js without a database": (
        "template_app", {"app": "report", "type": "cronjob", "language": "node", "database": "none"},
    ),
    "scaffold an app shop into ./code/shop": (
        "template_app", {"app": "shop", "type": "web-api", "folder": "./code/shop"},
    ),
    "erstelle eine API namens shop in Java mit MySQL": (
        "template_app", {"app": "shop", "type": "web-api", "language": "java", "database": "mysql"},
    ),
    "update the scaffold in /srv/shop.": ("update_scaffold", {"folder": "/srv/shop"}),
    "create a random password secret shop-db in namespace shop-dev": (
        "create_database_login", {"name": "shop-db", "namespace": "shop-dev"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("task", MEANT)
def test_what_is_meant(task: str) -> None:
    found = ordered(task)
    assert found is not None
    assert found.wishes == (Call(*MEANT[task]),)


@pytest.mark.parametrize(
    "task",
    [
        "create cronjob report",
        "create worker web",
        "the api in go",
        "is the api in go slow?",
        "should I make an API in Go?",
        "make an API shop in Rust",
        "make an API shop in Go and delete web",
        "do not make an API shop in Go",
        "make an API shop in Go in Python",
        "make a Go API shop in Python",
        "the go worker mailer",
        "restart the go worker mailer",
        "restart the api",
        "create secret shop-db in shop-dev",
        "make manifests for web v2",
    ],
)
def test_what_means_something_else(task: str) -> None:
    assert ordered(task) is None


def test_without_a_name_it_is_asked_for() -> None:
    found = ordered("an API on port 8080 with postgres in Go")
    assert found is not None
    assert "called" in found.unclear
    assert found.wishes == ()
