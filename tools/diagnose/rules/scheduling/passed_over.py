"""Pods that the scheduler passes over: gated, bound by hand, or for a scheduler that does not answer.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/
"""

from __future__ import annotations

from difflib import get_close_matches

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS
from tools.diagnose.facts.remedies import dropped_from_template
from tools.diagnose.rules.scheduling.obstacles import Obstacle, Waiting, described, see
from tools.plaintext import one_line


def gates(waiting: Waiting) -> list[str]:
    """`spec.schedulingGates`, by name."""
    return [str(each.get("name")) for each in waiting.pod["spec"].get("schedulingGates") or ()]


def gated(waiting: Waiting) -> Obstacle:
    """A gate that nobody removed."""
    left = gates(waiting)
    named = one_line(", ".join(left), 160)
    return Obstacle(
        f"the scheduling gate {named} is still there" if len(left) == 1 else f"scheduling gates are left: {named}",
        "The scheduler passes over a pod until every gate is removed, by the controller (a quota, a queue) that "
        "put it there.",
        (see("See who owns the gate, and whether that controller runs", described(waiting)),),
        (f"schedulingGates: {named}",),
    )


def no_such_node(waiting: Waiting) -> Obstacle:
    """A node named by hand that does not exist."""
    wanted = one_line(str(waiting.pod["spec"].get("nodeName")), 120)
    names = waiting.snapshot.names("Node")
    near = get_close_matches(wanted, names, n=1)
    there = f"; the nearest there is: {near[0]}" if near else ""
    drop = dropped_from_template(waiting.owner, "Leave the choice of the node to the scheduler", "nodeName")
    return Obstacle(
        f"spec.nodeName is {wanted}, and there is no such node{there}",
        "spec.nodeName passes the scheduler by: only that node's kubelet would start the pod, and a pod on a node "
        "that does not exist is deleted after a while.",
        (drop if waiting.owner.kind in TEMPLATE_KINDS else edit(waiting.owner),),
        (f"nodeName: {wanted}",),
    )


def nobody(waiting: Waiting) -> Obstacle:
    """No scheduler of the name that the pod gives."""
    name = one_line(str(waiting.pod["spec"].get("schedulerName") or "default-scheduler"), 120)
    return Obstacle(
        f"its scheduler is {name}, and that one has not answered",
        "A pod is placed by the scheduler that its spec.schedulerName names; without one of that name, by nobody.",
        (edit(waiting.owner),),
        (f"schedulerName: {name}",),
    )
