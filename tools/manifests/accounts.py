"""What every object has: name, namespace, labels; and who the pods are: the ServiceAccount. Pure."""

from __future__ import annotations

from typing import Any

from tools.json import Json
from tools.manifests.specification import Specification

MANAGED_BY = "desk-agent"
NAME, VERSION = "app.kubernetes.io/name", "app.kubernetes.io/version"
COMPONENT = "app.kubernetes.io/component"


def selector(wanted: Specification) -> Json:
    """The labels that tell the application's pods; they never change, for a selector cannot."""
    return {NAME: wanted.app}


def labels(wanted: Specification) -> Json:
    """Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"""
    return pod_labels(wanted) | {"app.kubernetes.io/managed-by": MANAGED_BY}


def pod_labels(wanted: Specification) -> Json:
    """The selector's, and the version."""
    return selector(wanted) | ({VERSION: wanted.version} if wanted.version else {})


def made(
    api_version: str, kind: str, wanted: Specification, name: str = "", annotations: Json | None = None, **rest: Any
) -> Json:
    """An object of the application; it has the application's name where none is given."""
    metadata: Json = {"name": name or wanted.app}
    if wanted.namespace:
        metadata["namespace"] = wanted.namespace
    metadata["labels"] = labels(wanted)
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def service_account(wanted: Specification) -> Json:
    """An account of its own: what another application may, this one may not."""
    return made("v1", "ServiceAccount", wanted, automountServiceAccountToken=False)
