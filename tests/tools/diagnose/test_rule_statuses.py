"""What the status of other kinds states: namespaces that do not go, pods that drain, Jobs held by a sidecar,
load balancers without an address, CronJobs that do not succeed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.conftest import PlayedApi
from tests.tools.diagnose.diagnose_objects import ago, event, job, owned_by, pod, snapshot, status, terminated
from tools.diagnose.diagnose import diagnose, findings_of
from tools.diagnose.findings import Finding
from tools.diagnose.render import render
from tools.json import Json

RUNS = status({"running": {"startedAt": ago(300)}}, ready=True)
CORE = "/api/v1/namespaces/shop-dev"


def found(*pods: Json, **kinds: Any) -> list[Finding]:
    return findings_of(snapshot(*pods, **kinds))


# namespaces

FINALIZERS = "Some content in the namespace has finalizers remaining: example.com/release in 1 resource instances"
CONTENT = "Some resources are remaining: configmaps. has 1 resource instances, widgets.example.com has 2 resource"
DISCOVERY = (
    "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
    "metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1"
)


def going(*conditions: tuple[str, str], since: float = 300) -> Json:
    told = [{"type": kind, "status": "True", "message": message} for kind, message in conditions]
    return {
        "metadata": {"name": "shop-dev", "creationTimestamp": ago(900), "deletionTimestamp": ago(since)},
        "status": {"phase": "Terminating", "conditions": told},
    }


HELD = {"word": "configmaps", "metadata": {"name": "lease", "finalizers": ["example.com/release"]}}


def test_a_namespace_that_does_not_go_is_told_with_what_holds_it() -> None:
    told = going(("NamespaceFinalizersRemaining", FINALIZERS), ("NamespaceContentRemaining", CONTENT))

    [finding] = found(Namespace=[told], Remaining=[HELD])

    assert (finding.cause, finding.severity, finding.so_far) == ("NamespaceTerminating", "error", False)
    assert finding.summary == (
        f"Namespace shop-dev is being deleted since {ago(300)} and does not go: finalizer example.com/release "
        "holds configmaps/lease"
    )
    assert finding.remedies[-1].command == (
        """kubectl patch configmaps/lease -n shop-dev --type merge -p '{"metadata": {"finalizers": null}}'"""
    )


def test_a_group_of_the_api_that_does_not_answer_is_named() -> None:
    [finding] = found(Namespace=[going(("NamespaceDeletionDiscoveryFailure", DISCOVERY))])

    assert finding.severity == "error" and "stale GroupVersion discovery" in finding.summary
    assert finding.remedies[0].command == "kubectl get apiservices v1beta1.metrics.k8s.io"


def test_a_namespace_may_take_its_time_to_go() -> None:
    [finding] = found(Namespace=[going(("NamespaceFinalizersRemaining", FINALIZERS), since=5)])
    [silent] = found(Namespace=[going(since=2)])
    there = {"metadata": {"name": "shop-dev"}, "status": {"phase": "Active"}}

    assert (finding.severity, finding.so_far) == ("warning", True)
    assert "its status does not say yet what is left" in silent.summary
    assert found(Namespace=[there]) == []


def test_what_is_left_is_read_by_name_and_nothing_else_of_it(api: PlayedApi) -> None:
    told = going(("NamespaceFinalizersRemaining", FINALIZERS), ("NamespaceContentRemaining", CONTENT))
    api.answers[CORE] = (200, told)
    left = {"name": "lease", "namespace": "shop-dev", "finalizers": ["example.com/release"]}
    api.serve(f"{CORE}/configmaps", {"kind": "PartialObjectMetadata", "metadata": left})

    report = diagnose(api.cluster(), namespace="shop-dev")

    assert "holds configmaps/lease" in report["findings"][0]["summary"]
    assert api.asked.count(f"{CORE}/configmaps") == 1


def test_of_all_namespaces_one_that_is_going_is_told_though_nothing_else_is_left(api: PlayedApi) -> None:
    api.serve("/api/v1/namespaces", going(("NamespaceFinalizersRemaining", FINALIZERS)))

    report = diagnose(api.cluster(), namespace=None)

    assert [each["cause"] for each in report["findings"]] == ["NamespaceTerminating"]
    assert "ERROR NamespaceTerminating: Namespace shop-dev" in render(report)


def test_who_may_not_read_the_namespace_is_told_so(api: PlayedApi) -> None:
    api.answers[CORE] = (403, {"message": "no"})

    report = diagnose(api.cluster(), namespace="shop-dev")

    assert report["not_checked"] == ["the namespace itself: forbidden"]


# pods that drain


def draining(since: float, *, grace: int = 1800, **changes: Any) -> Json:
    meta = {"deletionTimestamp": ago(since - grace), "deletionGracePeriodSeconds": grace}
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "drain"]}}}
    containers = [{"name": "app", "image": "shop:1", "lifecycle": hook}]
    spec = {"terminationGracePeriodSeconds": grace, "containers": containers}
    return pod(RUNS, metadata=meta, spec=spec, **changes)


def recreated(kind: str = "Recreate") -> Json:
    return {
        "metadata": {"name": "shop", "creationTimestamp": ago(9000)},
        "spec": {"replicas": 1, "strategy": {"type": kind}, "progressDeadlineSeconds": 600},
        "status": {},
    }


def test_a_deployment_that_waits_for_a_draining_pod_is_told_with_the_pod_and_until_when() -> None:
    [finding] = found(draining(60), Deployment=[recreated()])

    assert (finding.cause, finding.severity, finding.so_far) == ("TerminatingStuck", "warning", True)
    assert finding.summary == (
        "Deployment shop has too few pods: its strategy Recreate waits for pod shop-abc-1, Terminating since "
        f"{ago(60)} (container app has a preStop hook); it is killed at {ago(60 - 1800)} at the latest"
    )
    assert finding.settles_at is not None
    assert any("preStop: sh -c drain" in each.text for each in finding.evidence)


def test_it_is_an_error_once_the_rollout_is_over_its_deadline() -> None:
    [finding] = found(draining(700), Deployment=[recreated()])

    assert (finding.severity, finding.so_far) == ("error", False)


@pytest.mark.parametrize(
    ("pods", "item"),
    [
        ([draining(20)], recreated()),
        ([draining(60)], recreated("RollingUpdate")),
        (
            [
                draining(60),
                pod(RUNS, name="shop-abc-2", status={"conditions": [{"type": "Ready", "status": "True"}]}),
            ],
            recreated(),
        ),
    ],
    ids=["within the usual grace", "others come at once", "it has all its pods"],
)
def test_a_pod_that_ends_as_pods_do_is_no_finding(pods: list[Json], item: Json) -> None:
    assert found(*pods, Deployment=[item]) == []


def test_a_stateful_set_waits_for_its_pod_of_the_same_name() -> None:
    item = {"metadata": {"name": "db", "creationTimestamp": ago(9000)}, "spec": {"replicas": 2}, "status": {}}
    owner = owned_by("apps/v1", "StatefulSet", "db")

    [finding] = found(draining(60, name="db-1", owner=owner), StatefulSet=[item])

    assert "StatefulSet db has too few pods: it waits for pod db-1" in finding.summary


# Jobs held by a sidecar


def held(*states: Json, images: tuple[str, ...] = ("work:1", "beside:1"), names: tuple[str, ...]) -> Json:
    containers = [{"name": name, "image": image} for name, image in zip(names, images, strict=True)]
    told = [{**state, "name": name} for name, state in zip(names, states, strict=True)]
    owner = owned_by("batch/v1", "Job", "export")
    return pod(*told, name="export-x", owner=owner, spec={"restartPolicy": "Never", "containers": containers})


def ended(seconds: float, code: int = 0) -> Json:
    return status({"terminated": terminated(code, "Completed", ended_s_ago=seconds)})


def run() -> Json:
    return {**job("export", created=ago(900)), "status": {"active": 1}}


@pytest.mark.parametrize(
    ("name", "image"),
    [("istio-proxy", "proxyv2:1"), ("db", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2"), ("log-agent", "x:1")],
)
def test_a_job_whose_work_has_ended_is_held_by_what_runs_beside_it(name: str, image: str) -> None:
    one = held(ended(90), RUNS, names=("export", name), images=("work:1", image))

    [finding] = found(one, Job=[run()])

    assert (finding.cause, finding.severity, finding.object.kind) == ("JobHeldBySidecar", "error", "Job")
    assert finding.summary == (
        f"Job export cannot complete: container export ended with exit code 0 at {ago(90)}, and container {name} "
        "of the same pod runs on"
    )


def test_what_may_still_be_told_to_end_is_so_far() -> None:
    [finding] = found(held(ended(5), RUNS, names=("export", "istio-proxy")), Job=[run()])

    assert (finding.severity, finding.so_far) == ("warning", True)


def test_two_works_of_one_job_may_take_different_times() -> None:
    names = ("first", "second")

    assert found(held(ended(90), RUNS, names=names), Job=[run()]) == []
    [late] = found(held(ended(900), RUNS, names=names), Job=[run()])
    assert (late.severity, late.summary.split(":")[0]) == ("warning", "Job export does not complete")


def test_work_that_failed_or_runs_is_no_matter_of_its_sidecar() -> None:
    names = ("export", "istio-proxy")
    both = held(RUNS, RUNS, names=names)
    work_runs = held(RUNS, ended(90), names=names)

    assert [each.cause for each in found(held(ended(90, code=1), RUNS, names=names), Job=[run()])] != [
        "JobHeldBySidecar"
    ]
    assert found(both, Job=[run()]) == []
    assert found(work_runs, Job=[run()]) == []


# load balancers


def balanced(created: float, *ingress: Json, **spec: Any) -> Json:
    return {
        "metadata": {"name": "edge", "creationTimestamp": ago(created)},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}], **spec},
        "status": {"loadBalancer": {"ingress": list(ingress)} if ingress else {}},
    }


def test_a_load_balancer_without_an_address_and_a_controller() -> None:
    [young] = found(Service=[balanced(60)])
    [old] = found(Service=[balanced(300)])

    assert (young.severity, young.so_far) == ("warning", True)
    assert (old.cause, old.severity, old.so_far) == ("LoadBalancerPending", "warning", False)
    assert "nothing in this cluster seems to make load balancers" in old.summary
    assert "port 30080 of every node" in old.remedies[-1].title


def test_what_the_controller_says_counts() -> None:
    refused = {**event("edge", "SyncLoadBalancerFailed", "quota exceeded", kind="Service"), "type": "Warning"}
    busy = {**event("edge", "EnsuringLoadBalancer", "Ensuring load balancer", kind="Service"), "type": "Normal"}

    [failed] = found(Service=[balanced(300)], Event=[refused])
    [slow] = found(Service=[balanced(300)], Event=[busy])

    assert (failed.severity, failed.summary.rpartition(": ")[2]) == ("error", "quota exceeded")
    assert "its controller has not finished" in slow.summary
    assert found(Service=[balanced(300, {"ip": "192.0.2.1"})]) == []


# CronJobs


def nightly(*, succeeded: str | None = None, active: bool = False, last: float = 300, **spec: Any) -> Json:
    state: Json = {"lastScheduleTime": ago(last)}
    state |= {"lastSuccessfulTime": succeeded} if succeeded else {}
    state |= {"active": [{"name": "backup-1"}]} if active else {}
    return {
        "metadata": {"name": "backup", "creationTimestamp": ago(4000)},
        "spec": {"schedule": "0 3 1 1 *", **spec},
        "status": state,
    }


def test_a_cron_job_that_never_succeeded_and_keeps_no_job() -> None:
    saw = event("backup", "SawCompletedJob", "Saw completed job: backup-1, condition: Failed", kind="CronJob")

    [finding] = found(CronJob=[nightly(failedJobsHistoryLimit=0)], Event=[saw], Job=[])

    assert (finding.cause, finding.severity) == ("CronJobNotSucceeding", "error")
    assert "has never succeeded" in finding.summary and "failedJobsHistoryLimit of 0" in finding.summary


def test_one_that_succeeded_before_is_a_warning_and_one_that_did_now_nothing() -> None:
    [before] = found(CronJob=[nightly(succeeded=ago(9000))], Job=[])
    own = {**job("backup-1", cronjob="backup", created=ago(300)), "status": {}}

    assert before.severity == "warning"
    assert found(CronJob=[nightly(succeeded=ago(200))], Job=[]) == []
    assert found(CronJob=[nightly(active=True)], Job=[]) == []
    assert found(CronJob=[nightly(last=20)], Job=[]) == []
    assert [each.cause for each in found(CronJob=[nightly()], Job=[own])] == []


def test_each_minute_s_run_is_judged_by_the_one_before() -> None:
    often = nightly(last=0, failedJobsHistoryLimit=0, schedule="* * * * *")
    now = {**job("backup-9", cronjob="backup", created=ago(0)), "status": {"active": 1}}
    older = {**job("backup-8", cronjob="backup", created=ago(80)), "status": {"active": 1}}

    [finding] = found(CronJob=[often], Job=[])
    assert (finding.cause, finding.severity) == ("CronJobNotSucceeding", "error")
    assert [each.cause for each in found(CronJob=[often], Job=[now])] == ["CronJobNotSucceeding"]
    assert found(CronJob=[often], Job=[now, older]) == []
    assert found(CronJob=[nightly(last=0, schedule="* * * * *", succeeded=ago(50))], Job=[]) == []


@pytest.mark.parametrize(
    "kind",
    [
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
    ],
)
def test_each_condition_of_a_namespace_is_told_in_its_words(kind: str) -> None:
    [finding] = found(Namespace=[going((kind, "the controller's own words"))])

    assert finding.severity == ("warning" if kind == "NamespaceContentRemaining" else "error")
    assert finding.summary.endswith("the controller's own words")


# numbers and words that are no conditions


def stateful(ready: int, *, created: float = 3600, **state: Any) -> Json:
    meta = {"name": "db", "creationTimestamp": ago(created)}
    return {"metadata": meta, "spec": {"replicas": 3}, "status": {"replicas": 3, "readyReplicas": ready, **state}}


def test_a_stateful_set_whose_pods_are_missing_has_no_condition_and_is_told() -> None:
    [none] = found(StatefulSet=[stateful(0)])
    [some] = found(StatefulSet=[stateful(2)])

    assert (none.severity, some.severity) == ("error", "warning")
    assert none.summary == "StatefulSet db has 0 of 3 pods ready, and nothing that was read says why"
    assert found(StatefulSet=[stateful(0, created=60)]) == []
    assert found(StatefulSet=[stateful(3)]) == []


def test_what_befell_its_pods_says_why() -> None:
    crash = status({"waiting": {"reason": "CrashLoopBackOff"}}, terminated(1), restarts=5)
    broken = pod(crash, name="db-0", owner=owned_by("apps/v1", "StatefulSet", "db"))

    assert [each.cause for each in found(broken, StatefulSet=[stateful(2)])] == ["CrashLoopBackOff"]


def test_a_claim_that_is_lost_or_cannot_grow() -> None:
    meta = {"name": "data", "creationTimestamp": ago(3600)}
    lost = {"metadata": meta, "spec": {}, "status": {"phase": "Lost"}}
    states = {"storage": "ControllerResizeInfeasible"}
    stuck = {"metadata": meta, "spec": {}, "status": {"phase": "Bound", "allocatedResourceStatuses": states}}

    assert "is Lost" in found(PersistentVolumeClaim=[lost])[0].summary
    assert "cannot be resized: ControllerResizeInfeasible (storage)" in (
        found(PersistentVolumeClaim=[stuck])[0].summary
    )


def test_a_port_that_the_load_balancer_does_not_serve() -> None:
    ingress = {"ip": "192.0.2.1", "ports": [{"port": 80, "error": "PortUnsupported"}, {"port": 443}]}

    [finding] = found(Service=[balanced(300, ingress)])

    assert finding.summary == "Service edge port 80 is not served by its load balancer: PortUnsupported"
