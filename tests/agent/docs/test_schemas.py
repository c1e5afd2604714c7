"""The schemas in docs/ are those of the code, and what Desk prints obeys them; test_documents has more."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from agent.docs.schemas import schemas
from tests import forked

DOCS = Path(__file__).parents[3] / "docs" / "schemas"


def test_docs_hold_the_code_s_schemas() -> None:
    written = {file.name: json.loads(file.read_text()) for file in DOCS.iterdir()}
    assert written == schemas(), "run `make docs`"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Command -> what it printed, in a workspace with one mended and one waiting session."""
    root = tmp_path_factory.mktemp("schemas") / "ws"

    def desk(*arguments: str) -> str:
        return forked.run(arguments, cwd=root if root.exists() else root.parent).stdout

    desk("init", str(root))
    run = desk("run", "--sandbox", "find out why checkout crashes in shop-dev and fix it", "-o", "json")
    desk("run", "--sandbox", "find out why checkout crashes in shop-staging and fix it", "-o", "json")
    session = json.loads(run)["session"]
    commands = {
        "run": run,
        "jsonl": desk("run", "--sandbox", "list pods in shop-dev", "-o", "jsonl"),
        "show": desk("show", session, "-o", "json"),
        "failed": desk("show", "nope", "-o", "json"),
        "export": desk("journal", "export"),
        "findings": desk("debug-pod", "--sandbox", "-o", "jsonl"),
        "provisioned": desk("provision-namespace", "web-dev", "--members", "ann", "--sandbox", "-o", "json"),
        "manifests": desk(
            "generate-manifest", "web", "--image", "web:2", "--host", "web.io", "--offline", "-o", "json"
        ),
        "onboarded": desk(
            "onboard-team", "shop", "--namespaces", "shop-qa", "--group", "shop", "--sandbox", "-o", "json"
        ),
        "scaffold": desk("template-app", "shop", "--output-dir", "-", "-o", "json"),
        "lesson": desk("debug-pod", "--explain", "OOMKilled", "-o", "json"),
    }
    lists = ("approvals list", "sessions", "status", "tools", "doctor", "journal verify")
    return commands | {words: desk(*words.split(), "-o", "json") for words in lists}


def test_every_document_obeys_its_schema(printed: dict[str, str]) -> None:
    seen = set()
    for command, text in printed.items():
        lines = text.splitlines() if command in ("jsonl", "export", "findings") else [text]
        assert lines, command
        for document in map(json.loads, lines):
            name = document["schema"].replace("/", ".") + ".json"
            jsonschema.validate(document, schemas()[name])
            seen.add(name)
    (findings,) = [
        result["data"] for result in json.loads(printed["run"])["results"][:1] if result["tool"] == "diagnose"
    ]
    jsonschema.validate(findings, schemas()["desk.findings.v1.json"])
    elsewhere = {
        f"desk.{name}.v1.json"
        for name in ("decision", "dispatched", "request", "callback", "init", "docs", "docs-check")
    }
    assert seen | {"desk.findings.v1.json"} | elsewhere == set(schemas())
