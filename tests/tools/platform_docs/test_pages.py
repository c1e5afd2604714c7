"""The pages: nothing left open in any of them, whatever the cluster has; no fact is markup."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from typing import get_args

import pytest

from agent.cli import COMMANDS
from tests.tools.platform_docs.pages import commands, links
from tests.tools.platform_docs.samples import NAMESPACE, VALUES, fact, facts
from tools.platform_docs.choosing import UnknownTopic, topic_of
from tools.platform_docs.facts import Apis, Facts, State
from tools.platform_docs.pages import TEMPLATES, overview, page
from tools.topics import TOPICS, Topic

STATES: tuple[State, ...] = get_args(State)
EVERY_PAGE = pytest.mark.parametrize("topic", TOPICS)
EVERY_STATE = pytest.mark.parametrize("state", STATES)


def pages(of: Facts) -> dict[str, str]:
    return {"index": overview(of), **{topic: page(topic, of) for topic in TOPICS}}


def test_the_samples_have_every_fact() -> None:
    assert len(list(facts())) == len(VALUES) + len(fields(Apis))


@EVERY_STATE
@EVERY_PAGE
def test_a_page_has_its_parts_and_no_placeholder(topic: Topic, state: State) -> None:
    text = page(topic, facts(state))
    headings = re.findall(r"^##? (.*)$", text.replace("```sh\n#", ""), re.MULTILINE)
    assert headings[:1] == [TOPICS[topic].title]
    assert [each for each in headings if each in ("How to", "Why", "Reference")] == ["How to", "Why", "Reference"]
    assert re.findall(r"<[A-Z_a-z-]+>|\$\{|\bTODO\b|\bNone\b|\{\{|\{%|example\.com/", commands(text)) == []
    assert "None" not in text
    assert text.count("*As of 2026-03-01T10:15:00Z, from v1/Source") >= 4


@EVERY_STATE
@EVERY_PAGE
def test_the_commands_of_a_page_are_a_script_that_names_the_namespace(topic: Topic, state: State) -> None:
    script = commands(page(topic, facts(state)))
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if script:
        assert NAMESPACE in script


@EVERY_STATE
def test_links_lead_to_pages_and_every_desk_command_is_there(state: State) -> None:
    texts = pages(facts(state))
    for name, text in texts.items():
        for link in links(text):
            assert link.startswith("https://") or link.removesuffix(".md") in texts, (name, link)
        for command in re.findall(r"\bdesk ([a-z-]+)", text):
            assert command in COMMANDS, (name, command)


def test_what_is_not_there_has_no_commands() -> None:
    bare, full = pages(facts("absent")), pages(facts())
    for topic, part in (
        ("networking", "kind: Route"),
        ("storage", "kind: PersistentVolumeClaim"),
        ("storage", "kind: VolumeSnapshot"),
        ("monitoring", "kubectl top pods"),
        ("monitoring", "kind: ServiceMonitor"),
        ("scaling", "kind: HorizontalPodAutoscaler"),
        ("scaling", "kubectl describe resourcequota"),
        ("ci-cd", "ci.kubeconfig"),
        ("deploying-apps", "kubectl get applications.argoproj.io web-dev -n argocd"),
    ):
        assert part in full[topic], (topic, part)
        assert part not in bare[topic], (topic, part)
    assert "not on this cluster" in bare["storage"]


def test_who_may_not_read_the_classes_still_learns_how_to_get_a_volume() -> None:
    text = page("storage", facts("unreadable"))
    assert "may not be read by ann" in text
    assert "kind: PersistentVolumeClaim" in text
    assert "storageClassName" not in text


def test_the_default_class_is_taken_and_a_claim_is_as_small_as_it_may_be() -> None:
    text = page("storage", facts())
    assert "storageClassName: standard" in text
    assert "requests: {storage: 2Gi}" in text
    assert '"storage":"4Gi"' in text
    assert "ingressClassName: nginx" in page("networking", facts(routes=fact("routes", "absent")))


def test_who_may_not_deploy_is_told() -> None:
    text = page("scaling", facts(may_deploy=fact("may_deploy")))
    assert "may not deploy to" not in text
    viewer = facts(may_deploy=fact("may_deploy")).may_deploy
    told = page("scaling", facts(may_deploy=type(viewer)("may-deploy", "", "known", False, "no", "x")))
    assert "may not deploy to" in told


@EVERY_PAGE
def test_what_a_cluster_says_is_never_markup(topic: Topic) -> None:
    hostile = "[go](http://evil.example) <script>`x`|\n# Heading\n```sh\nrm -rf /\n```"
    names = [*VALUES, *(each.name for each in fields(Apis))]
    clean = page(topic, facts())
    text = page(topic, facts(**{name: fact(name, said=hostile, source=hostile) for name in names}))
    assert commands(text) == commands(clean)
    assert links(text) == links(clean)
    assert "<script>" not in text
    assert re.findall(r"^# ", text, re.MULTILINE) == re.findall(r"^# ", clean, re.MULTILINE)


def test_a_page_without_markup_of_its_own_is_left_over_by_no_topic() -> None:
    written = {file.name.removesuffix(".md.j2") for file in TEMPLATES.glob("[a-z]*.md.j2")}
    assert written == {*TOPICS, "index"}


@pytest.mark.parametrize(
    ("word", "topic"), [("storage", "storage"), ("CI/CD", "ci-cd"), ("Getting Started", "getting-started")]
)
def test_a_topic_is_understood(word: str, topic: Topic) -> None:
    assert topic_of(word) == topic


def test_a_topic_that_there_is_not() -> None:
    with pytest.raises(UnknownTopic, match="Did you mean networking"):
        topic_of("netwrking")
    with pytest.raises(UnknownTopic, match="There are: getting-started, "):
        topic_of("zzz")
