"""NamespaceTerminating: a namespace that is being deleted, and what holds it.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/ and kube-controller-manager's
pkg/controller/namespace/deletion
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tools.diagnose import timing
from tools.diagnose.facts.remedies import without_finalizers
from tools.diagnose.facts.statuses import conditions_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

NAMESPACE_TERMINATING = Cause(
    "NamespaceTerminating",
    topic="debugging",
    means="A namespace is being deleted and does not go: nothing can be created in it any more.",
    why=(
        "It goes only when everything in it is gone. A finalizer keeps an object until its controller has done "
        "its part; and a group of the API that does not answer (an APIService whose pods are down) keeps the "
        "cluster from knowing whether anything is left."
    ),
    mend=(
        "Its conditions say what is left and why. See whether the controller of the finalizer runs, or bring "
        "the API's group back; take a finalizer off by hand only when its controller is gone for good."
    ),
    example=(
        "Namespace shop-dev is being deleted since 2026-01-02T11:00:00Z and does not go: finalizer "
        "storage.example.com/release holds configmap lease-state"
    ),
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/",
    called=r"\bterminating\b|\bnamespace\b.*\b(stuck|hangs|not go(ne)?|delet\w+)\b",
)

GONE_WITHIN = timedelta(seconds=60)
"""What has no finalizer of somebody's own is gone by then, but for pods of a longer grace period."""
_NAMED_AT_MOST = 3
_FAILURES = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
)
_REMAIN = ("NamespaceFinalizersRemaining", "NamespaceContentRemaining")
_GROUP = re.compile(r"\b((?:[a-z0-9-]+\.)+[a-z0-9-]+)/(v\d\w*)")


def terminating_namespaces(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """The namespace itself, while it is being deleted."""
    item = snapshot.named("Namespace", snapshot.namespace)
    if item is None or not item["metadata"].get("deletionTimestamp"):
        return []
    since = str(item["metadata"]["deletionTimestamp"])
    stated = [each for kind in (*_FAILURES, *_REMAIN) for each in _true(item, kind)]
    held = bool([each for each in stated if each["type"] != "NamespaceContentRemaining"])
    ref = ObjectRef("v1", "Namespace", None, snapshot.namespace)
    finding = Finding(
        cause=NAMESPACE_TERMINATING,
        object=ref,
        detail=(
            f"Namespace {ref.name} is being deleted since {one_line(since, 40)} and does not go: "
            f"{_because(stated, snapshot)}"
        ),
        why=(
            "Nothing can be created in a namespace that is being deleted, and it goes when everything in it is "
            "gone. A finalizer keeps an object until its controller takes it off: where that is gone, for good."
        ),
        evidence=tuple(Evidence("status", f"Namespace {ref.name}", _said(each)) for each in stated)
        or (Evidence("status", f"Namespace {ref.name}", f"phase: Terminating, since {one_line(since, 40)}"),),
        remedies=tuple(_remedies(stated, snapshot)),
        severity="error" if held else "warning",
    )
    return [timing.so_far(finding, timing.after(since, GONE_WITHIN), snapshot)]


def _true(item: Json, kind: str) -> list[Json]:
    conditions = conditions_of(item)
    return [each for each in conditions if each.get("type") == kind and each.get("status") == "True"]


def _said(condition: Json) -> str:
    return one_line(f"{condition['type']}: {condition.get('message')}")


def _because(stated: list[Json], snapshot: Snapshot) -> str:
    if failures := [each for each in stated if each["type"] in _FAILURES]:
        return one_line(str(failures[0].get("message")), 240)
    if holders := _holders(snapshot):
        named = [f"{_typed(each)}" for each in holders[:_NAMED_AT_MOST]]
        more = f" and {len(holders) - len(named)} more" if len(holders) > len(named) else ""
        finalizers = sorted({name for each in holders for name in _finalizers(each)})
        word = "finalizer" if len(finalizers) == 1 else "finalizers"
        holds = "holds" if len(finalizers) == 1 else "hold"
        return f"{word} {one_line(', '.join(finalizers), 160)} {holds} {', '.join(named)}{more}"
    return one_line(str(stated[0].get("message")), 240) if stated else "its status does not say yet what is left"


def _holders(snapshot: Snapshot) -> list[Json]:
    return [each for each in snapshot.of("Remaining") if _finalizers(each)]


def _finalizers(item: Json) -> list[str]:
    return [str(each) for each in item["metadata"].get("finalizers") or ()]


def _typed(item: Json) -> str:
    """`configmaps/lease-state`, as kubectl takes it."""
    return f"{item['word']}/{item['metadata']['name']}"


def _remedies(stated: list[Json], snapshot: Snapshot) -> Iterator[Remedy]:
    where = f"-n {snapshot.namespace}"
    for each in stated:
        if each["type"] in _FAILURES and (match := _GROUP.search(str(each.get("message")))):
            service = f"{match[2]}.{match[1]}"
            yield Remedy(
                f"See whether the API {service} answers; who runs it mends it, or deletes it if it is gone",
                f"kubectl get apiservices {service}",
                "read",
            )
            return
    holders = _holders(snapshot)
    for item in holders[:1]:
        look = f"kubectl get {_typed(item)} {where} -o yaml"
        yield Remedy("See the object, and whether the finalizer's controller runs", look, "read")
        yield without_finalizers(f"{_typed(item)} {where}")
    if not holders:
        yield Remedy("See what is left in it", f"kubectl describe namespace {snapshot.namespace}", "read")


RULE = Rule(causes=(NAMESPACE_TERMINATING,), find=terminating_namespaces)
