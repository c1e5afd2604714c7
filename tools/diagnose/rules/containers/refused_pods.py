"""Why a kubelet refuses a pod that was placed on its node, or ended it as a whole: `status.reason` in words.

Source: kubelet's pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/lifecycle/handlers.go,
pkg/kubelet/sysctl/allowlist.go, pkg/kubelet/cm/topologymanager, pkg/kubelet/nodeshutdown, and
https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
"""

from __future__ import annotations

import re
from decimal import Decimal

from tools.apimachinery import quantity
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.node_labels import affinity_terms
from tools.diagnose.facts.owners import controller
from tools.diagnose.facts.remedies import dropped_from_template
from tools.diagnose.rules.containers.trouble import Trouble
from tools.diagnose.terms import Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

_SYSCTL = re.compile(r'forbidden sysctl: "([^"]+)"')
_OUT_OF = re.compile(r"resource: (\S+), requested: (\d+), used: (\d+), capacity: (\d+)")
_OF_THE_SPEC = frozenset(
    (
        "SysctlForbidden",
        "AppArmor",
        "PodOSNotSupported",
        "PodOSSelectorNodeLabelDoesNotMatch",
        "PodFeatureUnsupported",
        "PodLevelResourcesNotSupported",
        "InitContainerRestartPolicyForbidden",
        "SupplementalGroupsPolicyNotSupported",
    )
)
"""Refused on this node for what the pod asks for, however often it is tried."""
_OF_THE_NODE = frozenset(
    (
        "NodeAffinity",
        "NodeName",
        "NodePorts",
        "NodeUnschedulable",
        "TaintToleration",
        "InvalidNodeInfo",
        "UnexpectedAdmissionError",
        "TopologyAffinityError",
        "ContainerCannotRun",
        "NodeShutdown",
    )
)
"""Refused for how the node is, or what is on it already."""
_BY_SCHEDULER = (
    "The scheduler looks at all this before it places a pod; spec.nodeName passes it by, and then the kubelet "
    "refuses what does not fit."
)
_OUTRUN = (
    "The scheduler placed it on what it knew of the node; the kubelet has the last word, and refuses what does not "
    "fit by then."
)


def is_refusal(reason: str) -> bool:
    """Whether a reason, of a pod's status or of an event about it, is a kubelet's refusal to admit the pod."""
    return reason in _OF_THE_SPEC or reason in _OF_THE_NODE or reason.startswith("OutOf")


def is_lasting(reason: str, pod: Json, owner: ObjectRef, snapshot: Snapshot) -> bool:
    """Whether the next pod of the same spec will be refused, too: no scheduler may choose better for it."""
    return reason in _OF_THE_SPEC or (is_refusal(reason) and _is_pinned(pod, owner, snapshot))


def trouble_of(pod: Json, owner: ObjectRef, reason: str, message: str, snapshot: Snapshot) -> Trouble:
    """What a reason comes to for this pod, and what would mend it."""
    node = one_line(str(pod["spec"].get("nodeName") or ""), 120)
    where = f"node {node}" if node else "its node"
    if match := _SYSCTL.search(message):
        return _sysctl(match[1], pod, owner, node)
    if match := _OUT_OF.search(message):
        return _out_of(match, pod, owner, where, snapshot)
    if reason == "NodeAffinity":
        return _unlike(pod, owner, where, node, snapshot)
    if reason == "DeadlineExceeded":
        return _over_time(pod, owner)
    if reason in ("Terminated", "Shutdown", "NodeShutdown"):
        return _shut_down(owner, where)
    said = one_line(message, 240).removeprefix("Pod was rejected: ") or "the API does not say more"
    if is_refusal(reason):
        remedies = (_placed_anew(owner),) if _is_pinned(pod, owner, snapshot) else (edit(owner),)
        return Trouble(f"the kubelet of {where} refuses it: {said}", _OUTRUN, remedies)
    return Trouble(said, "A pod that has failed is never started again; only a new one is.", (edit(owner),))


def _sysctl(name: str, pod: Json, owner: ObjectRef, node: str) -> Trouble:
    sysctl = one_line(name, 120)
    allowed = f"kubectl get --raw /api/v1/nodes/{node}/proxy/configz" if node else "kubectl get nodes -o wide"
    return Trouble(
        f"the kubelet of {f'node {node}' if node else 'its node'} does not allow sysctl {sysctl}",
        "Only sysctls that are safe and namespaced are allowed by default; every other one must be allowed on the "
        "node, by the kubelet's allowedUnsafeSysctls (--allowed-unsafe-sysctls).",
        (
            _without_sysctl(name, pod, owner),
            Remedy("Or have it allowed by who runs the nodes; what the kubelet allows now", allowed, "read"),
        ),
    )


def _without_sysctl(name: str, pod: Json, owner: ObjectRef) -> Remedy:
    title = f"Take {one_line(name, 120)} out of securityContext.sysctls"
    named = [each.get("name") for each in (pod["spec"].get("securityContext") or {}).get("sysctls") or ()]
    if name not in named:
        return edit(owner, title)
    return dropped_from_template(owner, title, f"securityContext/sysctls/{named.index(name)}")


def _out_of(match: re.Match[str], pod: Json, owner: ObjectRef, where: str, snapshot: Snapshot) -> Trouble:
    resource = one_line(match[1], 80)
    asked, used, there = (_amount(resource, number) for number in match.groups()[1:])
    said = f"{where} has no room for its request of {asked} {resource}: {used} of {there} are taken"
    if not _is_pinned(pod, owner, snapshot):
        return Trouble(said, _OUTRUN, (edit(owner, f"Ask for less {resource}, if it asks again and again"),))
    return Trouble(
        f"spec.nodeName passes the scheduler by, and {said}",
        _BY_SCHEDULER,
        (_placed_anew(owner), edit(owner, f"Or ask for less {resource}")),
    )


def _amount(resource: str, number: str) -> str:
    """What the kubelet counts in thousandths of a core, in bytes, or in pieces."""
    if resource == "cpu":
        return quantity.cpu(Decimal(number) / 1000)
    return quantity.size(int(number)) if resource in ("memory", "ephemeral-storage") else number


def _unlike(pod: Json, owner: ObjectRef, where: str, name: str, snapshot: Snapshot) -> Trouble:
    labels = ((snapshot.named("Node", name) or {}).get("metadata") or {}).get("labels") or {}
    selector = pod["spec"].get("nodeSelector") or {}
    lacks = [f"{key}={value}" for key, value in sorted(selector.items()) if labels.get(key) != value]
    asked = f"its nodeSelector {one_line(', '.join(lacks), 160)}" if lacks else "its node affinity"
    if not lacks and not affinity_terms(pod):
        asked = "what it asks of a node"
    pinned = _is_pinned(pod, owner, snapshot)
    begins = "spec.nodeName passes the scheduler by, and " if pinned else ""
    why = _BY_SCHEDULER if pinned else "The node's labels were others when the kubelet saw the pod (it restarted)."
    remedy = _placed_anew(owner) if pinned else edit(owner, "Ask for labels that the node has")
    return Trouble(f"{begins}{where} does not match {asked}", why, (remedy,))


def _over_time(pod: Json, owner: ObjectRef) -> Trouble:
    seconds = pod["spec"].get("activeDeadlineSeconds")
    return Trouble(
        f"it was active longer than its activeDeadlineSeconds{f' of {seconds}' if seconds else ''}",
        "At spec.activeDeadlineSeconds the kubelet ends all containers of a pod, however far they are.",
        (edit(owner, "Allow it more time"),),
    )


def _shut_down(owner: ObjectRef, where: str) -> Trouble:
    again = () if owner.kind != "Pod" else (edit(owner, "Create it anew: nothing does that for a bare pod"),)
    return Trouble(
        f"{where} was shut down",
        "At the shutdown of a node its kubelet ends the pods; they stay as failed until they are deleted.",
        again,
    )


def _is_pinned(pod: Json, owner: ObjectRef, snapshot: Snapshot) -> bool:
    """Whether its node is written in its template; a bare pod's was, where no scheduler has placed it."""
    if owner.kind != "Pod":
        return bool(_template(owner, pod, snapshot).get("nodeName"))
    events = snapshot.events_of("Pod", owner.name)
    return bool(events) and not any(each.get("reason") == "Scheduled" for each in events)


def _template(owner: ObjectRef, pod: Json, snapshot: Snapshot) -> Json:
    direct = controller(pod)
    of_job = direct is not None and direct["kind"] == "Job"
    for kind, name in (("Job", str(direct["name"] if direct and of_job else "")), (owner.kind, owner.name)):
        for each in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
            if kind == each and (item := snapshot.named(each, name)) is not None:
                return ((item["spec"].get("template") or {}).get("spec")) or {}
    return {}


def _placed_anew(owner: ObjectRef) -> Remedy:
    title = "Leave the choice of the node to the scheduler: take spec.nodeName out"
    return dropped_from_template(owner, title, "nodeName")
