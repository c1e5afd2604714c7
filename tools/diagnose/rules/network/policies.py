"""NetworkPolicies that keep pods from what they need.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from tools.diagnose.rules.network.dns import NETWORK_POLICY_BLOCKS_DNS, dns_blocked
from tools.diagnose.rules.network.ingress import NETWORK_POLICY_BLOCKS_INGRESS, ingress_blocked
from tools.diagnose.terms import Finding, Known, Rule, Snapshot

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"


def network_policies(snapshot: Snapshot, known: Known) -> list[Finding]:
    """What else the policies of the namespace take from pods that need it."""
    if not snapshot.of("NetworkPolicy"):
        return []
    untold = [finding for finding in dns_blocked(snapshot) if finding.severity != "error"]
    return [*untold, *ingress_blocked(snapshot, known)]


RULE = Rule(causes=(NETWORK_POLICY_BLOCKS_DNS, NETWORK_POLICY_BLOCKS_INGRESS), find=network_policies)
