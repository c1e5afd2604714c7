"""LoadBalancerPending: a Service of type LoadBalancer that gets no address.

Source: https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tools.diagnose import timing
from tools.diagnose.facts.naming import event_said, said
from tools.diagnose.facts.remedies import described, patched
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer"
LOAD_BALANCER_PENDING = Cause(
    "LoadBalancerPending",
    topic="networking",
    means="A Service of type LoadBalancer has no address from outside the cluster.",
    why=(
        "Kubernetes itself makes no load balancers: a controller of the cloud, or one such as MetalLB, does. "
        "Where there is none, or it is for another loadBalancerClass, the address stays <pending> forever. "
        "Within the cluster the Service works."
    ),
    mend="Install such a controller, or use type NodePort or an Ingress.",
    example=(
        "Service edge of type LoadBalancer has no address: no event of a controller tells of it: nothing "
        "in this cluster seems to make load balancers"
    ),
    source=_DOC,
    called=r"\bload ?balancers?\b|\bexternal[- ]ip\b",
)

ADDRESS_WITHIN = timedelta(minutes=3)
"""What a cloud takes to make a load balancer."""


def load_balancers(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Services of type LoadBalancer whose status has no address, and those whose ports were refused."""
    return [
        finding
        for item in snapshot.of("Service")
        if item["spec"].get("type") == "LoadBalancer"
        and not item["metadata"].get("deletionTimestamp")
        and not known.tells_of(ref := _ref(item, snapshot))
        for finding in _pending(item, ref, snapshot)
    ]


def _pending(item: Json, ref: ObjectRef, snapshot: Snapshot) -> Iterator[Finding]:
    status = status_of(item).get("loadBalancer") or {}
    if status.get("ingress"):
        return
    events = snapshot.events_of("Service", ref.name)
    refused = next((each for each in events if each.get("type") == "Warning"), None)
    because = _because(item, refused, told=bool(events))
    finding = Finding(
        cause=LOAD_BALANCER_PENDING,
        object=ref,
        detail=f"{said(ref)} of type LoadBalancer has no address: {because}",
        why=(
            "A controller of the cloud, or one such as MetalLB, gives such a Service its address; Kubernetes "
            "itself has none. From within the cluster the Service is reached all the same."
        ),
        evidence=(
            Evidence("status", said(ref), "loadBalancer: {}"),
            *(Evidence("event", said(ref), one_line(event_said(each))) for each in events[:1]),
        ),
        remedies=tuple(_remedies(item, ref)),
        severity="error" if refused else "warning",
    )
    made = timing.created(item)
    yield timing.so_far(finding, made and made + ADDRESS_WITHIN, snapshot)


def _because(item: Json, refused: Json | None, *, told: bool) -> str:
    if refused is not None:
        return one_line(str(refused.get("message")), 240)
    if told:
        return "its controller has not finished"
    wanted = item["spec"].get("loadBalancerClass")
    of_class = f" of the loadBalancerClass {one_line(wanted, 120)}" if wanted else ""
    return f"no event of a controller tells of it: nothing in this cluster seems to make load balancers{of_class}"


def _remedies(item: Json, ref: ObjectRef) -> Iterator[Remedy]:
    ports = [str(each["nodePort"]) for each in item["spec"].get("ports") or () if each.get("nodePort")]
    yield described(ref, "See its events, and those of its controller")
    reached = f": it is reached at port {', '.join(ports)} of every node already" if ports else ""
    yield patched(ref, f"Or use type NodePort{reached}", {"spec": {"type": "NodePort"}})


def _ref(item: Json, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef("v1", "Service", snapshot.namespace, str(item["metadata"]["name"]))


RULE = Rule(causes=(LOAD_BALANCER_PENDING,), find=load_balancers)
