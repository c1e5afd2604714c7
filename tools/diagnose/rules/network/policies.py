"""NetworkPolicies that keep pods from what they need.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.diagnose.lesson import Lesson
from tools.diagnose.rules.network.dns import dns_blocked
from tools.diagnose.rules.network.ingress import ingress_blocked

if TYPE_CHECKING:
    from tools.diagnose.findings import Finding, Known
    from tools.diagnose.reading.snapshot import Snapshot

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="NetworkPolicyBlocksDNS",
        means="NetworkPolicies keep pods from the cluster's DNS, so they can resolve no name.",
        why=(
            "As soon as one policy selects a pod for Egress, the pod may reach only what some policy allows, and "
            "DNS is no exception: it must be allowed to the DNS pods on port 53, over UDP (a port without a "
            "protocol means TCP). On OpenShift those pods are in openshift-dns and listen on 5353. Applications "
            "then report names that cannot be resolved, or that time out, not the policy."
        ),
        mend="Add a policy that allows port 53 over UDP and TCP to the DNS pods; policies add up.",
        example=(
            "NetworkPolicy web-out keeps Deployment web from DNS: it allows port 53 only over TCP, "
            "and names are asked over UDP"
        ),
        source=_DOCS + "#default-deny-all-egress-traffic",
    ),
    Lesson(
        cause="NetworkPolicyBlocksIngress",
        means="NetworkPolicies keep out those who call a Service, or everybody.",
        why=(
            "As soon as one policy selects a pod for Ingress, only what some policy allows reaches it. Policies "
            "look at the port of the pod (targetPort), not at that of the Service, and at the labels of the "
            "caller's pods. A podSelector alone means pods of the policy's own namespace; an ingress controller "
            "is in another one and needs a namespaceSelector. What is not allowed is dropped: callers time out."
        ),
        mend="Allow the pods of the callers on the targetPort, in this policy or in another: policies add up.",
        example=(
            "NetworkPolicy api-in keeps Deployment web from Service api: on port 8080 it lets in "
            "only pods with app=webb"
        ),
        source=_DOCS + "#behavior-of-to-and-from-selectors",
    ),
)


def names_unresolved(snapshot: Snapshot) -> list[Finding]:
    """Policies that keep pods from DNS whose logs say so: what these pods suffer follows from that."""
    return [finding for finding in dns_blocked(snapshot) if finding.severity == "error"]


def network_policies(snapshot: Snapshot, known: Known) -> list[Finding]:
    """What else the policies of the namespace take from pods that need it."""
    if not snapshot.of("NetworkPolicy"):
        return []
    untold = [finding for finding in dns_blocked(snapshot) if finding.severity != "error"]
    return [*untold, *ingress_blocked(snapshot, known)]
