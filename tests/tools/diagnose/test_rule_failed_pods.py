"""Pods that failed as a whole: refused by their kubelet, or ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, event, job, owned_by, pod, snapshot, status
from tools.diagnose.diagnose import findings_of
from tools.diagnose.findings import Finding
from tools.json import Json

RUNS = status({"running": {"startedAt": ago(300)}}, ready=True)
READY = {"conditions": [{"type": "Ready", "status": "True"}]}
SYSCTL = 'Pod was rejected: forbidden sysctl: "net.core.somaxconn" not allowlisted'
NO_CPU = "Pod was rejected: Node didn't have enough resource: cpu, requested: 48000, used: 250, capacity: 2000"
NO_MATCH = "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
SECURITY = {"sysctls": [{"name": "kernel.shm_rmid_forced"}, {"name": "net.core.somaxconn", "value": "10000"}]}
ONE = {"metadata": {"name": "one", "labels": {"disktype": "ssd"}}, "spec": {}, "status": {}}


def refused(reason: str, message: str, *, name: str = "shop-abc-1", at: float = 300, **changes: Any) -> Json:
    told = {"reason": reason, "message": message, "startTime": ago(at)}
    spec = {"nodeName": "one", **changes.pop("spec", {})}
    return pod(name=name, phase="Failed", status=told, spec=spec, **changes)


def deployment(*, replicas: int = 1, **spec: Any) -> Json:
    template = {"spec": {"containers": [{"name": "app", "image": "shop:1"}], **spec}}
    return {
        "metadata": {"name": "shop", "creationTimestamp": ago(600)},
        "spec": {"replicas": replicas, "template": template},
        "status": {},
    }


def found(*pods: Json, **kinds: Any) -> list[Finding]:
    return findings_of(snapshot(*pods, **{"Node": [ONE], **kinds}))


@pytest.mark.parametrize(
    ("reason", "message", "spec", "said"),
    [
        ("SysctlForbidden", SYSCTL, {}, "the kubelet of node one does not allow sysctl net.core.somaxconn"),
        ("OutOfcpu", NO_CPU, {}, "node one has no room for its request of 48 cpu: 250m of 2 are taken"),
        (
            "NodeAffinity",
            NO_MATCH,
            {"nodeSelector": {"disktype": "nvme"}},
            "node one does not match its nodeSelector disktype=nvme",
        ),
        (
            "DeadlineExceeded",
            "Pod was active on the node longer than the specified deadline",
            {"activeDeadlineSeconds": 5},
            "it was active longer than its activeDeadlineSeconds of 5",
        ),
        ("Terminated", "Pod was terminated in response to imminent node shutdown.", {}, "node one was shut down"),
        ("UnexpectedAdmissionError", "Allocate failed", {}, "the kubelet of node one refuses it: Allocate failed"),
        ("SomethingNew", "words of tomorrow", {}, "words of tomorrow"),
        ("SomethingNew", "", {}, "the API does not say more"),
    ],
)
def test_a_bare_pod_is_an_error_in_the_words_of_its_status(
    reason: str, message: str, spec: Json, said: str
) -> None:
    [finding] = found(refused(reason, message, name="kv", owner=[], spec=spec))

    assert (finding.cause, finding.severity, finding.affected) == ("PodFailed", "error", ("kv",))
    assert finding.summary == f"Pod kv failed ({reason}): {said}"
    assert finding.evidence[0].text.startswith(reason)


def test_a_pod_that_names_its_node_passed_the_scheduler_by() -> None:
    refusal = event("kv", "OutOfcpu", NO_CPU)
    alone = refused("OutOfcpu", NO_CPU, name="kv", owner=[])

    [pinned] = found(alone, Event=[refusal])
    [placed] = found(alone, Event=[refusal, event("kv", "Scheduled", "Successfully assigned")])

    assert "spec.nodeName passes the scheduler by, and node one has no room" in pinned.summary
    assert "passes the scheduler by" not in placed.summary


def test_dead_pods_of_a_deployment_are_one_error_with_the_patch_that_mends_it() -> None:
    dead = [
        refused("SysctlForbidden", SYSCTL, name=f"shop-abc-{each}", at=each, spec={"securityContext": SECURITY})
        for each in range(3)
    ]

    [finding] = found(*dead, Deployment=[deployment(securityContext=SECURITY)])

    assert (finding.severity, len(finding.affected)) == ("error", 3)
    assert finding.summary.startswith("3 pods of Deployment shop failed (SysctlForbidden): ")
    assert '"path": "/spec/template/spec/securityContext/sysctls/1"' in finding.remedies[0].command


def test_what_the_scheduler_may_place_better_is_so_far() -> None:
    [young] = found(refused("OutOfcpu", NO_CPU, at=5), Deployment=[deployment()])
    [old] = found(refused("OutOfcpu", NO_CPU, at=90), Deployment=[deployment()])
    [pinned] = found(refused("OutOfcpu", NO_CPU, at=5), Deployment=[deployment(nodeName="one")])

    assert (young.severity, young.so_far) == ("warning", True)
    assert (old.severity, old.so_far) == ("error", False)
    assert (pinned.severity, pinned.so_far) == ("error", False)


def test_where_the_workload_is_whole_dead_pods_are_only_worth_knowing() -> None:
    dead, now = refused("NodeAffinity", NO_MATCH), pod(RUNS, name="shop-abc-2", status=READY)

    [finding] = found(dead, now, Deployment=[deployment()])
    [short] = found(dead, now, Deployment=[deployment(replicas=2)])

    assert finding.severity == "info"
    assert finding.remedies[-1].command.startswith("kubectl delete pods -n shop-dev --field-selector")
    assert short.severity == "warning"


def test_a_job_that_gave_up_for_it_is_one_finding() -> None:
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "limit"}
    run = {**job("pinned"), "status": {"failed": 2, "conditions": [failed]}}
    run["spec"] = {"backoffLimit": 1, "template": {"spec": {"nodeName": "one"}}}
    owner = owned_by("batch/v1", "Job", "pinned")
    pods = [refused("OutOfcpu", NO_CPU, name=f"pinned-{each}", owner=owner) for each in range(2)]

    [finding] = found(*pods, Job=[run])

    assert (finding.cause, finding.object.kind) == ("PodFailed", "Job")
    assert finding.summary.startswith("Job pinned failed with its 2 pods (OutOfcpu): spec.nodeName passes")
    assert found(*pods, Job=[job("pinned", complete=True)]) == []


def daemon_set(name: str = "kv") -> Json:
    return {
        "metadata": {"name": name, "creationTimestamp": ago(600)},
        "spec": {"template": {"spec": {"securityContext": SECURITY}}},
        "status": {"desiredNumberScheduled": 1, "numberReady": 0},
    }


def test_a_daemon_set_that_has_deleted_the_dead_pod_says_the_same() -> None:
    dead = refused("SysctlForbidden", SYSCTL, name="kv-x1", owner=owned_by("apps/v1", "DaemonSet", "kv"))
    told = [
        event("kv", "FailedDaemonPod", "Found failed daemon pod shop-dev/kv-x1 on node one, ...", kind="DaemonSet"),
        event("kv-x1", "SysctlForbidden", 'forbidden sysctl: "net.core.somaxconn" not allowlisted'),
    ]

    [with_pod] = found(dead, DaemonSet=[daemon_set()])
    [without] = found(DaemonSet=[daemon_set()], Event=told)

    assert (with_pod.cause, with_pod.severity) == (without.cause, without.severity) == ("PodFailed", "error")
    assert without.object.name == "kv"


def test_a_stateful_set_makes_it_anew_at_once() -> None:
    item = {**daemon_set("db"), "spec": {"replicas": 1, "template": {"spec": {"securityContext": SECURITY}}}}
    told = [event("db-0", "SysctlForbidden", 'forbidden sysctl: "net.core.somaxconn" not allowlisted')]
    made = {"creationTimestamp": ago(1)}
    next_one = pod(name="db-0", phase="Pending", owner=owned_by("apps/v1", "StatefulSet", "db"), metadata=made)

    [finding] = found(next_one, StatefulSet=[item], Event=told)

    assert finding.summary.startswith("a pod of StatefulSet db failed (SysctlForbidden)")
    assert (finding.severity, finding.so_far) == ("error", False)  # though its pod is never older than a moment
