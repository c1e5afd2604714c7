"""What Playbook does with a task: whose it is, which play, and how a play goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.model.playbook import Playbook
from agent.model.playbook.mending import MAX_ATTEMPTS
from agent.model.playbook.plays import READINGS_SHOWN, choose, understood
from agent.model.port import (
    AnswersMessage,
    AssistantMessage,
    Context,
    Conversation,
    Message,
    ToolAnswer,
    ToolUse,
    TurnEnded,
)
from agent.understanding.remit import owner_of
from agent.understanding.wishes import Diagnosis
from tests.agent.model.playbook_parts import HERE, asked
from tools.diagnose.rules import causes
from tools.json import Json


def first(task: str) -> tuple[str, Json]:
    move = next(choose(asked(task)))
    return move.tool, move.arguments


@pytest.mark.parametrize(
    "task",
    [
        "why does checkout crash in shop-dev?",
        "WHY DOES CHECKOUT CRASH?",
        "checkout keeps crashing in shop-dev, find out why and fix it",
        "checkout gets OOMKilled",
        "checkout is out of memory in shop-dev",
        "payments is in CrashLoopBackOff",
        "why does payments keep restarting in shop-dev",
        "why did payments restart in shop-dev",
        "why is catalog not starting in shop-dev?",
        "ImagePullBackOff in shop-dev",
        "catalog cannot pull its image",
        "why is search Pending?",
        "search is unschedulable in shop-dev",
        "search can't be scheduled",
        "cart won't start in namespace shop-dev",
        "why does cart have CreateContainerConfigError",
        "what is wrong in shop-dev?",
        "is anything wrong?",
        "is everything ok in shop-dev?",
        "is shop-dev healthy?",
        "diagnose shop-dev",
        "debug checkout in shop-dev",
        "troubleshoot shop-dev",
        "why does the log of payments say no such host",
        "fix the pod that cannot be scheduled on any node",
        "why is my deployment not rolling out in shop-dev",
        "why is checkout failing in the cluster",
        "why does web fail after we added a node",
        "fix the canary pod in shop-dev",
        "why is canary crashing in shop-dev",
        "why does kyverno crash in shop-dev",
        "why does the compliance-scanner crash",
        "why does the etcd pod crash in shop-dev",
        "why is the audit-policy pod pending",
        "mend the node-exporter",
    ],
)
def test_a_fault_is_diagnosed(task: str) -> None:
    assert first(task) == ("diagnose", {"namespace": "shop-dev"})


def test_a_fault_is_diagnosed_in_the_namespace_that_is_named() -> None:
    task = "why does the cluster-autoscaler pod crash in tools-dev"
    assert first(task) == ("diagnose", {"namespace": "tools-dev"})
    assert first("fix checkout in production") == ("diagnose", {"namespace": "shop-prod"})


@pytest.mark.parametrize(
    ("agent", "task"),
    [
        ("Atlas", "upgrade the cluster"),
        ("Atlas", "please upgrade our Kubernetes cluster from 1.34 to 1.35"),
        ("Atlas", "upgrade the cluster because pods are pending"),
        ("Atlas", "create a new cluster"),
        ("Atlas", "create a node pool"),
        ("Atlas", "scale the node pool to 5"),
        ("Atlas", "drain node worker-1"),
        ("Atlas", "cordon worker-1, a node"),
        ("Atlas", "add two nodes"),
        ("Atlas", "back up etcd"),
        ("Atlas", "restart etcd"),
        ("Atlas", "rotate the control plane certificates"),
        ("Atlas", "configure the cluster autoscaler"),
        ("Flow", "deploy checkout to production"),
        ("Flow", "Promote checkout 1.5 to prod"),
        ("Flow", "roll out checkout to production"),
        ("Flow", "ship it to prod"),
        ("Flow", "do a canary release of checkout"),
        ("Flow", "blue-green deployment for checkout"),
        ("Flow", "why did the canary release fail"),
        ("Flow", "the production deployment of checkout"),
        ("Shield", "change the pod security policy"),
        ("Shield", "relax the pod security standards in shop-dev"),
        ("Shield", "give me cluster-admin"),
        ("Shield", "add an SCC for my pod"),
        ("Shield", "add a kyverno policy"),
        ("Shield", "scan checkout for vulnerabilities"),
        ("Shield", "fix CVE-2024-1234 in checkout"),
    ],
)
def test_what_is_another_agents_is_referred_to_it(agent: str, task: str) -> None:
    tool, arguments = first(task)
    assert (tool, arguments.get("agent")) == ("refer", agent)
    assert agent in arguments["summary"]


@pytest.mark.parametrize(
    "task",
    [
        "create a deployment",
        "create a node.js service",
        "create a deployment with node affinity",
        "create a namespace shop-test in the cluster",
        "delete the deployment checkout from the cluster",
        "delete the pods on node worker-1",
        "install redis in the cluster",
        "upgrade the redis cluster in shop-dev",
        "scale web to 3 in the cluster",
        "patch web on the cluster",
        "which node does checkout run on",
        "restart web on node worker-1",
        "deploy checkout to product-catalog",
        "list nodes",
        "describe the node sandbox",
        "logs of the canary pod",
    ],
)
def test_near_misses_are_nobody_elses(task: str) -> None:
    assert owner_of(task) is None


@pytest.mark.parametrize("task", ["what is the weather", "paint web blue", "hello"])
def test_what_is_not_understood_is_asked_back(task: str) -> None:
    tool, arguments = first(task)
    assert tool == "clarify"
    assert "Nothing was changed" in arguments["question"]
    assert len(arguments["readings"]) <= READINGS_SHOWN


def test_what_is_only_forbidden_is_left_alone() -> None:
    tool, arguments = first("do not restart web")
    assert (tool, arguments["outcome"]) == ("finish", "done")
    assert "Nothing was changed" in arguments["summary"]


def test_what_is_asked_about_is_answered_with_the_command() -> None:
    tool, arguments = first("should I restart web?")
    assert (tool, arguments["outcome"]) == ("finish", "done")
    assert "kubectl rollout restart deployment/web -n shop-dev" in arguments["summary"]


def test_what_may_be_meant_is_offered_as_commands() -> None:
    tool, arguments = first("set the memory limit of web to 512")
    assert tool == "clarify"
    assert [reading["command"] for reading in arguments["readings"]] == [
        f"desk run 'set memory limit of deployment web to 512{unit} in shop-dev'" for unit in ("Mi", "M")
    ]


def test_what_is_missing_is_asked_for() -> None:
    assert "which namespace" in first("restart web in qa")[1]["question"]
    tool, arguments = first("fix checkout in qa")
    assert tool == "clarify"
    assert "shop-staging" in arguments["question"]


def test_wishes_are_carried_out_one_after_the_other_and_a_failure_ends_them() -> None:
    calls = play("scale web to 2, then restart checkout and show the logs of cart", CHANGED, HEALTHY, BROKEN)
    assert [name for name, _ in calls] == ["scale", "wait_for_rollout", "restart", "finish"]
    assert calls[-1][1]["outcome"] == "failed"
    assert "Not done: show the logs of cart in shop-dev." in calls[-1][1]["summary"]


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("find out what is wrong and fix it", True),
        ("why does checkout crash? fix it.", True),
        ("please repair checkout", True),
        ("can you fix checkout?", True),
        ("look how it behaves and fix it", True),
        ("resolve the issue", True),
        ("why does checkout crash?", False),
        ("fix checkout, but do not change anything", False),
        ("find out why, don't fix it", False),
        ("tell me what is wrong without fixing it", False),
        ("fix checkout, read-only", False),
        ("how do I fix checkout?", False),
        ("find out what went wrong and how to fix it", False),
        ("what would fix checkout?", False),
        ("who can fix checkout?", False),
        ("should I fix it?", False),
        ("why does fix-gateway crash", False),
        ("why does it not have the correct image", False),
        ("payments cannot resolve postgres", False),
    ],
)
def test_a_question_about_mending_is_no_order_to_mend(task: str, wanted: bool) -> None:
    found = understood(asked(f"checkout is down in shop-dev. {task}"))
    assert any(isinstance(wish, Diagnosis) and wish.mends for wish in found.wishes) is wanted


def finding(name: str, cause: str = "OOMKilled", *, tool: str = "set_resources", container: str = "app") -> Json:
    arguments = {"namespace": "shop-dev", "name": name, "memory_limit": "64Mi"}
    return {
        "cause": cause,
        "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop-dev", "name": name},
        "container": container,
        "affected": [f"{name}-6d4cf56db6-abcde"],
        "summary": f"{name} has a fault",
        "why": "because",
        "evidence": [{"source": "status", "text": "seen"}],
        "remedies": [{"title": "mend", "command": "kubectl mend", "tool": tool, "arguments": arguments}],
    }


def report(*findings: Json) -> ToolAnswer:
    return ToolAnswer("", "report", data={"findings": list(findings), "checked": {"pods": 7}})


CHANGED = ToolAnswer("", "Done: set the limit.", changed=True)
HEALTHY = ToolAnswer("", "healthy")
UNDONE = ToolAnswer("", "Done: undo change 1 of this session on checkout.", changed=True)
BROKEN = ToolAnswer("", "the rollout failed", ok=False)


def play(task: str, *answers: ToolAnswer, context: Context | None = None) -> list[tuple[str, Json]]:
    """The calls of a whole session, turn by turn, each over all the answers so far."""
    calls: list[tuple[str, Json]] = []
    messages: list[Message] = []
    for answer in (*answers, None):
        call = turn(asked(task, *messages, context=context) if context else asked(task, *messages))
        calls.append((call.name, call.input))
        if answer is not None and call.name not in ("finish", "clarify", "refer"):
            given = ToolAnswer(call.id, answer.text, answer.ok, answer.error, answer.changed, answer.data)
            messages += [AssistantMessage((call,)), AnswersMessage((given,))]
    return calls


def turn(conversation: Conversation) -> ToolUse:
    ended = list(Playbook().stream(conversation))[-1]
    assert isinstance(ended, TurnEnded)
    (call,) = (block for block in ended.blocks if isinstance(block, ToolUse))
    return call


def test_a_question_is_answered_without_a_change() -> None:
    calls = play("why does checkout crash?", report(finding("checkout"), finding("cart")))
    assert [name for name, _ in calls] == ["diagnose", "finish"]
    summary = calls[-1][1]["summary"]
    assert "OOMKilled: checkout has a fault" in summary
    assert "kubectl mend" in summary
    assert "cart" not in summary


def test_an_order_mends_waits_and_looks_again() -> None:
    calls = play(
        "fix checkout", report(finding("checkout"), finding("cart")), CHANGED, HEALTHY, report(finding("cart"))
    )
    assert [name for name, _ in calls] == ["diagnose", "set_resources", "wait_for_rollout", "diagnose", "finish"]
    assert calls[1][1] == {"namespace": "shop-dev", "name": "checkout", "memory_limit": "64Mi"}
    assert calls[3][1] == {"namespace": "shop-dev", "name": "checkout"}
    assert calls[-1][1]["outcome"] == "done"


CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}


def with_limit(limit: str, cause: str = "OOMKilled") -> Json:
    """A finding whose remedy sets this limit."""
    found = finding("checkout", cause)
    found["remedies"][0]["arguments"]["memory_limit"] = limit
    return found


def test_it_goes_on_where_a_remedy_was_not_enough_and_takes_all_back_after_three_attempts() -> None:
    answers = [
        answer for limit in ("128Mi", "256Mi", "512Mi") for answer in (CHANGED, BROKEN, report(with_limit(limit)))
    ]
    calls = play("fix checkout", report(with_limit("64Mi")), *answers, *[UNDONE] * MAX_ATTEMPTS)
    limits = [arguments["memory_limit"] for name, arguments in calls if name == "set_resources"]
    assert limits == ["64Mi", "128Mi", "256Mi"]
    assert [name for name, _ in calls][-MAX_ATTEMPTS - 1 :] == ["undo_last"] * MAX_ATTEMPTS + ["finish"]
    assert calls[-1][1]["outcome"] == "failed"
    assert "That did not hold. Done: undo change" in calls[-1][1]["summary"]


def test_a_remedy_that_does_not_hold_is_taken_back_before_the_next() -> None:
    found = finding("checkout")
    found["remedies"] += [{"title": "restart it", "tool": "restart", "arguments": CHECKOUT}]
    calls = play("fix checkout", report(found), CHANGED, BROKEN, report(found), UNDONE, CHANGED, HEALTHY, report())
    assert [name for name, _ in calls] == [
        "diagnose", "set_resources", "wait_for_rollout", "diagnose", "undo_last",
        "restart", "wait_for_rollout", "diagnose", "finish",
    ]  # fmt: skip
    assert calls[-1][1]["outcome"] == "done"


def test_a_remedy_that_ends_its_cause_stays_when_another_shows() -> None:
    probe = finding("checkout", "ReadinessProbeFailed", tool="set_probe")
    probe["remedies"][0]["arguments"] = {**CHECKOUT, "probe": "readiness", "path": "/ok"}
    calls = play("fix checkout", report(finding("checkout")), CHANGED, BROKEN, report(probe), CHANGED, BROKEN,
                 report(probe), UNDONE)  # fmt: skip
    assert [name for name, _ in calls].count("undo_last") == 1
    assert "OOMKilled is gone; what is left is ReadinessProbeFailed" in calls[-1][1]["summary"]


def test_what_was_tried_and_did_not_help_is_told_and_not_recommended_again() -> None:
    found = finding("checkout")
    found["remedies"] += [{"title": "Look yourself", "command": "kubectl look", "tool": "", "arguments": {}}]
    worse = {**found, "summary": "it needs more than that"}
    calls = play("fix checkout", report(found), CHANGED, BROKEN, report(worse), UNDONE)
    summary = calls[-1][1]["summary"]
    assert "With that, it was OOMKilled: it needs more than that." in summary
    assert "After 1 attempt it is not mended" in summary
    assert "Look yourself: kubectl look" in summary
    assert "kubectl mend" not in summary


def test_each_fault_of_a_workload_has_its_own_attempts() -> None:
    causes = ["OOMKilled", "ReadinessProbeFailed", "LivenessProbeFailed", "StartupProbeFailed", "ImagePullBackOff"]
    found = [finding("checkout", cause) for cause in causes]
    for limit, each in enumerate(found, 64):
        each["remedies"][0]["arguments"] = {**CHECKOUT, "memory_limit": f"{limit}Mi"}
    answers = [answer for each in found[1:] for answer in (CHANGED, BROKEN, report(each))]
    calls = play("fix checkout", report(found[0]), *answers, CHANGED, HEALTHY, report())
    assert [name for name, _ in calls].count("set_resources") == len(causes) > MAX_ATTEMPTS
    assert calls[-1][1]["outcome"] == "done"


def test_what_does_not_roll_is_waited_for_by_its_diagnosis() -> None:
    found = finding("web", "ServiceSelectorMismatch", tool="set_service_selector")
    found["object"] |= {"kind": "Service", "apiVersion": "v1"}
    found["remedies"][0]["arguments"] = {"namespace": "shop-dev", "name": "web", "selector": {"app": "web"}}
    calls = play("fix web", report(found), CHANGED, HEALTHY, report())
    assert calls[2:4] == [
        ("wait_until_mended", {"kind": "Service", "namespace": "shop-dev", "name": "web"}),
        ("diagnose", {"namespace": "shop-dev"}),
    ]
    assert calls[-1][1]["outcome"] == "done"


def test_a_remedy_that_does_not_say_all_its_tool_must_know_is_not_called() -> None:
    calls = play("fix checkout", report(finding("checkout", tool="set_image")))
    assert [name for name, _ in calls] == ["diagnose", "finish"]
    assert "kubectl mend" in calls[-1][1]["summary"]


def test_every_cause_of_a_workload_has_its_words() -> None:
    assert [name for name, cause in causes().items() if not cause.called] == []


def test_a_change_that_was_denied_ends_the_mending() -> None:
    denied = ToolAnswer("", "Denied: Flow's.", ok=False, error="denied")
    calls = play("fix checkout", report(finding("checkout")), denied)
    assert calls[-1][0] == "finish"
    assert calls[-1][1]["outcome"] == "failed"
    assert "Denied" in calls[-1][1]["summary"]


def test_a_dry_run_is_no_failure() -> None:
    dry = replace(HERE, dry_run=True)
    calls = play("fix checkout", report(finding("checkout")), ToolAnswer("", "Would set the limit."), context=dry)
    assert [name for name, _ in calls] == ["diagnose", "set_resources", "finish"]
    assert calls[-1] == ("finish", {"outcome": "done", "summary": calls[-1][1]["summary"]})


def test_a_fault_without_a_tool_says_what_to_type() -> None:
    calls = play("fix catalog", report(finding("catalog", "ImagePullBackOff", tool="")))
    assert calls[-1][1]["outcome"] == "failed"
    assert "kubectl mend" in calls[-1][1]["summary"]


def test_a_workload_that_is_well_is_not_mistaken_for_one_that_is_not() -> None:
    for task in ("fix web", "why is web out of memory?"):
        calls = play(task, report(finding("checkout")), report())
        assert [name for name, _ in calls] == ["diagnose", "diagnose", "finish"]
        assert calls[1][1] == {"namespace": "shop-dev", "name": "web", "patience_s": 30}
        assert "Nothing is broken with web" in calls[-1][1]["summary"]


def test_a_cause_singles_findings_out_when_no_name_does() -> None:
    calls = play("what is out of memory?", report(finding("cart", "Pending"), finding("checkout")))
    assert "checkout has" in calls[-1][1]["summary"]
    assert "cart has" not in calls[-1][1]["summary"]


def test_a_container_name_does_not_widen_what_a_workload_name_says() -> None:
    calls = play("why does the app checkout crash?", report(finding("checkout"), finding("cart")))
    assert "cart has" not in calls[-1][1]["summary"]


def test_a_pod_name_is_its_workload() -> None:
    calls = play("why does checkout-6d4cf56db6-abcde crash?", report(finding("checkout"), finding("cart")))
    assert "cart has" not in calls[-1][1]["summary"]


def test_a_healthy_namespace_says_what_was_checked() -> None:
    calls = play("what is wrong in shop-dev?", report(), report())
    assert calls[-1][1]["outcome"] == "done"
    assert "Nothing is broken in shop-dev (checked: 7 pods)" in calls[-1][1]["summary"]


def test_a_diagnosis_that_failed_fails() -> None:
    calls = play("what is wrong in shop-dev?", ToolAnswer("", "403", ok=False, error="failed"))
    assert calls[-1] == ("finish", {"outcome": "failed", "summary": "403"})


def test_each_further_fault_is_looked_at_again_before_it_is_touched() -> None:
    both = report(finding("checkout"), finding("cart"))
    calls = play("fix checkout and cart", both, CHANGED, HEALTHY, report(), report())
    assert [name for name, _ in calls] == [
        "diagnose", "set_resources", "wait_for_rollout", "diagnose", "diagnose", "finish",
    ]  # fmt: skip
    assert calls[4][1] == {"namespace": "shop-dev", "name": "cart"}
    assert calls[-1][1]["outcome"] == "done"
    assert "Meanwhile cart is healthy" in calls[-1][1]["summary"]


@pytest.mark.parametrize(
    "task",
    [
        "why is checkout crashing in shop-dev, the last fix did not help",
        "I will fix checkout in shop-dev myself, just tell me why it crashes",
        "is it safe to fix checkout?",
        "what is the fix for checkout, it crashes",
        "please wait with the fix until I say so, but why does checkout crash",
        "refuse to fix checkout in shop-dev; why does it crash",
    ],
)
def test_talk_of_a_fix_is_no_order(task: str) -> None:
    calls = play(task, report(finding("checkout")))
    assert {name for name, _ in calls} <= {"diagnose", "clarify", "finish"}


def test_everything_is_never_narrowed_to_what_is_called_like_its_namespace() -> None:
    calls = play(
        "fix everything in shop-dev", report(finding("shop-dev"), finding("cart")), CHANGED, HEALTHY, report()
    )
    assert calls[4][1] == {"namespace": "shop-dev", "name": "cart"}


def test_a_commanded_change_is_waited_for() -> None:
    calls = play("restart web", CHANGED, HEALTHY)
    assert [name for name, _ in calls] == ["restart", "wait_for_rollout", "finish"]
    assert calls[-1][1]["outcome"] == "done"


def test_the_same_conversation_gives_the_same_blocks() -> None:
    conversation = asked("why does checkout crash in shop-dev?")
    assert list(Playbook().stream(conversation)) == list(Playbook().stream(conversation))


def test_a_fresh_playbook_replays_to_where_a_stepping_one_is() -> None:
    task = "fix checkout"
    answers = (report(finding("checkout")), CHANGED, HEALTHY, report())
    stepping = choose(asked(task))
    stepped = [next(stepping), *(stepping.send(answer) for answer in answers)]
    assert [(move.tool, move.arguments) for move in stepped] == play(task, *answers)
