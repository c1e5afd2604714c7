"""Why no node takes a pod: each reason of the scheduler's sentence, with what decides it.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/ and the ErrReason constants of kube-scheduler's
pkg/scheduler/framework/plugins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tools.diagnose.findings import Evidence, Remedy
from tools.diagnose.naming import TEMPLATE_KINDS, quoted, typed
from tools.diagnose.owners import current_pods, owner_of
from tools.diagnose.plaintext import one_line
from tools.diagnose.room import largest_allocatable, requested, shortages
from tools.diagnose.rules import amounts
from tools.diagnose.rules.labels_of_nodes import (
    affinity_said,
    bound_to_one_node,
    mended_selector,
    selector_said,
)
from tools.diagnose.taints import names_said, open_nodes, taint_said, untolerated

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.cluster.resources import ObjectRef
    from tools.diagnose.snapshot import Snapshot

_TAINT_SAID = re.compile(r"untolerated taint \{([^}]*)\}|had taint \{([^}]*)\}")
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_DEFAULT_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TAINTS_NAMED = 3


class Waiting(msgspec.Struct, frozen=True):
    """A pod without a node, and what the scheduler says of it."""

    pod: Json
    owner: ObjectRef
    sentence: str
    snapshot: Snapshot


class Obstacle(msgspec.Struct, frozen=True):
    """One reason why no node takes the pod: what decides it (may be empty), why, and what one does."""

    said: str
    why: str
    remedies: tuple[Remedy, ...] = ()
    spec: tuple[str, ...] = ()
    """What the pod's specification says of it."""
    evidence: tuple[Evidence, ...] = ()
    """What other objects say of it."""


def obstacles(waiting: Waiting) -> list[Obstacle]:
    """The reasons that the scheduler names, those that a person of the namespace can change first."""
    found = [each for pattern, tell in _REASONS if re.search(pattern, waiting.sentence) and (each := tell(waiting))]
    return found if len(found) < 2 else [each for each in found if each.said] or found


def _no_node(waiting: Waiting) -> Obstacle:  # noqa: ARG001 - as its siblings
    return Obstacle(
        "the cluster has no node at all",
        "A pod needs a node to run on. Nodes join a cluster by their kubelet; an autoscaler may be at its minimum.",
        (_see("See the nodes of the cluster", "get nodes"),),
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
            *(smaller or _fewer(waiting)),
            _see("See what the nodes have and what is promised already", "describe nodes"),
        ),
        tuple(f"the pod's requests of {each}: {amounts.shown(each, requested(pod, each))}" for each in short),
        tuple(amounts.room_said(short, pod, snapshot)),
    )


def _too_many_pods(waiting: Waiting) -> Obstacle:
    most = largest_allocatable("pods", waiting.pod, waiting.snapshot)
    return Obstacle(
        "" if most is None else f"a node takes {most} pods at most, and all are full",
        "A kubelet runs only so many pods (its maxPods), however small they are.",
        (_see("See how many pods each node has", "describe nodes"),),
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
    see = _see("See the labels of the nodes", "get nodes --show-labels")
    owner = waiting.owner
    if owner.kind not in TEMPLATE_KINDS or not selector:
        return [see, _edit(owner)]
    mended = mended_selector(selector, waiting.snapshot)
    drop = '[{"op": "remove", "path": "/spec/template/spec/nodeSelector"}]'
    replaced = json.dumps([{"op": "replace", "path": "/spec/template/spec/nodeSelector", "value": mended}])
    wanted = ", ".join(f"{key}={value}" for key, value in mended.items())
    change = Remedy(
        title=one_line(f"Ask for the label that nodes have: {wanted}") if mended else "Let it run on any node",
        command=f"kubectl patch {typed(owner)} --type json -p {quoted(replaced if mended else drop)}",
        risk="change",
        tool="set_node_selector",
        arguments={
            "namespace": owner.namespace or "",
            "kind": owner.kind,
            "name": owner.name,
            "node_selector": mended,
        },
    )
    return [change, see] if mended else [see, change]


def _anti_affinity(waiting: Waiting) -> Obstacle:
    nodes = len(open_nodes(waiting.pod, waiting.snapshot))
    placed, asked = _replicas(waiting)
    where = f"{nodes} node{'' if nodes == 1 else 's'}"
    counted = f": {asked} replicas of its own cannot share {where}" if nodes and asked > nodes else ""
    key = _topology_keys(waiting.pod, "podAntiAffinity")
    return Obstacle(
        f"its anti-affinity takes one pod a {key or 'node'}{counted}",
        "Required anti-affinity keeps a pod off every node (or zone) where a pod with such labels runs, its own "
        "replicas too: there can be no more of them than there are nodes.",
        (*_fewer(waiting), _preferred(waiting, "anti-affinity")),
        (f"replicas: {asked}, of which {placed} have a node",) if asked > 1 else (),
    )


def _others_anti_affinity(waiting: Waiting) -> Obstacle:
    return Obstacle(
        "pods that run already keep it away by their own anti-affinity",
        "Required anti-affinity works both ways: a pod that runs already may refuse the company of this one.",
        (_see("See which pods have an anti-affinity that means this one", _yaml_of_pods(waiting)),),
    )


def _pod_affinity(waiting: Waiting) -> Obstacle:
    affinity = (waiting.pod["spec"].get("affinity") or {}).get("podAffinity") or {}
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    wanted = [_selector_said(term.get("labelSelector") or {}) for term in terms]
    near = f"pods labelled {one_line(' and '.join(wanted), 160)}" if wanted else "certain pods"
    return Obstacle(
        f"its affinity wants a node with {near}, and there is none",
        "Required pod affinity places a pod only where a pod with such labels runs already, in the namespaces "
        "the term names (its own, if none).",
        (
            _see("See the labels of the pods", f"get pods -n {waiting.snapshot.namespace} --show-labels"),
            _edit(waiting.owner),
        ),
    )


def _spread(waiting: Waiting) -> Obstacle:
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
        (_see("See the labels of the nodes", "get nodes --show-labels"), _preferred(waiting, "topology spread")),
    )


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
        (*_fewer(waiting), _edit(waiting.owner)),
    )


def _unschedulable(waiting: Waiting) -> Obstacle:
    cordoned = [
        node["metadata"]["name"] for node in waiting.snapshot.of("Node") if node["spec"].get("unschedulable")
    ]
    which = (
        f"{names_said(cordoned)} {'is' if len(cordoned) == 1 else 'are'} cordoned (unschedulable)"
        if cordoned
        else ""
    )
    return Obstacle(
        which or "nodes are cordoned (unschedulable)",
        "A cordoned node takes no new pods, most often because it is being drained for maintenance.",
        (_see("See which nodes are SchedulingDisabled, and ask who cordoned them", "get nodes"),),
    )


def _taints(waiting: Waiting) -> Obstacle | None:
    taints = untolerated(waiting.pod, waiting.snapshot)
    said = _taints_said(taints, waiting.sentence)
    only_control_plane = taints and all(taint.get("key") in _CONTROL_PLANE for _, taint in taints)
    if only_control_plane and len(waiting.snapshot.of("Node")) > len({name for name, _ in taints}):
        return None
    return Obstacle(
        said,
        "A node with a taint takes only pods that tolerate it: nodes set apart for a purpose, or such that are "
        "not ready.",
        (*_tolerate(waiting, taints), _see("See the taints of the nodes", _TAINTS)),
    )


_TAINTS = "get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints"


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
    return [amounts.patched(waiting.owner, json.dumps(patch), title)]


def _fewer(waiting: Waiting) -> list[Remedy]:
    placed, asked = _replicas(waiting)
    return amounts.fewer(waiting.owner, placed, asked)


def _replicas(waiting: Waiting) -> tuple[int, int]:
    """How many current pods of the owner have a node, and how many there are."""
    own = [pod for pod in current_pods(waiting.snapshot) if owner_of(pod, waiting.snapshot) == waiting.owner]
    return sum(1 for pod in own if pod["spec"].get("nodeName")), len(own)


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
    return Remedy(
        title=f"Or make the {what} a preference ({word})",
        command=f"kubectl edit {typed(waiting.owner)}",
        risk="change",
    )


def _yaml_of_pods(waiting: Waiting) -> str:
    return f"get pods -n {waiting.snapshot.namespace} -o yaml"


def _see(title: str, words: str) -> Remedy:
    return Remedy(title=title, command=f"kubectl {words}", risk="read")


def _edit(owner: ObjectRef) -> Remedy:
    return Remedy(title="Change what the pod asks for", command=f"kubectl edit {typed(owner)}", risk="change")


_REASONS: tuple[tuple[str, Callable[[Waiting], Obstacle | None]], ...] = (
    (r"no nodes available to schedule", _no_node),
    (r"Insufficient ", _insufficient),
    (r"free ports for the requested pod ports", _host_ports),
    (r"node affinity|node selector", _labels),
    (r"didn't match pod anti-affinity rules", _anti_affinity),
    (r"existing pods'? anti-affinity", _others_anti_affinity),
    (r"didn't match pod affinity rules", _pod_affinity),
    (r"topology spread constraints", _spread),
    (r"Too many pods", _too_many_pods),
    (r"were unschedulable", _unschedulable),
    (r"untolerated taint|that the pod didn't tolerate", _taints),
)
