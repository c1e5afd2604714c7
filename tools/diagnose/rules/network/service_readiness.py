"""Services whose pods are not ready, or are none on purpose.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate
"""

from __future__ import annotations

from tools.diagnose import timing
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.remedies import described, scaled
from tools.diagnose.facts.service_pods import condition, is_ready, pods_behind, selector_of, serves, service_ref
from tools.diagnose.facts.workloads import Workload, workload_of
from tools.diagnose.rules.network.words import labels_said, service_spec
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Snapshot
from tools.plaintext import one_line

SERVICE_NOT_READY = Cause(
    "ServiceNotReady",
    topic="networking",
    means="Pods match the Service's selector, but none of them is ready, so it leads to nobody.",
    why=(
        "A Service sends traffic only to pods whose condition Ready is True: all containers run, their "
        "readiness probes succeed, and every readiness gate of the pod is met."
    ),
    mend="Find out why the pods are not ready (kubectl describe pod): once they are, it has endpoints.",
    example="Service web has no endpoint: none of the 2 pods that it selects is ready",
    source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate",
    called=r"\bendpoints?\b",
)

_PODS_NAMED = 3
_GATES = "ReadinessGatesNotReady"


def scaled_to_zero(service: Json, workload: Workload, snapshot: Snapshot) -> Finding:
    """What is so on purpose, it seems: no pod is wanted."""
    ref = service_ref(service, snapshot)
    up = scaled(workload.ref, f"Scale {said(workload.ref)} up", 1)
    return Finding(
        cause=SERVICE_NOT_READY,
        object=ref,
        detail=f"{said(ref)} has no endpoint: {said(workload.ref)}, whose pods it selects, is scaled to zero",
        why="A Service has as many endpoints as there are ready pods with its labels; now there should be none.",
        evidence=(
            service_spec(service, f"spec.selector: {labels_said(selector_of(service))}"),
            Evidence("spec", said(workload.ref), "spec.replicas: 0"),
        ),
        remedies=(up,),
        severity="info",
        concerns=(workload.ref,),
    )


def not_ready(service: Json, snapshot: Snapshot, known: Known) -> list[Finding]:
    """Only what no finding on the pods explains: unmet readiness gates, and pods whose rollout's time is over."""
    behind = pods_behind(service, snapshot)
    published = (service.get("spec") or {}).get("publishNotReadyAddresses")
    if published or not behind or not serves(service):
        return []
    names = tuple(str(pod["metadata"]["name"]) for pod in behind)
    if any(is_ready(pod) or _is_starting(pod, snapshot) for pod in behind):
        return []
    if any(known.explains_pod(name) for name in names):
        return []
    ends = [timing.rollout_ends(pod, owner_of(pod, snapshot), snapshot) for pod in behind]
    until = max((each for each in ends if each is not None), default=None)
    return [timing.so_far(_not_ready_finding(service, behind, names, snapshot), until, snapshot)]


def _not_ready_finding(
    service: Json, behind: tuple[Json, ...], names: tuple[str, ...], snapshot: Snapshot
) -> Finding:
    ref = service_ref(service, snapshot)
    count = (
        f"none of the {len(names)} pods that it selects is" if len(names) > 1 else f"its only pod {names[0]} is not"
    )
    because = f" ({gates})" if (gates := _unmet_gates(behind[0], snapshot)) else ""
    return Finding(
        cause=SERVICE_NOT_READY,
        object=ref,
        affected=names,
        detail=f"{said(ref)} has no endpoint: {count} ready{because}",
        why=(
            "A Service sends traffic only to pods whose condition Ready is True: every container runs and its "
            "readiness probe succeeds, and every readiness gate is met."
        ),
        evidence=(
            service_spec(service, f"spec.selector: {labels_said(selector_of(service))}"),
            *(
                Evidence("status", f"Pod {pod['metadata']['name']}", _ready_said(pod))
                for pod in behind[:_PODS_NAMED]
            ),
        ),
        remedies=(described(ObjectRef("v1", "Pod", snapshot.namespace, names[0]), "See why the pod is not ready"),),
    )


def _is_starting(pod: Json, snapshot: Snapshot) -> bool:
    """Whether its containers are not ready, within the time that its rollout has: those of an unmet gate are."""
    ends = timing.rollout_ends(pod, owner_of(pod, snapshot), snapshot)
    is_young = ends is not None and ends > snapshot.taken_at
    return is_young and condition(pod, "ContainersReady").get("status") != "True"


def _unmet_gates(pod: Json, snapshot: Snapshot) -> str:
    """Named where the pod, or what made it, was read whole."""
    maker = workload_of(owner_of(pod, snapshot), snapshot)
    specs = (pod.get("spec") or {}, maker.pod_spec if maker else {})
    gates = dict.fromkeys(
        str(each.get("conditionType")) for spec in specs for each in spec.get("readinessGates") or ()
    )
    unmet = [gate for gate in gates if condition(pod, gate).get("status") != "True"]
    if unmet:
        return f"readiness gate {one_line(', '.join(unmet), 160)} is not met"
    return "a readiness gate is not met" if condition(pod, "Ready").get("reason") == _GATES else ""


def _ready_said(pod: Json) -> str:
    ready = condition(pod, "Ready")
    said_so = f"Ready is {ready.get('status', 'not set')}"
    words = [str(ready[key]) for key in ("reason", "message") if ready.get(key)]
    return one_line(": ".join([said_so, *words]))
