"""Claims that a StatefulSet makes from its volumeClaimTemplates, and what one does when their class is wrong.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#volume-claim-templates
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tools.diagnose.facts.naming import about_owner, quoted, said, typed
from tools.diagnose.terms import Evidence, Json, ObjectRef, Remedy, Snapshot


class ClaimTemplate(msgspec.Struct, frozen=True):
    """What a claim was made from: its class is written there, and a claim made anew has it again."""

    owner: ObjectRef
    pod: str
    claim: str
    storage_class: str
    """As the template names it now."""

    @property
    def said(self) -> str:
        """What a `why` adds."""
        return (
            f" The claim is made from spec.volumeClaimTemplates of {said(self.owner)}, which cannot be changed: a "
            "claim made anew is as that says."
        )

    @property
    def evidence(self) -> Evidence:
        """The class as it is written there."""
        return about_owner("spec", self.owner, f"volumeClaimTemplates: storageClassName: {self.storage_class}")

    def corrected(self, wanted: str) -> Remedy:
        """The class corrected where it is written; the other pods run on."""
        where = f"-n {self.owner.namespace}"
        anew = f"kubectl delete pvc {self.claim} {where} --wait=false && kubectl delete pod {self.pod} {where}"
        if self.storage_class == wanted:
            title = f"Delete the claim and its pod: {said(self.owner)} makes them anew, with class {wanted} by now"
            return Remedy(title, anew, "delete")
        named = self.storage_class or '""'
        old = quoted(f"s|storageClassName: {named}$|storageClassName: {wanted}|")
        file = f"{self.owner.name}.yaml"
        return Remedy(
            f"Name the class {wanted} in spec.volumeClaimTemplates of {said(self.owner)}, which cannot be changed: "
            "delete it without its pods, create it with that class, then delete the claim and its pod",
            f"kubectl get {typed(self.owner)} -o yaml | sed {old} > {file}"
            f" && kubectl delete {typed(self.owner)} --cascade=orphan && kubectl apply -f {file} && {anew}",
            "delete",
        )


def claim_template(
    claim: Json, pods: Iterable[str], owners: Iterable[ObjectRef], snapshot: Snapshot
) -> ClaimTemplate | None:
    """The template that gave a claim its class; None when it was made by itself, or no class is written there."""
    name = str(claim["metadata"]["name"])
    for owner in owners:
        made_for = next((pod for pod in pods if owner.kind == "StatefulSet" and name.endswith(f"-{pod}")), None)
        stateful_set = snapshot.named("StatefulSet", owner.name)
        if made_for is None or stateful_set is None:
            continue
        for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
            if name == f"{template['metadata']['name']}-{made_for}":
                named = (template.get("spec") or {}).get("storageClassName")
                return None if named is None else ClaimTemplate(owner, made_for, name, str(named))
    return None
