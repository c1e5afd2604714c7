"""Pods without a node and claims without a volume, from objects in the API's shapes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import NOW, ago, event, owned_by, pod, snapshot
from tools.diagnose.findings import Finding, Known
from tools.diagnose.rules.scheduling.pending import pending
from tools.json import Json

_TAIL = " no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful."


def unplaced(sentence: str, reason: str = "Unschedulable", **changes: Any) -> Json:
    condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": sentence + _TAIL}
    spec = {"containers": [{"name": "app"}], **changes.pop("spec", {})}
    return pod(phase="Pending", spec=spec, status={"conditions": [condition], "containerStatuses": []}, **changes)


def node(name: str, *, labels: Json | None = None, taints: list[Json] | None = None, **changes: Any) -> Json:
    allocatable = {"cpu": "2", "memory": "4Gi", "pods": "110", **changes.pop("allocatable", {})}
    return {
        "metadata": {"name": name, "labels": {"disktype": "hdd", **(labels or {})}},
        "spec": {"taints": taints or [], **changes},
        "status": {"allocatable": allocatable},
    }


def found(*pods: Json, **kinds: Any) -> list[Finding]:
    return pending(snapshot(*pods, **kinds), Known())


def one(*pods: Json, **kinds: list[Json]) -> Finding:
    [finding] = found(*pods, **kinds)
    return finding


DB = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


def test_a_taint_is_named_with_the_toleration_that_is_missing() -> None:
    waits = unplaced("0/1 nodes are available: 1 node(s) had untolerated taint(s).")

    finding = one(waits, Node=[node("one", taints=[DB])])
    assert "it does not tolerate the taint dedicated=db:NoSchedule on one" in finding.summary
    assert '"operator": "Equal", "value": "db"' in finding.remedies[0].command


def test_a_tolerated_taint_is_not_named() -> None:
    tolerations = [{"key": "dedicated", "operator": "Exists"}]
    other = {"key": "gpu", "effect": "NoExecute"}
    waits = unplaced(
        "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: }.", spec={"tolerations": tolerations}
    )

    finding = one(waits, Node=[node("one", taints=[DB, other])])
    assert "the taint gpu:NoExecute on one" in finding.summary
    assert "dedicated" not in finding.summary


def test_without_nodes_the_scheduler_says_the_taint() -> None:
    assert (
        "the taint gpu:"
        in one(unplaced("0/1 nodes are available: 1 node(s) had untolerated taint {gpu: }.")).summary
    )


def test_only_nodes_that_the_pod_tolerates_count() -> None:
    asks = {"containers": [{"name": "app", "resources": {"requests": {"cpu": "8"}}}]}
    waits = unplaced("0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).", spec=asks)
    nodes = [node("one"), node("two", taints=[DB], allocatable={"cpu": "64"})]

    assert "it asks for cpu 8, the largest node has 2;" in one(waits, Node=nodes).summary


def test_cordoned_nodes() -> None:
    waits = unplaced("0/1 nodes are available: 1 node(s) were unschedulable.")

    assert "one is cordoned" in one(waits, Node=[node("one", unschedulable=True)]).summary


def test_no_node_at_all() -> None:
    assert "the cluster has no node at all" in one(unplaced("no nodes available to schedule pods"), Node=[]).summary


def test_a_selector_is_told_by_the_labels_that_nodes_have() -> None:
    waits = unplaced(
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
        spec={"nodeSelector": {"disktype": "hhd"}},
    )

    finding = one(waits, Node=[node("one")])
    assert "disktype=hhd; the nodes have disktype=hdd" in finding.summary
    assert finding.remedies[0].arguments["node_selector"] == {"disktype": "hdd"}


@pytest.mark.parametrize(("gate", "severity"), [("example.com/x", "warning"), ("kueue.x-k8s.io/admission", "info")])
def test_a_queue_s_gate_is_no_warning(gate: str, severity: str) -> None:
    gated = unplaced("Scheduling is blocked", "SchedulingGated", spec={"schedulingGates": [{"name": gate}]})

    assert one(gated).severity == severity


def test_an_autoscaler_at_work_is_told_and_no_error() -> None:
    waits = unplaced("0/1 nodes are available: 1 Insufficient cpu.", metadata={"creationTimestamp": ago(60)})
    grows = event("shop-abc-1", "TriggeredScaleUp", "pod triggered scale-up: [{group 1->2 (max: 5)}]")

    assert one(waits, Event=[grows]).severity == "info"


NO_CPU = "0/1 nodes are available: 1 Insufficient cpu."


def test_what_is_being_deleted_waits_for_no_place() -> None:
    assert found(unplaced(NO_CPU, metadata={"deletionTimestamp": ago(1)})) == []


def test_a_place_that_others_are_leaving_may_still_come() -> None:
    leaves = pod(name="shop-abc-0", metadata={"deletionTimestamp": ago(-20)})
    [finding] = found(unplaced(NO_CPU), leaves)

    assert (finding.severity, finding.settles_at) == ("warning", NOW + timedelta(seconds=30))
    assert [each.severity for each in found(unplaced(NO_CPU))] == ["error"]


def test_a_scheduler_that_says_nothing_may_only_be_busy() -> None:
    unseen = pod(phase="Pending", metadata={"creationTimestamp": ago(10)}, status={"containerStatuses": []})
    [finding] = found(unseen)

    assert "that one has not answered" in finding.summary
    assert (finding.severity, finding.settles_at) == ("warning", NOW + timedelta(seconds=20))


def test_a_pod_whose_victims_are_ending_is_no_finding() -> None:
    waits = unplaced("0/1 nodes are available: 1 Insufficient cpu.", metadata={"creationTimestamp": ago(20)})
    waits["status"]["nominatedNodeName"] = "one"

    assert found(waits) == []


UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
USES = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}


def claim(age_s: float = 600, **spec: Any) -> Json:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {
        "metadata": {"name": "data", "creationTimestamp": ago(age_s)},
        "spec": asked,
        "status": {"phase": "Pending"},
    }


def storage_class(name: str, *, mode: str = "Immediate", default: bool = False) -> Json:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": "disk.example.com",
        "volumeBindingMode": mode,
    }


def of_claim(one_claim: Json, classes: list[Json], *, pod_s: float = 600, **kinds: list[Json]) -> list[Finding]:
    kinds = {"PersistentVolume": [], **kinds}
    waits = unplaced(UNBOUND, spec=USES, metadata={"creationTimestamp": ago(pod_s)})
    return found(waits, PersistentVolumeClaim=[one_claim], StorageClass=classes, **kinds)


def test_no_class_and_no_default() -> None:
    [finding] = of_claim(claim(), [storage_class("fast")])

    assert (finding.object.kind, finding.object.name) == ("PersistentVolumeClaim", "data")
    assert "it names no storage class and the cluster has no default one (there is: fast)" in finding.summary
    assert finding.remedies[0].arguments == {"namespace": "shop-dev", "name": "data", "storage_class": "fast"}
    assert [(each.kind, each.name) for each in finding.concerns] == [("Deployment", "shop")]
    assert finding.affected == ("shop-abc-1",)


def test_a_class_that_is_nearly_right() -> None:
    [finding] = of_claim(claim(storageClassName="standart"), [storage_class("standard")])

    assert "standart does not exist; the nearest there is: standard" in finding.summary
    assert finding.remedies[0].risk == "delete"


def of_template(template: Json) -> Finding:
    uses = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]}
    waits = unplaced(UNBOUND, name="db-0", owner=owned_by("apps/v1", "StatefulSet", "db"), spec=uses)
    templates = [{"metadata": {"name": "logs"}}, {"metadata": {"name": "data"}, "spec": template}]
    its_claim = claim(storageClassName="standart")
    its_claim["metadata"]["name"] = "data-db-0"
    [finding] = found(
        waits,
        PersistentVolumeClaim=[its_claim],
        PersistentVolume=[],
        StorageClass=[storage_class("standard")],
        StatefulSet=[{"metadata": {"name": "db"}, "spec": {"volumeClaimTemplates": templates}}],
    )
    return finding


def test_a_class_is_corrected_where_it_is_written() -> None:
    finding = of_template({"storageClassName": "standart"})

    assert "spec.volumeClaimTemplates of StatefulSet db, which cannot be changed" in finding.why
    first = finding.remedies[0]
    assert (first.tool, first.risk) == (None, "delete")
    assert first.title.startswith("Name the class standard in spec.volumeClaimTemplates of StatefulSet db")
    assert first.command == (
        "kubectl get statefulset/db -n shop-dev -o yaml | sed 's|storageClassName: standart$|storageClassName: "
        "standard|' > db.yaml && kubectl delete statefulset/db -n shop-dev --cascade=orphan && kubectl apply -f "
        "db.yaml && kubectl delete pvc data-db-0 -n shop-dev --wait=false && kubectl delete pod db-0 -n shop-dev"
    )


def test_a_template_that_names_the_right_class_by_now_makes_the_claim_anew() -> None:
    first = of_template({"storageClassName": "standard"}).remedies[0]

    assert first.command == (
        "kubectl delete pvc data-db-0 -n shop-dev --wait=false && kubectl delete pod db-0 -n shop-dev"
    )


def test_a_template_without_a_class_gives_none() -> None:
    assert of_template({}).remedies[0].tool == "set_claim_class"


def test_a_claim_that_waits_for_its_consumer_is_no_finding() -> None:
    waits = claim(storageClassName="fast"), storage_class("fast", mode="WaitForFirstConsumer")
    assert of_claim(waits[0], [waits[1]]) == []


@pytest.mark.parametrize(
    ("claim_s", "pod_s", "severity"), [(5, 600, "warning"), (600, 5, "warning"), (600, 600, "error")]
)
def test_a_volume_is_made_after_the_claim_and_its_pod(claim_s: float, pod_s: float, severity: str) -> None:
    [finding] = of_claim(claim(claim_s, storageClassName="fast"), [storage_class("fast")], pod_s=pod_s)

    assert "no volume comes from disk.example.com" in finding.summary
    assert (finding.severity, finding.so_far) == (severity, severity == "warning")


def test_a_provisioner_that_fails_is_quoted() -> None:
    failed = event(
        "data", "ProvisioningFailed", "rpc error: quota of disks is used up", kind="PersistentVolumeClaim"
    )
    [finding] = of_claim(claim(storageClassName="fast"), [storage_class("fast")], Event=[failed])

    assert "disk.example.com, the provisioner of class fast, fails: rpc error: quota of disks" in finding.summary


def test_classes_that_cannot_be_read_are_never_missing() -> None:
    waits = unplaced(UNBOUND, spec=USES)

    assert found(waits, PersistentVolumeClaim=[claim(storageClassName="fast")])[0].object.kind == "Deployment"


def wanting_devices(sentence: str, **claim: Any) -> Json:
    return unplaced(sentence, spec={"resourceClaims": [{"name": "gpu", **claim}]})


def unseen(**claim: Any) -> Json:
    """The scheduler does not look at a pod before its claims are there."""
    found = wanting_devices("", **claim)
    found["status"] = {"phase": "Pending"}
    return found


def test_a_claim_for_devices_that_is_not_there() -> None:
    claims = [{"metadata": {"name": "my-gpu"}}]
    waits = unseen(resourceClaimName="my-gpus")

    assert one(waits, ResourceClaim=claims).summary == (
        "a pod of Deployment shop is Pending: ResourceClaim my-gpus does not exist; the nearest there is: my-gpu"
    )
    assert one(waits).summary.endswith("its claim gpu for devices has not been made")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            'PodResourceClaim gpu: resource claim template "gpus": '
            'resourceclaimtemplate.resource.k8s.io "gpus" not found',
            "ResourceClaimTemplate gpus does not exist",
        ),
        ("PodResourceClaim gpu: quota exceeded", "its claim cannot be made: PodResourceClaim gpu: quota exceeded"),
    ],
)
def test_a_claim_for_devices_that_cannot_be_made(message: str, said: str) -> None:
    failed = event("shop-abc-1", "FailedResourceClaimCreation", message)

    found = one(unseen(resourceClaimTemplateName="gpus"), ResourceClaim=[], Event=[failed])
    assert found.summary == f"a pod of Deployment shop is Pending: {said}"


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        (
            "0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, preemption: none.",
            "0/1 nodes are available: 1 cannot allocate all claims "
            "(no node has free devices of the kind that its claim nodevice asks for)",
        ),
        (
            "0/1 nodes are available: request g: device class fast does not exist.",
            "0/1 nodes are available: request g: device class fast does not exist",
        ),
    ],
)
def test_devices_that_no_node_has(sentence: str, said: str) -> None:
    found = one(wanting_devices(sentence, resourceClaimName="nodevice"))

    assert found.summary == f"a pod of Deployment shop is Pending: {said}"


# --- a request that no node has --------------------------------------------------------------------------


def limits(**bounds: Json) -> Json:
    return {"metadata": {"name": "defaults"}, "spec": {"limits": [{"type": "Container", **bounds}]}}


def wanting(resource: str, amount: str, *limit_ranges: Json, limit: str = "", others: str = "") -> Json | None:
    """The arguments, but for the object, of the remedy of a pod whose first container requests too much."""
    resources: Json = {"requests": {resource: amount}, **({"limits": {resource: limit}} if limit else {})}
    containers = [{"name": "app", "resources": resources}]
    if others:
        containers.append({"name": "proxy", "resources": {"requests": {resource: others}}})
    waits = unplaced(f"0/1 nodes are available: 1 Insufficient {resource}.", spec={"containers": containers})
    remedy = one(waits, Node=[node("one")], LimitRange=list(limit_ranges)).remedies[0]
    if remedy.tool is None:
        return None
    assert (remedy.tool, remedy.arguments["container"]) == ("set_resources", "app")
    return {key: value for key, value in remedy.arguments.items() if key.endswith("_request")}


DEFAULT = {"defaultRequest": {"cpu": "100m", "memory": "64Mi"}}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (wanting("cpu", "8", limits(**DEFAULT)), {"cpu_request": "100m"}),
        (wanting("memory", "64Gi", limits(**DEFAULT)), {"memory_request": "64Mi"}),
        (wanting("cpu", "8"), {"cpu_request": "1"}),
        (wanting("cpu", "8", limits(defaultRequest={"cpu": "4"})), {"cpu_request": "1"}),
        (wanting("cpu", "8", limits(defaultRequest={"cpu": "500m"}, max={"cpu": "500m"})), {"cpu_request": "1"}),
        (wanting("cpu", "8", limits(**DEFAULT), limits(defaultRequest={"cpu": "200m"})), {"cpu_request": "1"}),
        (wanting("cpu", "8", limits(min={"cpu": "1500m"})), None),
        (wanting("cpu", "8", limits(maxLimitRequestRatio={"cpu": "4"}), limit="8"), None),
        (wanting("cpu", "8", limits(maxLimitRequestRatio={"cpu": "8"}), limit="8"), {"cpu_request": "1"}),
        (wanting("cpu", "8", others="1500m"), None),
        (wanting("cpu", "8", limits(**DEFAULT), others="1500m"), {"cpu_request": "100m"}),
    ],
)
def test_a_request_that_no_node_has_is_lowered_within_the_rules(asked: Json | None, wanted: Json | None) -> None:
    assert asked == wanted
