"""Which class of risk a change of a cluster has by what it does, and what makes a guardrail less strict. Pure.

Source: https://kubernetes.io/docs/concepts/policy/ and https://kubernetes.io/docs/concepts/security/
"""

from __future__ import annotations

from typing import Any

from tools.apimachinery.quantity import amount
from tools.changes.plan import Change
from tools.json import Json
from tools.risk import Risk

_KINDS = frozenset({"ResourceQuota", "LimitRange", "NetworkPolicy", "Role", "RoleBinding"})
_PLATFORMS = frozenset({"ResourceQuota", "LimitRange", "RoleBinding"})
"""Of these an application brings none of its own: they are the platform's to give."""
_GIVABLE = frozenset({"view", "edit"})
"""The ClusterRoles that a binding may give; beyond these it is Atlas's or Shield's to decide."""
_LEVELS = ("privileged", "baseline", "restricted")
_POD_SECURITY = "pod-security.kubernetes.io/"


def risk_of(change: Change, asked: Risk, loosens: str = "", username: str = "", before: Json | None = None) -> Risk:
    """The class of risk of one change: its tool's, or a stricter one because of what it does.

    `loosens` says what of a guardrail it makes less strict, `before` is the object as it is, where it was read.
    Only what is asked for as provisioning may touch namespaces, and loosen or delete guardrails, and then somebody
    decides; so they do of the NetworkPolicy that an application has for its own pods. Who provisions (`username`)
    may give up a role of their own.
    """
    if change.is_effect:
        return _of_unseen(change, asked)
    target = change.target
    provisions = asked is Risk.PROVISION
    if target.namespace is None:
        return _of_cluster_scope(change, asked, loosens)
    if provisions and gives_up(change, username):
        return asked
    if change.verb == "delete":
        return Risk.CLUSTER if target.kind in _KINDS and not provisions else Risk.DELETE
    if target.kind == "RoleBinding" and not may_be_given(_given(change, before or {}), target.namespace):
        return Risk.CLUSTER
    if loosens:
        return Risk.DELETE if provisions or _is_an_applications_own(change) else Risk.CLUSTER
    return Risk.SECRET if target.kind == "Secret" else asked


def _of_unseen(change: Change, asked: Risk) -> Risk:
    """Of an object whose content a controller brings: what could loosen a guardrail counts as if it did."""
    target = change.target
    if target.namespace is None or target.kind in _PLATFORMS:
        return Risk.CLUSTER
    if target.kind in _KINDS:
        return Risk.DELETE
    return Risk.SECRET if target.kind == "Secret" else asked


def _of_cluster_scope(change: Change, asked: Risk, loosens: str) -> Risk:
    if (change.target.api_version, change.target.kind) != ("v1", "Namespace"):
        return Risk.CLUSTER
    if change.verb == "delete":
        return Risk.DELETE
    return Risk.PROVISION if asked is Risk.PROVISION and not loosens else Risk.CLUSTER


def _is_an_applications_own(change: Change) -> bool:
    """Whether it is a NetworkPolicy for the pods of the one application whose name it bears, before and after."""
    spec, undone = change.body.get("spec") or {}, change.undo.get("spec") or {}
    own = {"matchLabels": {"app.kubernetes.io/name": change.target.name}}
    selectors = spec.get("podSelector"), undone.get("podSelector", own)
    return change.target.kind == "NetworkPolicy" and selectors == (own, own)


def _given(change: Change, before: Json) -> Json:
    """The RoleBinding that a change makes; of a patch, the subjects that it adds, in the role that is there."""
    if change.verb != "patch":
        return change.body
    there = (before or change.undo).get("subjects") or ()
    added = [each for each in change.body.get("subjects") or () if each not in there]
    role = {"roleRef": before.get("roleRef")} if added else {}
    return {**role, **change.body, "subjects": added}


def may_be_given(binding: Json, namespace: str) -> bool:
    """Whether a RoleBinding, or a part of one, gives no more than Desk may: view, edit, or a Role of its own.

    A subject that begins with `system:` is a part of the cluster, or everybody.
    """
    role = binding.get("roleRef")
    known = role is None or role.get("kind") == "Role" or role.get("name") in _GIVABLE
    subjects = [each for each in binding.get("subjects") or () if "$patch" not in each]
    return known and not any(_is_system(each) or _is_elsewhere(each, namespace) for each in subjects)


def gives_up(change: Change, username: str) -> bool:
    """Whether a change deletes the RoleBinding that gives this user alone a role that Desk may not give."""
    subjects = [(each.get("kind"), each.get("name")) for each in change.undo.get("subjects") or ()]
    is_binding = change.verb == "delete" and change.target.kind == "RoleBinding" and change.target.namespace
    is_own = bool(username) and subjects == [("User", username)]
    return bool(is_binding) and is_own and not may_be_given(change.undo, change.target.namespace or "")


def _is_system(subject: Json) -> bool:
    return subject.get("kind") != "ServiceAccount" and str(subject.get("name", "")).startswith("system:")


def _is_elsewhere(subject: Json, namespace: str) -> bool:
    return subject.get("kind") == "ServiceAccount" and subject.get("namespace", namespace) != namespace


def loosened(before: Json, after: Json) -> str:
    """What of a guardrail, or of a namespace's labels, a change makes less strict; empty when nothing."""
    if not before or not after:
        return ""
    kind = before.get("kind")
    if kind == "ResourceQuota":
        return _raised("hard", before.get("spec", {}).get("hard"), after.get("spec", {}).get("hard"))
    if kind == "LimitRange":
        return _limits(before, after)
    if kind == "NetworkPolicy" and before.get("spec") != after.get("spec"):
        return f"what NetworkPolicy {before['metadata']['name']} lets through"
    if kind == "Namespace":
        return _labels(before, after)
    return ""


def _raised(where: str, before: Json | None, after: Json | None) -> str:
    """The first bound that is gone or higher."""
    for name, was in (before or {}).items():
        now = (after or {}).get(name)
        if now is None:
            return f"{where} {name} {was} -> none"
        if amount(now) > amount(was):
            return f"{where} {name} {was} -> {now}"
    return ""


def _limits(before: Json, after: Json) -> str:
    now = {item.get("type"): item for item in _items(after)}
    for item in _items(before):
        wanted = now.get(item.get("type"), {})
        raised = _raised(f"{item.get('type')} max", item.get("max"), wanted.get("max"))
        lowered = _raised(f"{item.get('type')} min", wanted.get("min") or {}, item.get("min") or {})
        if raised or lowered or (item.get("min") and not wanted.get("min")):
            return raised or lowered or f"{item.get('type')} min -> none"
    return ""


def _items(limit_range: Json) -> list[Json]:
    items: list[Json] = limit_range.get("spec", {}).get("limits") or []
    return items


def _labels(before: Json, after: Json) -> str:
    was, now = _labels_of(before), _labels_of(after)
    if "environment" in was and was["environment"] != now.get("environment"):
        return f"label environment {was['environment']} -> {now.get('environment', 'none')}"
    for label, level in was.items():
        if label.startswith(_POD_SECURITY) and _strictness(now.get(label)) < _strictness(level):
            return f"label {label} {level} -> {now.get(label, 'none')}"
    return ""


def _labels_of(namespace: Json) -> dict[str, Any]:
    return namespace["metadata"].get("labels") or {}


def _strictness(level: Any) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1
