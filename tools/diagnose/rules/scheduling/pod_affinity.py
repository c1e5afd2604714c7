"""Pods that wait for, or keep away from, other pods: affinity, anti-affinity and topology spread.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
and https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
"""

from __future__ import annotations

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.taints import open_nodes
from tools.diagnose.rules.scheduling.obstacles import Obstacle, Waiting, fewer, replicas, see
from tools.diagnose.terms import Json, Remedy
from tools.plaintext import one_line


def anti_affinity(waiting: Waiting) -> Obstacle:
    """Its own anti-affinity keeps it off every node."""
    nodes = len(open_nodes(waiting.pod, waiting.snapshot))
    placed, asked = replicas(waiting)
    where = f"{nodes} node{'' if nodes == 1 else 's'}"
    counted = f": {asked} replicas of its own cannot share {where}" if nodes and asked > nodes else ""
    key = _topology_keys(waiting.pod, "podAntiAffinity")
    return Obstacle(
        f"its anti-affinity takes one pod a {key or 'node'}{counted}",
        "Required anti-affinity keeps a pod off every node (or zone) where a pod with such labels runs, its own "
        "replicas too: there can be no more of them than there are nodes.",
        (*fewer(waiting), _preferred(waiting, "anti-affinity")),
        (f"replicas: {asked}, of which {placed} have a node",) if asked > 1 else (),
    )


def others_anti_affinity(waiting: Waiting) -> Obstacle:
    """The anti-affinity of pods that run keeps it off."""
    return Obstacle(
        "pods that run already keep it away by their own anti-affinity",
        "Required anti-affinity works both ways: a pod that runs already may refuse the company of this one.",
        (see("See which pods have an anti-affinity that means this one", _yaml_of_pods(waiting)),),
    )


def pod_affinity(waiting: Waiting) -> Obstacle:
    """It wants the company of pods that are not there."""
    affinity = (waiting.pod["spec"].get("affinity") or {}).get("podAffinity") or {}
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    wanted = [_selector_said(term.get("labelSelector") or {}) for term in terms]
    near = f"pods labelled {one_line(' and '.join(wanted), 160)}" if wanted else "certain pods"
    return Obstacle(
        f"its affinity wants a node with {near}, and there is none",
        "Required pod affinity places a pod only where a pod with such labels runs already, in the namespaces "
        "the term names (its own, if none).",
        (
            see("See the labels of the pods", f"get pods -n {waiting.snapshot.namespace} --show-labels"),
            edit(waiting.owner),
        ),
    )


def spread(waiting: Waiting) -> Obstacle:
    """No node is left that keeps its pods spread."""
    hard = [
        each
        for each in waiting.pod["spec"].get("topologySpreadConstraints") or ()
        if each.get("whenUnsatisfiable") != "ScheduleAnyway"
    ]
    told = [f"maxSkew {each.get('maxSkew')} over {each.get('topologyKey')}" for each in hard]
    there = {key for node in waiting.snapshot.of("Node") for key in node["metadata"].get("labels") or {}}
    unknown = [str(each.get("topologyKey")) for each in hard if there and each.get("topologyKey") not in there]
    said = f"its topology spread asks for {one_line(' and '.join(told), 160)}" if told else ""
    lacks = f"; no node has the label {one_line(', '.join(unknown), 80)}" if unknown else ""
    return Obstacle(
        said + lacks,
        "With whenUnsatisfiable: DoNotSchedule, a pod waits until it can be placed without making the spread "
        "more uneven than maxSkew; nodes without the topology's label are left out.",
        (see("See the labels of the nodes", "get nodes --show-labels"), _preferred(waiting, "topology spread")),
    )


def _topology_keys(pod: Json, which: str) -> str:
    terms = ((pod["spec"].get("affinity") or {}).get(which) or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or ()
    keys = {str(term.get("topologyKey")) for term in terms} - {"kubernetes.io/hostname"}
    return one_line(" or ".join(sorted(keys)), 80)


def _selector_said(selector: Json) -> str:
    labels = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    expressions = [
        f"{each.get('key')} {each.get('operator')} {','.join(map(str, each.get('values') or ()))}".strip()
        for each in selector.get("matchExpressions") or ()
    ]
    return ", ".join([*labels, *expressions])


def _preferred(waiting: Waiting, what: str) -> Remedy:
    word = "ScheduleAnyway" if what == "topology spread" else "preferredDuringSchedulingIgnoredDuringExecution"
    return edit(waiting.owner, f"Or make the {what} a preference ({word})")


def _yaml_of_pods(waiting: Waiting) -> str:
    return f"get pods -n {waiting.snapshot.namespace} -o yaml"
