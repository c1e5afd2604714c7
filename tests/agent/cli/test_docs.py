"""docs from outside: pages, the site, and what has changed since, on the sandbox."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from agent.docs.schemas import schemas
from agent.sandbox import Sandbox
from tests.agent.conftest import InProcess
from tests.agent.terminal import Terminal
from tests.tools.platform_docs.pages import commands
from tools.topics import TOPICS


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[str]:
    """Of a sandbox that lives as long as the test."""
    with Sandbox() as sandbox:
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(sandbox.kubeconfig()))
        yield str(file)


def test_without_a_topic_it_leads_to_all_pages(in_process: InProcess) -> None:
    done = in_process("docs", "--sandbox")
    assert done.returncode == 0
    assert [topic for topic in TOPICS if f"]({topic}.md)" not in done.stdout] == []


def test_a_page_is_markdown_where_no_terminal_reads_it(in_process: InProcess) -> None:
    done = in_process("docs", "scaling", "--sandbox", "-n", "shop-staging")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "# Scaling")
    assert "Namespace `shop-staging`" in done.stdout


def test_its_document_obeys_its_schema(in_process: InProcess) -> None:
    document = json.loads(in_process("docs", "storage", "--sandbox", "-o", "json").stdout)
    jsonschema.validate(document, schemas()["desk.docs.v1.json"])
    assert (document["topic"], document["namespace"], document["user"]) == ("storage", "shop-dev", "sandbox-user")
    assert {fact["state"] for fact in document["facts"]} >= {"known", "absent"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("storge", "Did you mean storage?"),
        ("storage --site x", "Give a topic or --site, not both"),
        ("--check", "--check needs --site DIR"),
        ("--check --site nowhere", "nowhere has no facts.json"),
        ("--team no,such", "team: String should match"),
    ],
)
def test_wrong_usage_says_what_to_do(
    in_process: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = in_process("docs", *words.split(), "--sandbox")
    assert (done.returncode, list(tmp_path.glob("x"))) == (2, [])
    assert said in done.stderr


def test_a_namespace_or_team_that_there_is_not(in_process: InProcess) -> None:
    done = in_process("docs", "-n", "shop-devv", "--sandbox")
    assert (done.returncode, "Did you mean shop-dev" in done.stderr) == (1, True)
    done = in_process("docs", "--team", "nobody", "--sandbox")
    assert (done.returncode, "No namespace has the label team=nobody" in done.stderr) == (1, True)


def test_the_site_is_written_and_checked(in_process: InProcess, workspace: Path, kubeconfig: str) -> None:
    there = ("--workspace", workspace, "--kubeconfig", kubeconfig)
    site = workspace / "web-docs"
    assert in_process("docs", "--site", site, *there, "-n", "shop-dev").returncode == 0
    assert sorted(file.stem for file in (site / "docs").iterdir()) == sorted([*TOPICS, "index"])

    done = in_process("docs", "--check", "--site", site, *there)
    assert (done.returncode, "it is as it says" in done.stdout) == (0, True)

    facts = json.loads((site / "facts.json").read_text())
    (version,) = [fact for fact in facts["facts"] if fact["name"] == "version"]
    is_now, version["said"] = version["said"], "v1.2.3"
    (site / "facts.json").write_text(json.dumps(facts))
    done = in_process("docs", "--check", "--site", site, *there)
    assert done.returncode == 1
    assert f"  version: v1.2.3 -> {is_now}  (/version)" in done.stdout

    document = json.loads(in_process("docs", "--check", "--site", site, *there, "-o", "json").stdout)
    jsonschema.validate(document, schemas()["desk.docs-check.v1.json"])
    assert (document["current"], document["stale"][0]["was"]) == (False, "v1.2.3")


def test_at_a_terminal_commands_stand_as_they_are_to_be_copied(
    in_process: InProcess, workspace: Path, kubeconfig: str
) -> None:
    words = ("docs", "debugging", "--kubeconfig", kubeconfig, "--workspace", str(workspace))
    script = commands(in_process(*words).stdout)
    with Terminal(sys.executable, "-m", "agent", *words, columns=60, cwd=Path(__file__).parents[3]) as terminal:
        assert terminal.ends() == 0
        shown = terminal.shown()
    assert script.splitlines()
    assert [line for line in script.splitlines() if line not in shown] == []
    assert "debug-pod shop-dev" in shown
