"""HorizontalPodAutoscalers and PodDisruptionBudgets."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.lesson import Lesson
from tools.diagnose.naming import quoted
from tools.diagnose.plaintext import one_line
from tools.diagnose.quantity import amount
from tools.diagnose.workloads import settled

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.diagnose.findings import Known
    from tools.diagnose.snapshot import Snapshot

_DOC = "https://kubernetes.io/docs/"
LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="HPATargetMissing",
        means="A HorizontalPodAutoscaler scales something that does not exist.",
        why="Its scaleTargetRef names the target by kind and name; a letter wrong is enough.",
        mend="Name a target that exists.",
        example="HorizontalPodAutoscaler web scales Deployment wbe, which does not exist; there is Deployment web",
        source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    ),
    Lesson(
        cause="HPANoRequests",
        means="A HorizontalPodAutoscaler measures use in percent of a request that a container does not have.",
        why="Utilization is use divided by request, over all containers of the pod.",
        mend="Give the container a request of that resource.",
        example="HorizontalPodAutoscaler web cannot scale: container app of Deployment web has no request for cpu",
        source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    ),
    Lesson(
        cause="HPANoMetrics",
        means="A HorizontalPodAutoscaler gets no measurements.",
        why="The metrics API is not installed, does not answer, or does not know the metric.",
        mend="See whether the metrics API answers and whether the metric exists.",
        example="HorizontalPodAutoscaler web cannot scale: no metrics returned from resource metrics API",
        source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    ),
    Lesson(
        cause="HPAAtMaximum",
        means="A HorizontalPodAutoscaler wants more replicas than it may make.",
        why="The metric is above its target, and maxReplicas is reached.",
        mend="Raise maxReplicas, or find out why each pod needs so much.",
        example=(
            "HorizontalPodAutoscaler web is at its maximum of 3 replicas and wants more: cpu is at "
            "400%, its target is 50%"
        ),
        source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    ),
    Lesson(
        cause="PDBBlocksDisruption",
        means="A PodDisruptionBudget never lets a pod be evicted.",
        why="It asks for as many healthy pods as there are, so that draining a node waits forever.",
        mend="Allow one pod less, or run one more.",
        example="PodDisruptionBudget web lets no pod be evicted: it wants 1 healthy and there is 1",
        source=_DOC + "tasks/run-application/configure-pdb/",
    ),
)

_NO_REQUEST = re.compile(r"missing request for ([\w./-]+) in container (\S+) of Pod (\S+)")


def autoscalers(snapshot: Snapshot, known: Known) -> list[Finding]:
    """HorizontalPodAutoscalers that cannot scale, or not as far as they want."""
    found = (_autoscaler(item, snapshot, known) for item in snapshot.of("HorizontalPodAutoscaler"))
    return [finding for finding in found if finding is not None]


def _autoscaler(item: Json, snapshot: Snapshot, known: Known) -> Finding | None:
    conditions = {each.get("type"): each for each in (item.get("status") or {}).get("conditions") or ()}
    target = item["spec"].get("scaleTargetRef") or {}
    if not settled(item, snapshot) or known.explains(str(target.get("kind")), str(target.get("name"))):
        return None
    able, active = conditions.get("AbleToScale") or {}, conditions.get("ScalingActive") or {}
    if able.get("status") == "False" and able.get("reason") == "FailedGetScale":
        return _target_missing(item, target, able, snapshot)
    if match := _NO_REQUEST.search(str(active.get("message"))):
        return _no_requests(item, target, active, match)
    limited = conditions.get("ScalingLimited") or {}
    if limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas":
        return _at_maximum(item, limited)
    return None


def _ref(item: Json, kind: str, version: str) -> ObjectRef:
    return ObjectRef(version, kind, item["metadata"].get("namespace"), item["metadata"]["name"])


def _hpa(item: Json) -> ObjectRef:
    return _ref(item, "HorizontalPodAutoscaler", "autoscaling/v2")


def _condition(item: Json, condition: Json) -> Evidence:
    text = f"{condition.get('type')} is {condition.get('status')}: {condition.get('message')}"
    return Evidence("status", f"HorizontalPodAutoscaler {item['metadata']['name']}", one_line(text))


def _target_missing(item: Json, target: Json, able: Json, snapshot: Snapshot) -> Finding | None:
    kind, name = str(target.get("kind")), str(target.get("name"))
    if kind not in ("Deployment", "StatefulSet") or "not found" not in str(able.get("message")):
        return None
    there = [
        str(each["metadata"]["name"])
        for each in snapshot.of("Deployment" if kind == "Deployment" else "StatefulSet")
    ]
    if name in there:
        return None
    near = get_close_matches(name, there, n=1)
    hpa = _hpa(item)
    hint = f"; there is {kind} {near[0]}" if near else ""
    patch = quoted(json.dumps({"spec": {"scaleTargetRef": {"name": near[0]}}})) if near else ""
    edit = (
        f"patch hpa {hpa.name} -n {snapshot.namespace} -p {patch}"
        if near
        else f"edit hpa {hpa.name} -n {snapshot.namespace}"
    )
    return Finding(
        cause="HPATargetMissing",
        object=hpa,
        container=None,
        affected=(),
        summary=(
            f"HorizontalPodAutoscaler {hpa.name} scales {one_line(kind)} {one_line(name)}, which does "
            f"not exist{hint}"
        ),
        why="An autoscaler finds what it scales by kind and name, in its own namespace.",
        evidence=(_condition(item, able),),
        remedies=(Remedy("Name a target that exists", f"kubectl {edit}", "change"),),
    )


def _no_requests(item: Json, target: Json, active: Json, match: re.Match[str]) -> Finding:
    resource, container, _ = (one_line(part, 253) for part in match.groups())
    hpa = _hpa(item)
    owner = ObjectRef("apps/v1", str(target.get("kind")), hpa.namespace, str(target.get("name")))
    command = (
        f"kubectl set resources {owner.kind.lower()}/{owner.name} -n {hpa.namespace} -c {quoted(container)} "
        f"--requests={resource}=AMOUNT"
    )
    return Finding(
        cause="HPANoRequests",
        object=owner,
        container=container,
        affected=(),
        summary=(
            f"HorizontalPodAutoscaler {hpa.name} cannot scale: container {container} of {owner.kind} {owner.name} "
            f"has no request for {resource}"
        ),
        why=(
            "Utilization is the use divided by the request, over all containers of a pod; without a "
            "request there is none."
        ),
        evidence=(_condition(item, active),),
        remedies=(Remedy(f"Give the container a request for {resource} that matches its use", command, "change"),),
        concerns=(hpa,),
    )


def _at_maximum(item: Json, limited: Json) -> Finding | None:
    status, spec, hpa = item.get("status") or {}, item["spec"], _hpa(item)
    if status.get("currentReplicas") != spec.get("maxReplicas"):
        return None
    return Finding(
        cause="HPAAtMaximum",
        object=hpa,
        container=None,
        affected=(),
        summary=(
            f"HorizontalPodAutoscaler {hpa.name} is at its maximum of {spec['maxReplicas']} replicas "
            f"and wants more{_use(item)}"
        ),
        why=(
            "Above its target the autoscaler adds pods, but never more than maxReplicas: more load "
            "makes each pod slower."
        ),
        evidence=(_condition(item, limited),),
        remedies=(
            Remedy(
                "Raise maxReplicas if the nodes have room",
                f"kubectl edit hpa {hpa.name} -n {hpa.namespace}",
                "change",
            ),
        ),
        severity="warning",
    )


def _use(item: Json) -> str:
    """`: cpu is at 400%, its target is 50%` of the first resource in percent."""
    current = {
        (each.get("resource") or {}).get("name"): ((each.get("resource") or {}).get("current") or {})
        for each in (item.get("status") or {}).get("currentMetrics") or ()
    }
    for metric in item["spec"].get("metrics") or ():
        resource = metric.get("resource") or {}
        target = (resource.get("target") or {}).get("averageUtilization")
        use = (current.get(resource.get("name")) or {}).get("averageUtilization")
        if target is not None and use is not None and use > target:
            return f": {resource['name']} is at {use}%, its target is {target}%"
    return ""


def disruption_budgets(snapshot: Snapshot, known: Known) -> list[Finding]:
    """PodDisruptionBudgets that let no pod be evicted although all are healthy."""
    return [
        _budget(item)
        for item in snapshot.of("PodDisruptionBudget")
        if settled(item, snapshot)
        and _blocks(item)
        and not known.explains("PodDisruptionBudget", item["metadata"]["name"])
    ]


def _blocks(item: Json) -> bool:
    status = item.get("status") or {}
    expected = status.get("expectedPods") or 0
    return (
        expected > 0
        and status.get("disruptionsAllowed") == 0
        and (status.get("currentHealthy") or 0) >= expected
        and (status.get("desiredHealthy") or 0) >= expected
        and status.get("observedGeneration") == item["metadata"].get("generation")
    )


def _budget(item: Json) -> Finding:
    pdb, status, spec = _ref(item, "PodDisruptionBudget", "policy/v1"), item["status"], item["spec"]
    field = "minAvailable" if spec.get("minAvailable") is not None else "maxUnavailable"
    asked = f"{field} {one_line(str(spec.get(field)), 20)}"
    return Finding(
        cause="PDBBlocksDisruption",
        object=pdb,
        container=None,
        affected=(),
        summary=(
            f"PodDisruptionBudget {pdb.name} lets no pod be evicted: with {asked} it wants "
            f"{status['desiredHealthy']} "
            f"healthy pods, and there are {status['expectedPods']} in all"
        ),
        why="Draining a node evicts its pods, and waits as long as a budget does not allow it: here forever.",
        evidence=(Evidence("spec", f"PodDisruptionBudget {pdb.name}", asked),),
        remedies=(
            Remedy(
                "Allow one pod to be away, or run one more",
                f"kubectl edit pdb {pdb.name} -n {pdb.namespace}",
                "change",
            ),
        ),
        severity="warning",
    )
