"""UnhealthyCondition of what has no condition for it: pods that are missing, claims that are lost, refused ports.

A StatefulSet and a DaemonSet have no conditions: how many of their pods are ready is all that their status states.
Source: https://kubernetes.io/docs/reference/kubernetes-api/ (StatefulSetStatus, DaemonSetStatus,
PersistentVolumeClaimStatus, LoadBalancerStatus)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

from tools.diagnose import timing
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.owners import current_pods, owner_of
from tools.diagnose.facts.remedies import described
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.rules.workloads.conditions import UNHEALTHY_CONDITION
from tools.diagnose.starting import counts
from tools.diagnose.terms import Evidence, Finding, Json, Kind, Known, ObjectRef, Rule, Severity, Snapshot
from tools.plaintext import one_line

_SEEN_BY = {"StatefulSet": "replicas", "DaemonSet": "numberReady"}
"""The kinds without conditions, and the number that their controller always writes."""
_INFEASIBLE = "Infeasible"
_WITH_PORTS: dict[Kind, str] = {"Service": "v1", "Ingress": "networking.k8s.io/v1"}


def shortfalls(snapshot: Snapshot, known: Known) -> list[Finding]:
    """What the numbers and words of a status state, where no finding tells of the object."""
    found = (*_missing_pods(snapshot, known), *_claims(snapshot), *_ports(snapshot))
    return [finding for finding in found if not known.tells_of(finding.object)]


def _missing_pods(snapshot: Snapshot, known: Known) -> Iterator[Finding]:
    """Workloads with too few ready pods for longer than a rollout may take, and nothing that says why.

    A Deployment says so in its conditions.
    """
    suffering = {owner_of(pod, snapshot) for pod in current_pods(snapshot) if known.tells_of_pod(_name(pod))}
    for each in counts(snapshot):
        until = each.since and each.since + timedelta(seconds=timing.deadline_s(each.ref, snapshot))
        if each.well >= each.wanted or each.ref in suffering or until is None or until > snapshot.taken_at:
            continue
        item = snapshot.named(cast("Kind", each.ref.kind), each.ref.name) or {}
        if _SEEN_BY.get(each.ref.kind) not in status_of(item):
            continue
        pods = "pod" if each.wanted == 1 else "pods"
        yield _finding(
            each.ref,
            f"has {each.well} of {each.wanted} {pods} ready, and nothing that was read says why",
            "Its controller makes what is missing, and tells in events why it cannot; events are kept for an hour.",
            f"ready: {each.well} of {each.wanted}",
            severity="warning" if each.well else "error",
        )


def _claims(snapshot: Snapshot) -> Iterator[Finding]:
    for item in snapshot.of("PersistentVolumeClaim"):
        status, ref = status_of(item), _ref(item, "v1", "PersistentVolumeClaim", snapshot)
        if status.get("phase") == "Lost":
            yield _finding(
                ref,
                "is Lost: the volume that it was bound to is gone",
                "A claim whose PersistentVolume was deleted cannot be bound to another one; what was on it is gone "
                "with it, unless the storage still has it.",
                "phase: Lost",
            )
        for resource, state in (status.get("allocatedResourceStatuses") or {}).items():
            if str(state).endswith(_INFEASIBLE):
                yield _finding(
                    ref,
                    f"cannot be resized: {one_line(str(state), 80)} ({one_line(str(resource), 80)})",
                    "The storage driver says that the size asked for is not possible: ask for one that is.",
                    f"allocatedResourceStatuses: {resource}: {state}",
                )


def _ports(snapshot: Snapshot) -> Iterator[Finding]:
    """Ports that a load balancer did not take."""
    for kind, api_version in _WITH_PORTS.items():
        for item in snapshot.of(kind):
            balancer = status_of(item).get("loadBalancer") or {}
            refused = [
                port
                for ingress in balancer.get("ingress") or ()
                for port in ingress.get("ports") or ()
                if port.get("error")
            ]
            for port in refused[:1]:
                text = f"port {port.get('port')} is not served by its load balancer: {port['error']}"
                why = "The controller of the load balancer writes here which ports it could not serve, and why."
                yield _finding(_ref(item, api_version, kind, snapshot), text, why, f"error: {port['error']}")


def _finding(ref: ObjectRef, states: str, why: str, evidence: str, *, severity: Severity = "error") -> Finding:
    return Finding(
        cause=UNHEALTHY_CONDITION,
        object=ref,
        detail=f"{said(ref)} {one_line(states, 300)}",
        why=why,
        evidence=(Evidence("status", said(ref), one_line(evidence)),),
        remedies=(described(ref, "See all of its status, and its events"),),
        severity=severity,
    )


def _ref(item: Json, api_version: str, kind: Kind, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef(api_version, kind, snapshot.namespace, _name(item))


def _name(item: Json) -> str:
    return str(item["metadata"]["name"])


RULE = Rule(causes=(UNHEALTHY_CONDITION,), find=shortfalls)
