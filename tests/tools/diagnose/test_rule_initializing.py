"""Init containers that do not end."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, owned_by, pod, snapshot, status, terminated
from tools.diagnose.diagnose import judge
from tools.diagnose.facts.waits import circle
from tools.json import Json

WAITING = {"waiting": {"reason": "PodInitializing"}}


def initializing(minutes: float, *, init: Json | None = None, last: Json | None = None) -> Json:
    """A pod whose init container wait-db runs."""
    running = {"running": {"startedAt": ago(minutes * 60)}}
    spec = {
        "initContainers": [
            {"name": "wait-db", "image": "shop:1", "command": ["wait", "orders-db"], **(init or {})}
        ],
        "containers": [{"name": "app", "image": "shop:1"}],
    }
    statuses = [status(running, last, restarts=1 if last else 0, name="wait-db")]
    made = {"creationTimestamp": ago(minutes * 60)}
    return pod(
        status(WAITING), phase="Pending", metadata=made, spec=spec, status={"initContainerStatuses": statuses}
    )


def found(*pods: Json, log: str | None = None, **kinds: Any) -> list[Json]:
    logs = {} if log is None else {("shop-abc-1", "wait-db"): log}
    findings: list[Json] = judge(snapshot(*pods, logs=logs, **kinds))["findings"]
    return findings


def test_one_that_waits_for_a_name_is_an_error_with_the_name() -> None:
    [one] = found(
        initializing(4),
        log="waiting\nnslookup: can't resolve 'orders-db'\n",
        Service=({"metadata": {"name": "db"}, "spec": {}},),
    )
    assert (one["cause"], one["severity"], one["container"]) == ("InitContainerStuck", "error", "wait-db")
    assert one["object"]["name"] == "shop"
    assert one["affected"] == ["shop-abc-1"]
    assert "init container wait-db of Deployment shop has been running for 4 min" in one["summary"]
    assert "can't resolve 'orders-db'" in one["summary"]
    assert one["remedies"][-1]["command"] == "kubectl logs shop-abc-1 -n shop-dev -c wait-db"


@pytest.mark.parametrize(("minutes", "severity"), [(4, "warning"), (11, "error")])
def test_how_bad_it_is_without_an_error_in_the_log_depends_on_how_long(minutes: float, severity: str) -> None:
    [one] = found(initializing(minutes), log="migrated 3 of 900 tables\n")
    assert (one["cause"], one["severity"]) == ("InitContainerStuck", severity)
    assert one["so_far"] is (severity == "warning")
    assert 'its log says "migrated 3 of 900 tables"' in one["summary"]


def test_one_whose_log_cannot_be_read_is_found_too() -> None:
    [one] = found(initializing(3))
    assert one["summary"].endswith("and its pod waits until it ends")


def test_one_that_has_just_begun_and_a_sidecar_are_nothing() -> None:
    assert found(initializing(1.5), log="migrated 3 of 900 tables\n") == []
    assert found(initializing(30, init={"restartPolicy": "Always"}), log="serving\n") == []


def test_what_its_log_names_is_told_at_once_and_may_still_come() -> None:
    [one] = found(initializing(0.2), log="dial tcp 192.0.2.7:5432: connect: connection refused\n")

    assert "has been running for 12 s, and its pod waits until it ends; its log says" in one["summary"]
    assert (one["severity"], one["settles_at"]) == ("warning", ago(12 - 600))


def test_one_that_has_failed_before_crashes() -> None:
    [one] = found(initializing(3, last=terminated(1, ended_s_ago=190)), log="no route\n")
    assert one["cause"] == "CrashLoopBackOff"


def test_what_busybox_says_of_a_name_is_understood() -> None:
    log = "** server can't find orders-db.shop-dev.svc.cluster.local: NXDOMAIN\n\nwaiting\n"
    [one] = found(initializing(4), log=log, Service=())
    assert one["severity"] == "error"
    assert "(no Service of this namespace is called orders-db)" in one["summary"]


def waiting_for(name: str, service: str) -> Json:
    """A pod of Deployment `name` whose init container waits for a Service."""
    init = {"command": ["sh", "-c", f"until nc -z {service} 80; do sleep 1; done"]}
    one = initializing(1, init=init)
    one["metadata"] |= {"name": f"{name}-abc-1", "labels": {"app": name, "pod-template-hash": "abc"}}
    one["metadata"]["ownerReferences"] = owned_by("apps/v1", "ReplicaSet", f"{name}-abc")
    return one


def behind(name: str) -> Json:
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "clusterIP": "10.96.0.9"}}


def test_those_who_wait_for_each_other_are_one_finding() -> None:
    pods = (waiting_for("api", "web"), waiting_for("web", "api"))
    one = next(
        each
        for each in found(*pods, Service=[behind("api"), behind("web")])
        if each["cause"] == "InitContainerStuck"
    )

    assert (one["severity"], one["object"]["name"], one["affected"]) == ("error", "api", ["api-abc-1", "web-abc-1"])
    assert "waits for Service web, behind which are the pods of Deployment web" in one["summary"]
    assert one["summary"].endswith("they wait for each other")


def test_who_waits_for_its_own_service() -> None:
    one = found(waiting_for("api", "api"), Service=[behind("api")])[0]

    assert one["summary"].endswith("it waits for its own pods, which are not ready before it ends")


def test_a_chain_is_no_circle() -> None:
    pods = (waiting_for("api", "web"), waiting_for("web", "db"))

    assert not any("each other" in each["summary"] for each in found(*pods, Service=[behind("api"), behind("web")]))


def test_a_circle_at_the_end_of_a_chain_that_is_longer_than_the_stack() -> None:
    chain = [f"a{at:04}" for at in range(1200)]
    pods = [waiting_for(one, other) for one, other in pairwise([*chain, "x", "z", "y", "x"])]
    known = snapshot(*pods, Service=[behind(each) for each in [*chain, "x", "y", "z"]])

    assert [each.waiting.name for each in circle(known)] == ["x", "z", "y"]
