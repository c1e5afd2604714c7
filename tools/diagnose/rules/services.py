"""Services that lead nowhere.

Source: https://kubernetes.io/docs/concepts/services-networking/service/
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.cluster.resources import ObjectRef
from tools.diagnose.containers import parse_time
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.lesson import Lesson
from tools.diagnose.naming import quoted, said, typed
from tools.diagnose.plaintext import one_line
from tools.diagnose.rules.service_ports import PORT_LESSON, port_mismatches
from tools.diagnose.selectors import labels_of, matches_plain
from tools.diagnose.service_pods import (
    condition,
    is_headless,
    is_ready,
    nearest,
    pods_behind,
    ports_of,
    selector_of,
    selects,
)
from tools.diagnose.workloads import Workload, settled, workloads

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.diagnose.findings import Known
    from tools.diagnose.selectors import Labels
    from tools.diagnose.snapshot import Kind, Snapshot

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/service/"

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="ServiceSelectorMismatch",
        means="No pod carries all the labels that the Service selects by, so it leads to nobody.",
        why=(
            "A Service sends its traffic to the pods of its own namespace whose labels hold every key and value "
            "of its spec.selector. Nothing else joins the two: not their names, and not the labels of the "
            "Deployment itself, only those in its pod template. One letter, or one label more than the pods "
            "have, and the list of endpoints is empty: clients are refused, or wait until they give up."
        ),
        mend=(
            "Compare spec.selector of the Service with the labels of the pods (kubectl get pods --show-labels), "
            "and change the selector: the labels in a Deployment's own selector cannot be changed."
        ),
        example=(
            "Service web selects pods with app=wbe, and there are none: the pods of Deployment web have app=web"
        ),
        source=_DOCS + "#defining-a-service",
    ),
    Lesson(
        cause="ServiceNotReady",
        means="Pods match the Service's selector, but none of them is ready, so it leads to nobody.",
        why=(
            "A Service sends traffic only to pods whose condition Ready is True: all containers run, their "
            "readiness probes succeed, and every readiness gate of the pod is met."
        ),
        mend="Find out why the pods are not ready (kubectl describe pod): once they are, it has endpoints.",
        example="Service web has no endpoint: none of the 2 pods that it selects is ready",
        source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate",
    ),
    PORT_LESSON,
)

_STARTED_AFTER = timedelta(seconds=60)
_PODS_NAMED = 3
_MAKERS: tuple[Kind, ...] = ("Deployment", "DaemonSet", "StatefulSet")
_GATES = "ReadinessGatesNotReady"


def services(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Services whose selector, pods or ports leave them without an endpoint that answers."""
    findings: list[Finding] = []
    for service in snapshot.of("Service"):
        if not known.explains_exactly(_ref(service, snapshot)):
            findings += misdirected(service, snapshot) or _not_ready(service, snapshot, known)
    return findings


def misdirected(service: Json, snapshot: Snapshot, *, port: int | None = None) -> list[Finding]:
    """What leads a Service past its pods: its selector, or the ports it sends to; with `port` only that one."""
    if not _is_judged(service, snapshot):
        return []
    behind = pods_behind(service, snapshot)
    if not behind:
        return _unmatched(service, snapshot)
    if is_headless(service):
        return []
    ports = [each for each in ports_of(service) if port in (None, each.get("port"))]
    return port_mismatches(service, ports, behind, snapshot)


def _is_judged(service: Json, snapshot: Snapshot) -> bool:
    return selects(service) and settled(service, snapshot)


def _unmatched(service: Json, snapshot: Snapshot) -> list[Finding]:
    """No pod: by a wrong selector, or because there should be none, or because none could be made yet."""
    selector = selector_of(service)
    would_match = [each for each in workloads(snapshot) if matches_plain(selector, each.labels)]
    if would_match:
        at_rest = all(each.wanted == 0 for each in would_match)
        return [_scaled_to_zero(service, would_match[0], snapshot)] if at_rest else []
    if not _may_be_judged(service, selector, snapshot):
        return []
    near = nearest(service, snapshot)
    all_read = all(snapshot.has(kind) for kind in _MAKERS)
    if is_headless(service):
        return [replace(_mismatch(service, near, snapshot), severity="warning")] if near and all_read else []
    return [_mismatch(service, near, snapshot)] if near or all_read else []


def _may_be_judged(service: Json, selector: Labels, snapshot: Snapshot) -> bool:
    """Not where a controller changes the labels that are selected, or where its workloads are of an unread kind."""
    meta = service["metadata"]
    by_role = any(key.rpartition("/")[2].lower().endswith(("role", "pod-name", "pod-index")) for key in selector)
    unread = any(key in ("deploymentconfig", "serving.knative.dev/revision") for key in selector)
    idled = "idling.alpha.openshift.io/idled-at" in (meta.get("annotations") or {})
    passing = any(matches_plain(selector, labels_of(pod)) for pod in snapshot.of("Pod"))
    return not (by_role or unread or idled or passing or meta.get("ownerReferences"))


def _scaled_to_zero(service: Json, workload: Workload, snapshot: Snapshot) -> Finding:
    ref = _ref(service, snapshot)
    arguments = {
        "namespace": snapshot.namespace,
        "kind": workload.ref.kind,
        "name": workload.ref.name,
        "replicas": 1,
    }
    up = Remedy(
        title=f"Scale {said(workload.ref)} up",
        command=f"kubectl scale {typed(workload.ref)} --replicas=1",
        risk="change",
        tool="scale",
        arguments=arguments,
    )
    return Finding(
        cause="ServiceNotReady",
        object=ref,
        container=None,
        affected=(),
        summary=f"{said(ref)} has no endpoint: {said(workload.ref)}, whose pods it selects, is scaled to zero",
        why="A Service has as many endpoints as there are ready pods with its labels; now there should be none.",
        evidence=(
            _spec(service, f"spec.selector: {_shown(selector_of(service))}"),
            Evidence("spec", said(workload.ref), "spec.replicas: 0"),
        ),
        remedies=(up,),
        severity="info",
        concerns=(workload.ref,),
    )


def _mismatch(service: Json, near: Workload | None, snapshot: Snapshot) -> Finding:
    ref, selector = _ref(service, snapshot), selector_of(service)
    evidence = [_spec(service, f"spec.selector: {_shown(selector)}")]
    if near is not None:
        evidence.append(Evidence("spec", said(near.ref), one_line(f"labels of its pods: {_shown(near.labels)}")))
    return Finding(
        cause="ServiceSelectorMismatch",
        object=ref,
        container=None,
        affected=(),
        summary=_mismatch_said(ref, selector, near),
        why=(
            "A Service leads to the pods of its namespace that carry every label of its selector, with exactly "
            "that value; names do not count. Without such a pod, whoever calls it is refused or waits in vain."
        ),
        evidence=tuple(evidence),
        remedies=(_select(service, near, snapshot),),
        concerns=(near.ref,) if near is not None else (),
    )


def _mismatch_said(ref: ObjectRef, selector: Labels, near: Workload | None) -> str:
    if near is None:
        return f"{said(ref)} selects pods with {_shown(selector)}, and there are none"
    wrong = {key: value for key, value in selector.items() if near.labels.get(key) != value}
    have = {key: near.labels[key] for key in wrong if key in near.labels}
    lack = [key for key in wrong if key not in near.labels]
    instead = _instead(wrong, near) if lack else ""
    parts = [f"have {_shown(have)}"] if have else []
    parts += [f"have no label {one_line(', '.join(lack))}{instead}"] if lack else []
    whose = "Pod " + near.ref.name if near.ref.kind == "Pod" else f"the pods of {said(near.ref)}"
    if near.ref.kind == "Pod":
        parts = [each.replace("have", "has", 1) for each in parts]
    return f"{said(ref)} selects pods with {_shown(wrong)}, and there are none: {whose} {' and '.join(parts)}"


def _instead(wrong: Labels, near: Workload) -> str:
    """`, but app.kubernetes.io/name=web`: the same value under another key."""
    same = {key: value for key, value in near.labels.items() if value in wrong.values() and key not in wrong}
    return f", but {_shown(same)}" if same else ""


def _select(service: Json, near: Workload | None, snapshot: Snapshot) -> Remedy:
    name, namespace = service["metadata"]["name"], snapshot.namespace
    if near is None:
        return Remedy(
            title="Compare the selector with the labels of the pods, and change it",
            command=f"kubectl get pods -n {namespace} --show-labels; kubectl edit service/{name} -n {namespace}",
            risk="change",
        )
    selector = selector_of(service)
    mended = {key: near.labels[key] for key in selector if key in near.labels}
    if len(mended) < len(selector):
        mended = dict(near.selector or near.labels)
    patch = json.dumps([{"op": "replace", "path": "/spec/selector", "value": mended}], ensure_ascii=False)
    return Remedy(
        title=f"Select the pods of {said(near.ref)}" if near.ref.kind != "Pod" else f"Select {said(near.ref)}",
        command=f"kubectl patch service/{name} -n {namespace} --type json -p {quoted(patch)}",
        risk="change",
        tool="set_service_selector",
        arguments={"namespace": namespace, "name": name, "selector": mended},
    )


def _not_ready(service: Json, snapshot: Snapshot, known: Known) -> list[Finding]:
    """Only what no finding on the pods explains, and not while they start."""
    behind = pods_behind(service, snapshot)
    published = (service.get("spec") or {}).get("publishNotReadyAddresses")
    if published or not behind or is_headless(service) or not _is_judged(service, snapshot):
        return []
    names = tuple(str(pod["metadata"]["name"]) for pod in behind)
    if any(is_ready(pod) or not _has_started(pod, snapshot) for pod in behind):
        return []
    if any(known.explains_pod(name) for name in names):
        return []
    return [_not_ready_finding(service, behind, names, snapshot)]


def _not_ready_finding(
    service: Json, behind: tuple[Json, ...], names: tuple[str, ...], snapshot: Snapshot
) -> Finding:
    ref = _ref(service, snapshot)
    count = (
        f"none of the {len(names)} pods that it selects is" if len(names) > 1 else f"its only pod {names[0]} is not"
    )
    because = f" ({gates})" if (gates := _unmet_gates(behind[0], snapshot)) else ""
    return Finding(
        cause="ServiceNotReady",
        object=ref,
        container=None,
        affected=names,
        summary=f"{said(ref)} has no endpoint: {count} ready{because}",
        why=(
            "A Service sends traffic only to pods whose condition Ready is True: every container runs and its "
            "readiness probe succeeds, and every readiness gate is met."
        ),
        evidence=(
            _spec(service, f"spec.selector: {_shown(selector_of(service))}"),
            *(
                Evidence("status", f"Pod {pod['metadata']['name']}", _ready_said(pod))
                for pod in behind[:_PODS_NAMED]
            ),
        ),
        remedies=(
            Remedy(
                title="See why the pod is not ready",
                command=f"kubectl describe pod {names[0]} -n {snapshot.namespace}",
                risk="read",
            ),
        ),
    )


def _has_started(pod: Json, snapshot: Snapshot) -> bool:
    """Old enough, and no container in the time that its startup probe gives it."""
    created = parse_time(pod["metadata"].get("creationTimestamp"))
    states = (pod.get("status") or {}).get("containerStatuses") or ()
    starting = any((each.get("state") or {}).get("running") and each.get("started") is False for each in states)
    return not starting and (created is None or snapshot.taken_at - created >= _STARTED_AFTER)


def _unmet_gates(pod: Json, snapshot: Snapshot) -> str:
    """Named where the pod, or what made it, was read whole."""
    labels = labels_of(pod)
    makers = [
        each.pod_spec for each in workloads(snapshot) if each.selector and matches_plain(each.selector, labels)
    ]
    specs = (pod.get("spec") or {}, *makers)
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


def _ref(service: Json, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef("v1", "Service", snapshot.namespace, service["metadata"]["name"])


def _spec(service: Json, text: str) -> Evidence:
    return Evidence("spec", f"Service {service['metadata']['name']}", one_line(text))


def _shown(labels: Labels) -> str:
    return one_line(", ".join(f"{key}={value}" for key, value in sorted(labels.items())), 200)
