"""Services that lead nowhere.

Source: https://kubernetes.io/docs/concepts/services-networking/service/
"""

from __future__ import annotations

from msgspec.structs import replace

from tools.apimachinery.selectors import Labels
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.remedies import by_tool, set_fields
from tools.diagnose.facts.service_pods import (
    is_carried,
    is_headless,
    nearest,
    pods_behind,
    ports_of,
    selector_of,
    selects,
    service_ref,
)
from tools.diagnose.facts.workloads import Workload, workloads_matching
from tools.diagnose.rules.network.service_ports import SERVICE_PORT_MISMATCH, port_mismatches
from tools.diagnose.rules.network.service_readiness import SERVICE_NOT_READY, not_ready, scaled_to_zero
from tools.diagnose.rules.network.words import labels_said, service_spec
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Kind, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/service/"

SERVICE_SELECTOR_MISMATCH = Cause(
    "ServiceSelectorMismatch",
    topic="networking",
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
    example=("Service web selects pods with app=wbe, and there are none: the pods of Deployment web have app=web"),
    source=_DOCS + "#defining-a-service",
    called=r"\bselector\b|\bendpoints?\b",
)

_MAKERS: tuple[Kind, ...] = ("Deployment", "DaemonSet", "StatefulSet")


def services(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Services whose selector, pods or ports leave them without an endpoint that answers."""
    findings: list[Finding] = []
    for service in snapshot.of("Service"):
        if not known.explains_exactly(service_ref(service, snapshot)):
            findings += misdirected(service, snapshot) or not_ready(service, snapshot, known)
    return findings


def misdirected(service: Json, snapshot: Snapshot, *, port: int | None = None) -> list[Finding]:
    """What leads a Service past its pods: its selector, or the ports it sends to; with `port` only that one."""
    if not selects(service):
        return []
    behind = pods_behind(service, snapshot)
    if not behind:
        return _unmatched(service, snapshot)
    if is_headless(service):
        return []
    ports = [each for each in ports_of(service) if port in (None, each.get("port"))]
    return port_mismatches(service, ports, behind, snapshot)


def _unmatched(service: Json, snapshot: Snapshot) -> list[Finding]:
    """No pod: by a wrong selector, or because there should be none, or because none could be made yet."""
    selector = selector_of(service)
    would_match = workloads_matching(selector, snapshot)
    if would_match:
        at_rest = all(each.wanted == 0 for each in would_match)
        return [scaled_to_zero(service, would_match[0], snapshot)] if at_rest else []
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
    return not (by_role or unread or idled or is_carried(selector, snapshot) or meta.get("ownerReferences"))


def _mismatch(service: Json, near: Workload | None, snapshot: Snapshot) -> Finding:
    ref, selector = service_ref(service, snapshot), selector_of(service)
    evidence = [service_spec(service, f"spec.selector: {labels_said(selector)}")]
    if near is not None:
        evidence.append(
            Evidence("spec", said(near.ref), one_line(f"labels of its pods: {labels_said(near.labels)}"))
        )
    return Finding(
        cause=SERVICE_SELECTOR_MISMATCH,
        object=ref,
        detail=_mismatch_said(ref, selector, near),
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
        return f"{said(ref)} selects pods with {labels_said(selector)}, and there are none"
    wrong = {key: value for key, value in selector.items() if near.labels.get(key) != value}
    have = {key: near.labels[key] for key in wrong if key in near.labels}
    lack = [key for key in wrong if key not in near.labels]
    instead = _instead(wrong, near) if lack else ""
    parts = [f"have {labels_said(have)}"] if have else []
    parts += [f"have no label {one_line(', '.join(lack))}{instead}"] if lack else []
    whose = "Pod " + near.ref.name if near.ref.kind == "Pod" else f"the pods of {said(near.ref)}"
    if near.ref.kind == "Pod":
        parts = [each.replace("have", "has", 1) for each in parts]
    return f"{said(ref)} selects pods with {labels_said(wrong)}, and there are none: {whose} {' and '.join(parts)}"


def _instead(wrong: Labels, near: Workload) -> str:
    """`, but app.kubernetes.io/name=web`: the same value under another key."""
    same = {key: value for key, value in near.labels.items() if value in wrong.values() and key not in wrong}
    return f", but {labels_said(same)}" if same else ""


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
    title = f"Select the pods of {said(near.ref)}" if near.ref.kind != "Pod" else f"Select {said(near.ref)}"
    ref = service_ref(service, snapshot)
    by_hand = set_fields(title, ref, {"/spec/selector": mended})
    return by_tool(by_hand, "set_service_selector", ref, of_kinds=False, selector=mended)


RULE = Rule(causes=(SERVICE_SELECTOR_MISMATCH, SERVICE_NOT_READY, SERVICE_PORT_MISMATCH), find=services)
