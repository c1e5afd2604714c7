"""Workloads that an operator makes: its custom resource is what a person changes.

Source: https://kubernetes.io/docs/concepts/extend-kubernetes/operator/
"""

from __future__ import annotations

from typing import cast

from msgspec.structs import replace

from tools.diagnose.facts.naming import about_owner, said
from tools.diagnose.facts.owners import controller
from tools.diagnose.terms import Finding, Json, Kind, ObjectRef, Remedy, Rule, Snapshot

_OUR_GROUPS = ("apps.openshift.io", "build.openshift.io")
"""Kinds that the cluster itself has, besides those without a dot and those of k8s.io."""
_MANAGED_BY = "app.kubernetes.io/managed-by"
_PLAIN = ("Helm", "helm", "kustomize", "argocd", "flux")


def operated(findings: list[Finding], snapshot: Snapshot) -> list[Finding]:
    """The findings; one on what an operator makes is on its custom resource, and so is what one does about it."""
    return [_on_its_resource(finding, snapshot) for finding in findings]


def operator_of(item: Json, namespace: str) -> ObjectRef | None:
    """The custom resource that controls an object; None where the cluster's own kinds do, or nothing."""
    above = controller(item)
    group, slash, _ = str((above or {}).get("apiVersion")).partition("/")
    if above is None or not slash or "." not in group or group.endswith(".k8s.io") or group in _OUR_GROUPS:
        return None
    return ObjectRef(str(above["apiVersion"]), str(above["kind"]), namespace, str(above["name"]))


def _on_its_resource(finding: Finding, snapshot: Snapshot) -> Finding:
    item = snapshot.named(cast("Kind", finding.object.kind), finding.object.name)
    above = operator_of(item, snapshot.namespace) if item is not None else None
    if item is None or above is None:
        return finding
    made, resource = said(finding.object), said(above)
    manager = str((item["metadata"].get("labels") or {}).get(_MANAGED_BY) or "")
    who = f"operator, {manager}," if manager and manager not in _PLAIN else "operator"
    group, _, version = above.api_version.partition("/")
    edit = f"kubectl edit {above.kind.lower()}.{version}.{group}/{above.name} -n {above.namespace}"
    changes = [each for each in finding.remedies if each.risk != "read"]
    owned = f"ownerReferences: {above.kind} {above.name} ({above.api_version}), controller"
    return replace(
        finding,
        object=above,
        detail=f"{finding.detail}; {made} is made from {resource} ({above.api_version}), whose {who} puts back "
        "what is changed of it",
        evidence=(*finding.evidence, about_owner("spec", finding.object, owned)),
        remedies=(
            *(Remedy(f"{each.title}: in {resource}", edit, "change") for each in changes[:1]),
            *(each for each in finding.remedies if each.risk == "read"),
        ),
        concerns=(finding.object, *finding.concerns),
    )


RULE = Rule(retell=operated)
