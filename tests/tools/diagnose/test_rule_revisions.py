"""A new version that fails: whether another one still serves, and what waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, owned_by, pod, replicaset, snapshot, status, terminated
from tools.diagnose.diagnose import findings_of
from tools.diagnose.findings import Finding
from tools.diagnose.reading.needs import needed
from tools.diagnose.reading.snapshot import Snapshot
from tools.json import Json

READY = {"conditions": [{"type": "Ready", "status": "True"}]}
CRASHED = status({"waiting": {"reason": "CrashLoopBackOff"}}, terminated(3), restarts=4)
RUNS = status({"running": {"startedAt": ago(3000)}}, ready=True)


def deployment(revision: int, **spec: Any) -> Json:
    progressing = {"type": "Progressing", "status": "True", "message": 'ReplicaSet "shop-new" is progressing.'}
    return {
        "metadata": {
            "name": "shop",
            "namespace": "shop-dev",
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "creationTimestamp": ago(6000),
        },
        "spec": {"replicas": 1, **spec},
        "status": {"conditions": [progressing], "unavailableReplicas": 1, "updatedReplicas": 1},
    }


def of(template: str, *statuses: Json, name: str = "", **changes: Any) -> Json:
    """A pod of Deployment shop by its ReplicaSet."""
    owner = owned_by("apps/v1", "ReplicaSet", f"shop-{template}")
    return pod(
        *statuses,
        name=name or f"shop-{template}-1",
        owner=owner,
        metadata={"labels": {"pod-template-hash": template}},
        **changes,
    )


OLD = of("old", RUNS, status=READY)


def told(*pods: Json, revision: int = 3, **spec: Any) -> Finding:
    sets = [replicaset("shop-old", 1), replicaset("shop-new", revision)]
    [finding] = findings_of(snapshot(*pods, Deployment=[deployment(revision, **spec)], ReplicaSet=sets))
    return finding


def test_what_serves_can_be_gone_back_to() -> None:
    finding = told(OLD, of("new", CRASHED))

    assert finding.summary.endswith("; the version before still serves")
    assert (finding.remedies[-1].tool, finding.remedies[-1].arguments["to_revision"]) == ("rollback_rollout", 1)


@pytest.mark.parametrize("pods", [(of("new", CRASHED),), (of("old", RUNS), of("new", CRASHED))])
def test_nothing_serves(pods: tuple[Json, ...]) -> None:
    finding = told(*pods)

    assert "serves" not in finding.summary
    assert all(each.tool is None for each in finding.remedies)


def test_the_only_version_has_nothing_before_it() -> None:
    ready = of("new", RUNS, name="shop-new-2", status=READY)

    assert "serves" not in told(ready, of("new", CRASHED)).summary


def test_a_paused_rollout_is_told_and_not_rolled_back() -> None:
    finding = told(OLD, of("new", CRASHED), paused=True)

    assert "still serves" in finding.summary
    assert all(each.tool is None for each in finding.remedies)


@pytest.mark.parametrize(
    ("strategy", "replicas", "held", "in_turn"),
    [
        ({}, 1, "didn't have free ports for the requested pod ports", True),
        ({"rollingUpdate": {"maxUnavailable": "25%"}}, 3, "didn't match pod anti-affinity rules", True),
        ({"rollingUpdate": {"maxUnavailable": "25%"}}, 4, "didn't match pod anti-affinity rules", False),
        ({"rollingUpdate": {"maxUnavailable": 1}}, 1, "didn't have free ports for the requested pod ports", False),
        ({"type": "Recreate"}, 1, "didn't have free ports for the requested pod ports", False),
        ({}, 1, "didn't match Pod's node affinity/selector", False),
    ],
)
def test_a_pod_that_waits_for_the_one_it_replaces(strategy: Json, replicas: int, held: str, in_turn: bool) -> None:
    message = f"0/1 nodes are available: 1 node(s) {held}."
    placed = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    finding = told(
        OLD, of("new", phase="Pending", status={"conditions": [placed]}), strategy=strategy, replicas=replicas
    )

    assert finding.cause == "Pending"
    assert ("with maxUnavailable 0" in finding.summary) is in_turn
    assert ("maxSurge" in finding.remedies[0].command) is in_turn


@pytest.mark.parametrize(
    ("revision", "pods", "read"),
    [
        (3, (OLD, of("new", CRASHED)), True),
        (2, (OLD, of("new", CRASHED)), False),
        (3, (of("new", CRASHED),), False),
        (3, (of("new", RUNS, status=READY),), False),
    ],
)
def test_replicasets_are_read_only_to_choose_between_revisions(
    revision: int, pods: tuple[Json, ...], read: bool
) -> None:
    objects: Any = {"Pod": pods, "Event": (), "Deployment": (deployment(revision),)}
    taken = Snapshot("c", "shop-dev", snapshot().taken_at, objects, {})

    assert ("ReplicaSet" in needed(taken, ())) is read


def test_without_replicasets_the_second_revision_goes_back_to_the_first() -> None:
    taken = snapshot(OLD, of("new", CRASHED), Deployment=[deployment(2)], ReplicaSet=[])

    [finding] = findings_of(taken)
    assert finding.remedies[-1].arguments["to_revision"] == 1


def statefulset(update: str, current: str, *, replicas: int = 2, made: int = 2, **spec: Any) -> Json:
    return {
        "metadata": {"name": "db", "generation": 2, "creationTimestamp": ago(6000)},
        "spec": {"replicas": replicas, **spec},
        "status": {
            "observedGeneration": 2,
            "updateRevision": update,
            "currentRevision": current,
            "replicas": made,
        },
    }


def ordinal(number: int, revision: str, *statuses: Json, **changes: Any) -> Json:
    return pod(
        *statuses,
        name=f"db-{number}",
        owner=owned_by("apps/v1", "StatefulSet", "db"),
        metadata={"labels": {"controller-revision-hash": revision}},
        **changes,
    )


SERVES = ordinal(0, "old", RUNS, status=READY)


@pytest.mark.parametrize(
    ("item", "broken", "cause"),
    [
        (statefulset("new", "old"), "old", "RolloutBlocked"),
        (statefulset("old", "old"), "new", "RolloutBlocked"),  # it was rolled back
        (statefulset("new", "old"), "new", "CrashLoopBackOff"),
        (statefulset("old", "old"), "old", "CrashLoopBackOff"),
        (statefulset("new", "old", podManagementPolicy="Parallel"), "old", "CrashLoopBackOff"),
        (statefulset("new", "old", updateStrategy={"type": "OnDelete"}), "old", "CrashLoopBackOff"),
        (
            statefulset("new", "old", updateStrategy={"rollingUpdate": {"partition": 2}}),
            "old",
            "CrashLoopBackOff",
        ),
    ],
)
def test_a_broken_pod_of_another_revision_is_waited_for(item: Json, broken: str, cause: str) -> None:
    [finding] = findings_of(snapshot(SERVES, ordinal(1, broken, CRASHED), StatefulSet=[item]))

    assert finding.cause == cause
    assert "exit code 3" in finding.summary
    assert (finding.remedies[0].tool == "delete") is (cause == "RolloutBlocked")


def test_a_new_template_that_fails_while_pods_of_the_old_serve() -> None:
    [finding] = findings_of(snapshot(SERVES, ordinal(1, "new", CRASHED), StatefulSet=[statefulset("new", "old")]))

    assert finding.summary.endswith("; pods of the template before still serve")
    assert finding.remedies[-1].command == (
        "kubectl rollout undo statefulset/db -n shop-dev && kubectl delete pod db-1 -n shop-dev"
    )


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (statefulset("a", "a", replicas=3, made=1), "; 2 more pods are not made before it is Ready"),
        (statefulset("a", "a", replicas=2, made=1), "; 1 more pod is not made before it is Ready"),
        (statefulset("a", "a", replicas=1, made=1), ""),
        (statefulset("a", "a", replicas=3, made=1, podManagementPolicy="Parallel"), ""),
    ],
)
def test_ordinals_that_are_not_made(item: Json, said: str) -> None:
    [finding] = findings_of(snapshot(ordinal(0, "a", CRASHED), StatefulSet=[item]))

    assert finding.summary.endswith(said)
    assert ("more pod" in finding.summary) is bool(said)


def one_each(mode: str, **source: Any) -> tuple[Json, Json]:
    """A claim, and a template that mounts it."""
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": [mode]}, "status": {"phase": "Bound"}}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}, **source}]
    return claim, {"template": {"spec": {"volumes": volumes}}}


def shared(log: str, mode: str = "ReadWriteOnce", **spec: Any) -> Finding:
    claim, template = one_each(mode)
    sets = [replicaset("shop-old", 1), replicaset("shop-new", 3)]
    [finding] = findings_of(
        snapshot(
            OLD,
            of("new", CRASHED),
            Deployment=[deployment(3, **template, **spec)],
            ReplicaSet=sets,
            PersistentVolumeClaim=[claim],
            logs={("shop-new-1", "app"): log},
        )
    )
    return finding


@pytest.mark.parametrize(
    "log",
    [
        "Error: failed to open store: /data/LOCK is already locked by another process",
        "java.lang.IllegalStateException: failed to obtain node locks, tried [/data]",
        "sqlite3.OperationalError: database is locked",
        'FATAL: lock file "postmaster.pid" already exists',
        "open /data/lock: resource temporarily unavailable",
    ],
)
def test_a_lock_that_the_old_pod_holds_wants_another_strategy(log: str) -> None:
    finding = shared(log)

    assert (
        "pod shop-old-1 of the version before holds PersistentVolumeClaim data (ReadWriteOnce)" in finding.summary
    )
    assert '"type": "Recreate"' in finding.remedies[0].command
    assert not any("undo" in each.command for each in finding.remedies)


@pytest.mark.parametrize(
    ("log", "mode", "spec"),
    [
        ("ValueError: no such column", "ReadWriteOnce", {}),
        ("sqlite3.OperationalError: database is locked", "ReadWriteMany", {}),
        ("sqlite3.OperationalError: database is locked", "ReadWriteOnce", {"strategy": {"type": "Recreate"}}),
    ],
)
def test_what_is_no_matter_of_the_strategy_is_rolled_back(log: str, mode: str, spec: Json) -> None:
    finding = shared(log, mode, **spec)

    assert "holds PersistentVolumeClaim" not in finding.summary
    assert "undo" in finding.remedies[-1].command


def test_a_volume_of_one_pod_at_a_time() -> None:
    claim, template = one_each("ReadWriteOncePod")
    sets = [replicaset("shop-old", 1), replicaset("shop-new", 3)]
    said = (
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by "
        "another pod"
    )
    placed = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": f"0/1 nodes: 1 {said}.",
    }
    pods = (OLD, of("new", phase="Pending", status={"conditions": [placed]}))
    [finding] = findings_of(
        snapshot(*pods, Deployment=[deployment(3, **template)], PersistentVolumeClaim=[claim], ReplicaSet=sets)
    )

    assert "(ReadWriteOncePod)" in finding.summary
    assert '"type": "Recreate"' in finding.remedies[0].command


NEWER: dict[str, Any] = {
    "template": {
        "spec": {"containers": [{"name": "app", "image": "shop:2", "env": [{"name": "ID", "value": "1"}]}]}
    }
}


@pytest.mark.parametrize(
    ("strategy", "number", "words", "command"),
    [
        ({"type": "OnDelete"}, 0, "it sets env ID; it has image shop:2", "kubectl delete pod db-0 -n shop-dev"),
        ({"rollingUpdate": {"partition": 2}}, 1, "its rollingUpdate.partition is 2", '{"partition": 0}'),
    ],
)
def test_an_older_template_that_nothing_replaces(strategy: Json, number: int, words: str, command: str) -> None:
    item = statefulset("new", "old", updateStrategy=strategy, **NEWER)
    [finding] = findings_of(snapshot(ordinal(number, "old", CRASHED), StatefulSet=[item]))

    assert finding.cause == "RolloutBlocked"
    assert words in finding.summary
    assert command in finding.remedies[0].command


@pytest.mark.parametrize(
    ("strategy", "number", "revision"),
    [
        ({"type": "OnDelete"}, 0, "new"),
        ({"rollingUpdate": {"partition": 1}}, 1, "old"),
    ],
)
def test_a_template_that_comes_is_not_held_back(strategy: Json, number: int, revision: str) -> None:
    item = statefulset("new", "old", updateStrategy=strategy, **NEWER)
    [finding] = findings_of(snapshot(ordinal(number, revision, CRASHED), StatefulSet=[item]))

    assert finding.cause == "CrashLoopBackOff"


def test_a_daemon_set_that_is_updated_by_hand() -> None:
    agent = pod(
        CRASHED,
        name="agent-x",
        owner=owned_by("apps/v1", "DaemonSet", "agent"),
        metadata={"labels": {"pod-template-generation": "1"}},
    )
    item = {
        "metadata": {
            "name": "agent",
            "generation": 2,
            "annotations": {"deprecated.daemonset.template.generation": "2"},
        },
        "spec": {"updateStrategy": {"type": "OnDelete"}, **NEWER},
        "status": {"observedGeneration": 2, "desiredNumberScheduled": 1, "currentNumberScheduled": 1},
    }
    [finding] = findings_of(snapshot(agent, DaemonSet=[item]))

    assert (finding.cause, finding.object.kind) == ("RolloutBlocked", "DaemonSet")
    assert finding.remedies[0].command == "kubectl delete pod agent-x -n shop-dev"


def operated_by(api_version: str, kind: str) -> Finding:
    item = statefulset("a", "a", replicas=1, made=1)
    item["metadata"]["ownerReferences"] = owned_by(api_version, kind, "db")
    [finding] = findings_of(snapshot(ordinal(0, "a", CRASHED), StatefulSet=[item]))
    return finding


def test_what_an_operator_makes_is_changed_in_its_resource() -> None:
    finding = operated_by("acid.zalan.do/v1", "postgresql")

    assert (finding.object.kind, finding.object.name) == ("postgresql", "db")
    assert "StatefulSet db is made from postgresql db (acid.zalan.do/v1)" in finding.summary
    assert not any("statefulset/" in each.command for each in finding.remedies)


def test_what_the_cluster_makes_is_no_operators() -> None:
    assert operated_by("apps/v1", "Whatever").object.kind == "StatefulSet"
