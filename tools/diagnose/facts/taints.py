"""Taints of nodes, and which of them a pod does not tolerate.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

import msgspec

from tools.diagnose.terms import Json, Snapshot
from tools.plaintext import one_line

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_NAMED = 3


def untolerated_of(node: Json, pod: Json) -> list[Json]:
    """The taints of one node that keep the pod away; a cordoned node's is left out."""
    tolerations = pod["spec"].get("tolerations") or ()
    return [
        taint
        for taint in (node.get("spec") or {}).get("taints") or ()
        if taint.get("effect") != "PreferNoSchedule"
        and taint.get("key") != UNSCHEDULABLE
        and not any(_tolerates(each, taint) for each in tolerations)
    ]


def untolerated(pod: Json, snapshot: Snapshot) -> list[tuple[str, Json]]:
    """Each such taint with its node's name."""
    tolerations = msgspec.json.encode(pod["spec"].get("tolerations"))
    return snapshot.once(
        ("untolerated taints", tolerations),  # once for all pods that tolerate the same
        lambda: [
            (str(node["metadata"]["name"]), taint)
            for node in snapshot.of("Node")
            for taint in untolerated_of(node, pod)
        ],
    )


def open_nodes(pod: Json, snapshot: Snapshot) -> list[Json]:
    """The nodes whose taints the pod tolerates; all of them where it tolerates none's."""
    nodes = list(snapshot.of("Node"))
    return [node for node in nodes if not untolerated_of(node, pod)] or nodes


def taint_said(taint: Json) -> str:
    """`dedicated=db:NoSchedule`."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def names_said(names: list[str]) -> str:
    """Three names at most, more by their number."""
    return one_line(", ".join(names), 160) if len(names) <= _NAMED else f"{len(names)} nodes"


def _tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    same_value = (toleration.get("value") or "") == (taint.get("value") or "")
    return toleration.get("key") == taint.get("key") and same_value
