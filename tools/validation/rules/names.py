"""Names, labels, and what the API server sets itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.validation import edits
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest, is_filled_in, mapping
from tools.validation.parsing import Path
from tools.validation.rule import Context, Rule
from tools.validation.schema import is_builtin, shown

_NAMES = "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SEGMENT = re.compile(r"[^/%]+")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_FREE = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
"""Kinds whose names may have capitals and colons."""
_CRON_JOB_MAX = 52
"""The controller adds eleven characters. Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"""
_LABEL_MAX, _NAME_MAX = 63, 253


def _names(context: Context) -> Iterator[Fault]:
    for each in context.manifests.objects:
        if not is_builtin(each) or not each.kind:
            continue
        name = each.metadata.get("name")
        if name is None and not each.metadata.get("generateName"):
            if not each.kind.endswith("Review"):  # it is asked, and not kept
                yield Fault(each, ("metadata",), f"this {each.kind} has no name")
        elif isinstance(name, str) and not is_filled_in(name) and (wrong := _wrong_name(each.kind, name)):
            yield Fault(each, ("metadata", "name"), f"the name {name!r} {wrong}")
        if (
            each.namespace
            and not is_filled_in(each.namespace)
            and not (_LABEL.fullmatch(each.namespace) and len(each.namespace) <= _LABEL_MAX)
        ):
            yield Fault(each, ("metadata", "namespace"), f"no namespace can be called {each.namespace!r}")


def _wrong_name(kind: str, name: str) -> str:
    if kind in _FREE:
        return (
            ""
            if _SEGMENT.fullmatch(name) and name not in (".", "..")
            else "must not have a slash or a percent sign"
        )
    if kind in ("Service", "Namespace"):
        shape, longest = (_SERVICE if kind == "Service" else _LABEL), _LABEL_MAX
    else:
        shape, longest = _SUBDOMAIN, _CRON_JOB_MAX if kind == "CronJob" else _NAME_MAX
    if len(name) > longest:
        return f"has {len(name)} characters, and {longest} at most are allowed"
    dots = "" if shape is not _SUBDOMAIN else ", dots"
    first = "a letter" if shape is _SERVICE else "a letter or digit"
    return (
        ""
        if shape.fullmatch(name)
        else f"must be lower case letters, digits, hyphens{dots}, and begin with {first}"
    )


def _labels(context: Context) -> Iterator[Fault]:
    for each in context.manifests.objects:
        yield from _labels_at(each, ("metadata", "labels"), each.metadata.get("labels"), values=True)
        yield from _labels_at(each, ("metadata", "annotations"), each.metadata.get("annotations"), values=False)
    for pod in context.manifests.pods:
        if len(pod.path) > 1:
            path = (*pod.path[:-1], "metadata", "labels")
            yield from _labels_at(pod.manifest, path, dict(pod.labels), values=True)


def _labels_at(each: Manifest, path: Path, labels: Any, *, values: bool) -> Iterator[Fault]:
    for key, value in mapping(labels).items():
        prefix, slash, name = key.rpartition("/")
        is_key = (
            _LABEL_NAME.fullmatch(name) and len(name) <= _LABEL_MAX and (not slash or _SUBDOMAIN.fullmatch(prefix))
        )
        if not is_key:
            yield Fault(each, (*path, key), f"{key!r} cannot be the key of a label or annotation")
        elif (
            values
            and isinstance(value, str)
            and value
            and not is_filled_in(value)
            and not _LABEL_NAME.fullmatch(value)
        ):
            yield Fault(each, (*path, key), f"{value!r} cannot be the value of a label")
        elif values and isinstance(value, str) and len(value) > _LABEL_MAX:
            yield Fault(each, (*path, key), f"the label's value has {len(value)} characters, {_LABEL_MAX} at most")


_SET_BY_SERVER = ("uid", "resourceVersion", "selfLink", "generation", "managedFields", "creationTimestamp")
_KEEPS_STATUS = frozenset({"CustomResourceDefinition"})


def _server_set(context: Context) -> Iterator[Fault]:
    for each in context.manifests.objects:
        for name in _SET_BY_SERVER:
            if each.metadata.get(name) is not None:
                path: Path = ("metadata", name)
                yield Fault(each, path, f"{shown(path)} is set by the API server", None, edits.removed(each, path))
        if each.data.get("status") and each.kind not in _KEEPS_STATUS and is_builtin(each):
            yield Fault(each, ("status",), "status is set by the cluster", None, edits.removed(each, ("status",)))


RULES = (
    Rule(
        "InvalidName",
        "error",
        "A name or namespace is missing, or is none that Kubernetes takes.",
        "The API server refuses the object.",
        "Lower case letters, digits and hyphens; a Service begins with a letter.",
        _NAMES,
        _names,
    ),
    Rule(
        "InvalidLabel",
        "error",
        "The key or value of a label, or the key of an annotation, is none that Kubernetes takes.",
        "The API server refuses the object.",
        "63 characters at most, letters, digits, -, _ and dots, a letter or digit at both ends.",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set",
        _labels,
    ),
    Rule(
        "ServerSetField",
        "warning",
        "The manifest has a field that the API server sets.",
        "It was taken from a cluster: uid and resourceVersion make an apply fail, the others are noise in diffs.",
        "Take it out.",
        "https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/",
        _server_set,
        of_text=True,
    ),
)
