"""Nodes that are closed to a pod: by a taint that it does not tolerate, or because they are cordoned.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

import re

from tools.diagnose.facts.naming import TEMPLATE_KINDS
from tools.diagnose.facts.remedies import patched
from tools.diagnose.facts.taints import names_said, taint_said, untolerated
from tools.diagnose.rules.scheduling.obstacles import Obstacle, Waiting, see
from tools.diagnose.terms import Json, Remedy
from tools.plaintext import one_line

_TAINT_SAID = re.compile(r"untolerated taint \{([^}]*)\}|had taint \{([^}]*)\}")
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_DEFAULT_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TAINTS_NAMED = 3


def cordoned(waiting: Waiting) -> Obstacle:
    """Nodes that take no new pods."""
    names = [node["metadata"]["name"] for node in waiting.snapshot.of("Node") if node["spec"].get("unschedulable")]
    which = f"{names_said(names)} {'is' if len(names) == 1 else 'are'} cordoned (unschedulable)" if names else ""
    return Obstacle(
        which or "nodes are cordoned (unschedulable)",
        "A cordoned node takes no new pods, most often because it is being drained for maintenance.",
        (see("See which nodes are SchedulingDisabled, and ask who cordoned them", "get nodes"),),
    )


def tainted(waiting: Waiting) -> Obstacle | None:
    """Nodes whose taints it does not tolerate; None where those are only the control plane's."""
    taints = untolerated(waiting.pod, waiting.snapshot)
    said = _taints_said(taints, waiting.sentence)
    only_control_plane = taints and all(taint.get("key") in _CONTROL_PLANE for _, taint in taints)
    if only_control_plane and len(waiting.snapshot.of("Node")) > len({name for name, _ in taints}):
        return None
    return Obstacle(
        said,
        "A node with a taint takes only pods that tolerate it: nodes set apart for a purpose, or such that are "
        "not ready.",
        (*_tolerate(waiting, taints), see("See the taints of the nodes", _SEE_TAINTS)),
    )


_SEE_TAINTS = "get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints"


def _taints_said(taints: list[tuple[str, Json]], sentence: str) -> str:
    if taints:
        by_taint: dict[str, list[str]] = {}
        for name, taint in taints:
            by_taint.setdefault(taint_said(taint), []).append(name)
        told = [f"{taint} on {names_said(names)}" for taint, names in by_taint.items()][:_TAINTS_NAMED]
        return f"it does not tolerate the taint {one_line(' and '.join(told), 200)}"
    named = [first or second for first, second in _TAINT_SAID.findall(sentence)]
    return f"it does not tolerate the taint {one_line(', '.join(named), 160)}" if named else ""


def _tolerate(waiting: Waiting, taints: list[tuple[str, Json]]) -> list[Remedy]:
    own = [taint for _, taint in taints if not str(taint.get("key")).startswith("node.kubernetes.io/")]
    if not own or waiting.owner.kind not in TEMPLATE_KINDS:
        return []
    taint = own[0]
    kept = [
        each
        for each in waiting.pod["spec"].get("tolerations") or ()
        if not (each.get("key") in _DEFAULT_TOLERATED and "tolerationSeconds" in each)
    ]
    value = {"value": taint["value"]} if taint.get("value") else {}
    wanted = {
        "key": taint.get("key"),
        "operator": "Equal" if value else "Exists",
        **value,
        "effect": taint.get("effect"),
    }
    patch = {"spec": {"template": {"spec": {"tolerations": [*kept, wanted]}}}}
    title = f"Tolerate {one_line(taint_said(taint), 120)}, if the pod belongs on such a node"
    return [patched(waiting.owner, title, patch, merge=True)]
