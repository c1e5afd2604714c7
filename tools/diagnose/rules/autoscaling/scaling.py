"""HorizontalPodAutoscalers that cannot scale, or not as far as they want."""

from __future__ import annotations

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.remedies import patched
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.rules.autoscaling.measuring import (
    HPA_NO_METRICS,
    HPA_NO_REQUESTS,
    autoscaler_ref,
    condition_said,
    not_measured,
)
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Kind, Known, Rule, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/"
HPA_TARGET_MISSING = Cause(
    "HPATargetMissing",
    topic="scaling",
    means="A HorizontalPodAutoscaler scales something that does not exist.",
    why="Its scaleTargetRef names the target by kind and name; a letter wrong is enough.",
    mend="Name a target that exists.",
    example="HorizontalPodAutoscaler web scales Deployment wbe, which does not exist; there is Deployment web",
    source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    called=r"\bhpa\b|\bautoscal\w*",
)
HPA_AT_MAXIMUM = Cause(
    "HPAAtMaximum",
    topic="scaling",
    means="A HorizontalPodAutoscaler wants more replicas than it may make.",
    why="The metric is above its target, and maxReplicas is reached.",
    mend="Raise maxReplicas, or find out why each pod needs so much.",
    example=(
        "HorizontalPodAutoscaler web is at its maximum of 3 replicas and wants more: cpu is at "
        "400%, its target is 50%"
    ),
    source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    called=r"\bhpa\b|\bautoscal\w*",
)

_SCALED: dict[str, Kind] = {"Deployment": "Deployment", "StatefulSet": "StatefulSet"}


def autoscalers(snapshot: Snapshot, known: Known) -> list[Finding]:
    """HorizontalPodAutoscalers that cannot scale, or not as far as they want."""
    found = (_autoscaler(item, snapshot, known) for item in snapshot.of("HorizontalPodAutoscaler"))
    return [finding for finding in found if finding is not None]


def _autoscaler(item: Json, snapshot: Snapshot, known: Known) -> Finding | None:
    conditions = {each.get("type"): each for each in conditions_of(item)}
    target = item["spec"].get("scaleTargetRef") or {}
    able, active = conditions.get("AbleToScale") or {}, conditions.get("ScalingActive") or {}
    if missing := _target_missing(item, target, able, snapshot):
        return missing
    explained = known.explains(str(target.get("kind")), str(target.get("name")))
    if active.get("status") == "False":
        finding = not_measured(item, target, active, snapshot)
        follows = (
            explained and finding is not None and finding.cause == "HPANoMetrics"
        )  # what crashes is not measured
        return None if follows else finding
    limited = conditions.get("ScalingLimited") or {}
    if not explained and limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas":
        return _at_maximum(item, limited)
    return None


def _target_missing(item: Json, target: Json, able: Json, snapshot: Snapshot) -> Finding | None:
    kind, name = str(target.get("kind")), str(target.get("name"))
    if (found := _SCALED.get(kind)) is None or not snapshot.has(found):
        return None
    if snapshot.named(found, name) is not None:
        return None
    near = nearest(name, snapshot.names(found))
    hpa = autoscaler_ref(item)
    hint = f"; there is {kind} {near}" if near else ""
    title = "Name a target that exists"
    mend = patched(hpa, title, {"spec": {"scaleTargetRef": {"name": near}}}) if near else edit(hpa, title)
    return Finding(
        cause=HPA_TARGET_MISSING,
        object=hpa,
        detail=(
            f"HorizontalPodAutoscaler {hpa.name} scales {one_line(kind)} {one_line(name)}, which does "
            f"not exist{hint}"
        ),
        why="An autoscaler finds what it scales by kind and name, in its own namespace.",
        evidence=(
            Evidence("spec", said(hpa), one_line(f"scaleTargetRef: {kind} {name}")),
            *((condition_said(item, able),) if able else ()),
        ),
        remedies=(mend,),
    )


def _at_maximum(item: Json, limited: Json) -> Finding | None:
    status, spec, hpa = status_of(item), item["spec"], autoscaler_ref(item)
    if status.get("currentReplicas") != spec.get("maxReplicas"):
        return None
    twice = 2 * int(spec["maxReplicas"])
    return Finding(
        cause=HPA_AT_MAXIMUM,
        object=hpa,
        detail=(
            f"HorizontalPodAutoscaler {hpa.name} is at its maximum of {_replicas(spec['maxReplicas'])} "
            f"and wants more{_use(item)}"
        ),
        why=(
            "Above its target the autoscaler adds pods, but never more than maxReplicas: more load "
            "makes each pod slower."
        ),
        evidence=(condition_said(item, limited),),
        remedies=(patched(hpa, f"Let it make {twice}, if the nodes have room", {"spec": {"maxReplicas": twice}}),),
        severity="warning",
    )


def _replicas(count: object) -> str:
    return "1 replica" if count == 1 else f"{count} replicas"


def _use(item: Json) -> str:
    """`: cpu is at 400%, its target is 50%` of the first resource in percent."""
    current = {
        (each.get("resource") or {}).get("name"): ((each.get("resource") or {}).get("current") or {})
        for each in status_of(item).get("currentMetrics") or ()
    }
    for metric in item["spec"].get("metrics") or ():
        resource = metric.get("resource") or {}
        target = (resource.get("target") or {}).get("averageUtilization")
        use = (current.get(resource.get("name")) or {}).get("averageUtilization")
        if target is not None and use is not None and use > target:
            return f": {resource['name']} is at {use}%, its target is {target}%"
    return ""


def _lacks_requests(snapshot: Snapshot) -> bool:
    """Where a container names no request, what it uses now says which would do."""
    return any(
        "missing request for" in str(each.get("message"))
        for item in snapshot.of("HorizontalPodAutoscaler")
        for each in conditions_of(item)
    )


RULE = Rule(
    causes=(HPA_TARGET_MISSING, HPA_NO_REQUESTS, HPA_NO_METRICS, HPA_AT_MAXIMUM),
    find=autoscalers,
    reads={"PodMetrics": _lacks_requests},
)
