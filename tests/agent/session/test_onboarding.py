"""A team asked on board in words, through the loop: Playbook and Claude come to one plan, and invent nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.humans.onboarded import Onboarded
from agent.journal import approvals
from agent.model.claude.model import Claude
from agent.model.playbook import Playbook
from agent.model.port import Model
from agent.session.context import Desk
from agent.session.run import drive
from agent.surfaces.onboarding import onboarding
from tests.agent.model.claude.claude_bench import Waits, call, done, profile
from tests.agent.session_bench import Bench, Scripted, finish, use
from tests.messages_api.script import Turn
from tests.messages_api.server import MessagesServer
from tools.cluster.errors import NotFound

A, B, EVE = "a@example.com", "b@example.com", "eve@example.com"
TASK = f"we are the checkout team, please give us dev and staging with 4 CPUs and 16 GB each; we are {A} and {B}"
TWO = ["checkout-dev", "checkout-staging"]
ASKED: dict[str, Any] = {"team": "checkout", "namespaces": TWO, "members": [A, B], "cpu": "4", "memory": "16G"}


def waiting(bench: Bench, model: Model, session: str) -> Desk:
    desk = bench.begin(model, TASK, session=session)
    assert drive(desk) == 3, desk.view.results
    return desk


def with_claude(bench: Bench, turns: Sequence[Turn], task: str = TASK) -> tuple[int, Desk]:
    with MessagesServer(tuple(turns)) as server:
        desk = bench.begin(Claude(profile(server.url, timeout_s=5.0), Waits()), task, session="claude")
        code = drive(desk)
        assert server.refused == []
    return code, desk


def subjects(bench: Bench, namespace: str) -> set[str]:
    return {each["name"] for binding in bench.other.list("RoleBinding", namespace) for each in binding["subjects"]}


def is_there(bench: Bench, namespace: str) -> bool:
    try:
        bench.other.get("Namespace", namespace, None)
    except NotFound:
        return False
    return True


def test_the_words_come_to_one_plan_that_waits_and_then_is_made(bench: Bench) -> None:
    desk = waiting(bench, Playbook(), "playbook")
    (row,) = desk.view.approvals.values()
    code, thought = with_claude(bench, [Turn(calls=(call("onboard_team", **ASKED),)), done()])
    assert code == 3
    assert [made.digest for made in thought.view.plans.values()] == [row.digest]
    assert "memory 8G (decimal, 7.5Gi)/16G (decimal, 14.9Gi)" in row.summary
    assert not is_there(bench, TWO[0])

    approvals.decide(desk.journal, row.approval_id, "approved", "carol", "", datetime.now(UTC))
    desk = bench.resume(desk, Playbook())
    assert drive(desk) == 0, desk.view.results
    for namespace in TWO:
        (quota,) = bench.other.list("ResourceQuota", namespace)
        assert (quota["spec"]["hard"]["limits.cpu"], quota["spec"]["hard"]["limits.memory"]) == ("4", "16G")
        assert subjects(bench, namespace) == {"ci", A, B}
    page = (bench.root / "teams/checkout/README.md").read_text()
    assert "| checkout-staging | staging | 2 / 4 | 8G / 16G |" in page
    assert A not in page
    assert len(desk.view.subtasks) == 3 * len(TWO) + 1


def test_what_is_missing_is_asked_for_and_nobody_is_invented(bench: Bench) -> None:
    task = "we are the checkout team, please give us dev and staging"
    desk = bench.begin(Playbook(), task)
    assert drive(desk) == 2
    assert desk.view.closed is not None
    assert "who is in it" in desk.view.closed.summary

    invented = {"team": "checkout", "namespaces": TWO, "members": [EVE]}
    nobody = {"team": "checkout", "namespaces": TWO}
    asks = Turn(calls=(call("clarify", question="Who is in your team?"),))
    turns = [Turn(calls=(call("onboard_team", **arguments),)) for arguments in (invented, nobody)]
    code, desk = with_claude(bench, [*turns, asks], task)
    assert code == 2
    refused = [result.text for result in desk.view.results.values() if result.tool == "onboard_team"]
    assert f"does not name {EVE}, and only who asks may choose members" in refused[0]
    assert len(refused) == 2
    assert not is_there(bench, TWO[0])


def test_a_member_whom_the_task_does_not_name_gets_nothing(bench: Bench) -> None:
    code, desk = with_claude(
        bench, [Turn(calls=(call("onboard_team", **{**ASKED, "members": [A, B, EVE]}),)), done(outcome="failed")]
    )
    assert code == 1
    assert f"does not name {EVE}" in next(iter(desk.view.results.values())).text
    assert not is_there(bench, TWO[0])


def test_the_document_has_the_checklist_and_the_message(bench: Bench) -> None:
    asked = {"team": "web", "namespaces": ["web-dev"], "members": [A], "repos": ["https://git.example.com/web"]}
    one = {"tool": "onboard_team", "arguments": asked}
    desk = bench.begin(
        Scripted([use("onboard_team", **asked)], finish()), "onboard-team web", call=one, sandbox=False
    )
    assert drive(desk) == 0, desk.view.results
    document = onboarding(desk.view)
    states = {item.title: item.state for item in document.checklist}
    assert states["access to namespace web-dev"] == states["page for team web"] == "done"
    assert (states["pull secrets"], states["Argo CD project"]) == ("skipped", "waits")
    assert all(item.why for item in document.checklist if item.state in ("skipped", "waits"))
    message = json.dumps(document.message)
    assert "*Team web has been onboarded*" in message
    assert "web-dev" in message
    assert "1 Namespace" in message

    again = bench.begin(
        Scripted([use("onboard_team", **asked)], finish()), "onboard-team web", call=one, session="2"
    )
    assert drive(again) == 0
    assert {item.state for item in onboarding(again.view).checklist} == {"unchanged", "skipped", "waits"}
    told = Onboarded(desk.journal)
    assert [each.blocks for each in told(desk.now())] == [document.message]
    assert len(told(desk.now())) == 1
    assert told(desk.now() + timedelta(hours=3)) == []
    assert not again.view.subtasks


def test_what_is_there_is_added_to(bench: Bench) -> None:
    for session, namespace, member in (("1", "web-dev", A), ("2", "web-dev", B), ("3", "web-test", B)):
        asked = {
            "team": "web", "namespaces": [namespace], "members": [member],
            "repos": ["https://git.example.com/web"], "argocd_namespace": "cd",
        }  # fmt: skip
        one = {"tool": "onboard_team", "arguments": asked}
        desk = bench.begin(
            Scripted([use("onboard_team", **asked)], finish()), "onboard-team", call=one, session=session
        )
        code = drive(desk)
    assert code == 3  # that it is for test is asked
    assert subjects(bench, "web-dev") == {"ci", A, B}
    (row,) = desk.view.approvals.values()
    assert "web-dev" not in [each["name"] for each in row.targets]
    assert "+  - server: https://kubernetes.default.svc\n+    namespace: web-test" in row.diff
