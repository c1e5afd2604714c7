"""How findings say whom, and on which ports, a NetworkPolicy lets in, and what a Service's specification has."""

from __future__ import annotations

from tools.apimachinery.selectors import Labels
from tools.diagnose.terms import Evidence, Json
from tools.plaintext import one_line


def ports_said(rules: list[Json]) -> str:
    """`port 80, 8000-8100, 53 (UDP)`: the ports that rules are about."""
    ports = [each for rule in rules for each in rule.get("ports") or ()]
    shown = dict.fromkeys(_port_said(each) for each in ports)
    return "port " + one_line(", ".join(shown), 120)


def _port_said(port: Json) -> str:
    number = str(port.get("port", "any"))
    last = f"-{port['endPort']}" if port.get("endPort") else ""
    protocol = port.get("protocol") or "TCP"
    return f"{number}{last}" + ("" if protocol == "TCP" else f" ({protocol})")


def peers_said(peers: list[Json]) -> str:
    """`pods with app=web or any namespace`: who is let in."""
    shown = list(dict.fromkeys(_peer_said(peer) for peer in peers))
    return one_line(" or ".join(shown), 200) or "nobody"


def _peer_said(peer: Json) -> str:
    if "ipBlock" in peer:
        return f"addresses of {(peer['ipBlock'] or {}).get('cidr')}"
    pods, namespaces = peer.get("podSelector"), peer.get("namespaceSelector")
    whose = "pods of this namespace" if not pods else f"pods with {_selector_said(pods)}"
    if namespaces is None:
        return whose
    chosen = f"namespaces with {_selector_said(namespaces)}" if namespaces else "any namespace"
    return f"pods with {_selector_said(pods)} in {chosen}" if pods else chosen


def _selector_said(selector: Json) -> str:
    words = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    words += [
        " ".join((str(each.get("key")), str(each.get("operator")), ",".join(each.get("values") or ()))).strip()
        for each in selector.get("matchExpressions") or ()
    ]
    return ", ".join(words) or "any labels"


def service_spec(service: Json, text: str) -> Evidence:
    """Evidence from the specification of a Service."""
    return Evidence("spec", f"Service {service['metadata']['name']}", one_line(text))


def labels_said(labels: Labels) -> str:
    """`app=web, tier=front`."""
    return one_line(", ".join(f"{key}={value}" for key, value in sorted(labels.items())), 200)
