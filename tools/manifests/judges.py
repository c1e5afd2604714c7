"""What judges of manifests demand and an application cannot have: excepted on each object, with the reason. Pure.

checkov reads `checkov.io/skipN: CHECK=REASON`; kube-score reads `kube-score/ignore` and no reason, which stands in
`desk.dev/excepted` beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tools.json import Json
from tools.manifests.specification import Specification

SCORE, SKIP, WHY = "kube-score/ignore", "checkov.io/skip", "desk.dev/excepted"

_CONTROLLERS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
_IN_A_NAMESPACE = _CONTROLLERS | {"ConfigMap", "Ingress", "Service", "ServiceAccount"}
"""The kinds that checkov's CKV_K8S_21 looks at."""


class Excepted(NamedTuple):
    """A demand that is not met: of which object (KIND/NAME), whose demand, and why."""

    object: str
    demand: str
    why: str


def with_exceptions(made: Json, wanted: Specification) -> Json:
    """The object with the exceptions that it needs, as annotations."""
    skipped, ignored = list(_skipped(made["kind"], wanted)), list(_ignored(made["kind"], wanted))
    if not skipped and not ignored:
        return made
    annotations = dict(made["metadata"].get("annotations") or {})
    annotations |= {f"{SKIP}{place}": f"{check}={why}" for place, (check, why) in enumerate(skipped, 1)}
    if ignored:
        annotations[SCORE] = ",".join(check for check, _ in ignored)
        annotations[WHY] = "; ".join(dict.fromkeys(why for _, why in ignored))
    return {**made, "metadata": {**made["metadata"], "annotations": annotations}}


def exceptions(made: Iterable[Json]) -> Iterator[Excepted]:
    """What the objects are excepted from, as their annotations say it."""
    for each in made:
        where = f"{each['kind']}/{each['metadata']['name']}"
        annotations: dict[str, str] = each["metadata"].get("annotations") or {}
        for name, said in annotations.items():
            if name.startswith(SKIP):
                check, _, why = said.partition("=")
                yield Excepted(where, f"checkov {check}", why)
        for check in filter(None, annotations.get(SCORE, "").split(",")):
            yield Excepted(where, f"kube-score {check}", annotations.get(WHY, ""))


def _skipped(kind: str, wanted: Specification) -> Iterator[tuple[str, str]]:
    """checkov's checks, with the reasons."""
    if kind in _IN_A_NAMESPACE and wanted.namespace == "":
        yield "CKV_K8S_21", "an overlay says the namespace"
    if kind in _IN_A_NAMESPACE and wanted.namespace == "default":
        yield "CKV_K8S_21", "namespace default was asked for"
    if kind not in _CONTROLLERS:
        return
    if not wanted.is_pinned:
        yield "CKV_K8S_43", "the image was given without a digest"
    if wanted.env_from or any(variable.secret for variable in wanted.env):
        yield "CKV_K8S_35", "the application reads variables"
    if wanted.platform == "openshift":
        yield "CKV_K8S_40", "OpenShift sets the user id"
    if not wanted.ports and kind not in ("Job", "CronJob"):
        yield "CKV_K8S_8", "it has no port to probe"
        yield "CKV_K8S_9", "it has no port to probe"


def _ignored(kind: str, wanted: Specification) -> Iterator[tuple[str, str]]:
    """kube-score's checks, with the reasons."""
    one = "one replica was asked for"
    if kind == "Deployment" and not wanted.hpa and wanted.replicas == 1:
        yield "deployment-replicas", one
    if kind == "HorizontalPodAutoscaler" and wanted.hpa and wanted.hpa[0] == 1:
        yield "horizontalpodautoscaler-replicas", one
    if kind == "StatefulSet" and not wanted.ports:
        yield "pod-probes", "it has no port to probe"
    if kind in _CONTROLLERS and wanted.platform == "openshift":
        yield "container-security-context-user-group-id", "OpenShift sets the user id"
