"""Why no node takes a pod: each reason of the scheduler's sentence, with what decides it.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/ and the ErrReason constants of kube-scheduler's
pkg/scheduler/framework/plugins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from tools.diagnose.facts.capacity import largest_allocatable, requested, shortages
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS
from tools.diagnose.facts.remedies import by_tool, dropped_from_template, set_in_template
from tools.diagnose.rules.scheduling import amounts, closed_nodes
from tools.diagnose.rules.scheduling import pod_affinity as company
from tools.diagnose.rules.scheduling.labels_of_nodes import (
    affinity_said,
    bound_to_one_node,
    mended_selector,
    selector_said,
)
from tools.diagnose.rules.scheduling.obstacles import Obstacle, Waiting, fewer, see
from tools.diagnose.terms import Json, Remedy
from tools.plaintext import one_line


def obstacles(waiting: Waiting) -> list[Obstacle]:
    """The reasons that the scheduler names, those that a person of the namespace can change first."""
    found = [each for pattern, tell in _REASONS if re.search(pattern, waiting.sentence) and (each := tell(waiting))]
    return found if len(found) < 2 else [each for each in found if each.said] or found


def _no_node(waiting: Waiting) -> Obstacle:  # noqa: ARG001 - as its siblings
    return Obstacle(
        "the cluster has no node at all",
        "A pod needs a node to run on. Nodes join a cluster by their kubelet; an autoscaler may be at its minimum.",
        (see("See the nodes of the cluster", "get nodes"),),
    )


def _insufficient(waiting: Waiting) -> Obstacle:
    short = shortages(waiting.sentence)
    pod, owner, snapshot = waiting.pod, waiting.owner, waiting.snapshot
    smaller = [remedy for each in short if (remedy := amounts.less(pod, owner, each, snapshot))]
    return Obstacle(
        amounts.shortage(short, pod, snapshot),
        "The scheduler places a pod by what it requests, not by what it uses, and only where that much "
        "is not yet promised to other pods.",
        (
            *(smaller or fewer(waiting)),
            see("See what the nodes have and what is promised already", "describe nodes"),
        ),
        tuple(f"the pod's requests of {each}: {amounts.shown(each, requested(pod, each))}" for each in short),
        tuple(amounts.room_said(short, pod, snapshot)),
    )


def _too_many_pods(waiting: Waiting) -> Obstacle:
    most = largest_allocatable("pods", waiting.pod, waiting.snapshot)
    return Obstacle(
        "" if most is None else f"a node takes {most} pods at most, and all are full",
        "A kubelet runs only so many pods (its maxPods), however small they are.",
        (see("See how many pods each node has", "describe nodes"),),
    )


def _labels(waiting: Waiting) -> Obstacle | None:
    selector = waiting.pod["spec"].get("nodeSelector") or {}
    affinity = affinity_said(waiting.pod, waiting.snapshot)
    if not selector and affinity is None and bound_to_one_node(waiting.pod):
        return None
    parts = [selector_said(selector, waiting.snapshot)] if selector else []
    return Obstacle(
        "; ".join([*parts, *([affinity] if affinity else [])]),
        "A pod goes only to nodes whose labels match its nodeSelector and required node affinity.",
        tuple(_other_nodes(waiting, selector)),
        (f"nodeSelector: {json.dumps(selector, sort_keys=True)}",) if selector else (),
    )


def _other_nodes(waiting: Waiting, selector: Json) -> list[Remedy]:
    look = see("See the labels of the nodes", "get nodes --show-labels")
    owner = waiting.owner
    if owner.kind not in TEMPLATE_KINDS or not selector:
        return [look, edit(owner)]
    mended = mended_selector(selector, waiting.snapshot)
    wanted = ", ".join(f"{key}={value}" for key, value in mended.items())
    if mended:
        title = one_line(f"Ask for the label that nodes have: {wanted}")
        change = set_in_template(owner, title, "nodeSelector", mended)
    else:
        change = dropped_from_template(owner, "Let it run on any node", "nodeSelector")
    change = by_tool(change, "set_node_selector", owner, node_selector=mended)
    return [change, look] if mended else [look, change]


def _host_ports(waiting: Waiting) -> Obstacle:
    ports = sorted(
        {
            f"{port['hostPort']}/{port.get('protocol') or 'TCP'}"
            for container in waiting.pod["spec"].get("containers") or ()
            for port in container.get("ports") or ()
            if port.get("hostPort")
        }
    )
    return Obstacle(
        f"it asks for host port {one_line(', '.join(ports), 80)}, which is taken on every node that would do",
        "A host port belongs to one pod a node: there can be no more such pods than nodes, and during a rollout "
        "the old pod still holds it. A Service reaches pods without host ports.",
        (*fewer(waiting), edit(waiting.owner)),
    )


_REASONS: tuple[tuple[str, Callable[[Waiting], Obstacle | None]], ...] = (
    (r"no nodes available to schedule", _no_node),
    (r"Insufficient ", _insufficient),
    (r"free ports for the requested pod ports", _host_ports),
    (r"node affinity|node selector", _labels),
    (r"didn't match pod anti-affinity rules", company.anti_affinity),
    (r"existing pods'? anti-affinity", company.others_anti_affinity),
    (r"didn't match pod affinity rules", company.pod_affinity),
    (r"topology spread constraints", company.spread),
    (r"Too many pods", _too_many_pods),
    (r"were unschedulable", closed_nodes.cordoned),
    (r"untolerated taint|that the pod didn't tolerate", closed_nodes.tainted),
)
