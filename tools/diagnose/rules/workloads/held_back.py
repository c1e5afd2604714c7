"""Pods that keep an older template because nothing replaces them: updateStrategy OnDelete, or a partition.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies and
https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec.structs import replace

from tools.diagnose.facts.naming import said
from tools.diagnose.facts.remedies import patch
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.rules.workloads.revisions import ROLLOUT_BLOCKED
from tools.diagnose.terms import Evidence, Finding, Json, Remedy, Rule, Snapshot
from tools.plaintext import one_line

Held = Literal["OnDelete", "partition"]

_COMPARED = ("command", "args", "livenessProbe", "readinessProbe", "startupProbe")
_GENERATION = "deprecated.daemonset.template.generation"


def held_back(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """What befell pods of an older template that stay is told as why the newest one does not come."""
    return [_held_back(finding, snapshot) for finding in findings]


def _held_back(finding: Finding, snapshot: Snapshot) -> Finding:
    kind = finding.object.kind
    if kind not in ("StatefulSet", "DaemonSet") or finding.cause == "RolloutBlocked" or not finding.affected:
        return finding
    item = snapshot.named("StatefulSet" if kind == "StatefulSet" else "DaemonSet", finding.object.name)
    pods = [pod for name in finding.affected if (pod := snapshot.named("Pod", name)) is not None]
    if item is None or not pods or any(_is_newest(pod, item) for pod in pods):
        return finding
    held = _held(item, pods)
    news = "; ".join(_news(pods[0], item))
    return _told(finding, item, held, news) if held and news else finding


def _is_newest(pod: Json, item: Json) -> bool:
    """Whether a pod has the template of now, or nobody can tell."""
    labels, meta, status = pod["metadata"].get("labels") or {}, item["metadata"], status_of(item)
    if status.get("observedGeneration") != meta.get("generation"):
        return True
    own, newest = labels.get("controller-revision-hash"), status.get("updateRevision")
    if own is not None and newest is not None:
        return bool(own == newest)
    own, newest = labels.get("pod-template-generation"), (meta.get("annotations") or {}).get(_GENERATION)
    return own is None or newest is None or str(own) == str(newest)


def _held(item: Json, pods: list[Json]) -> Held | None:
    strategy = item["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return "OnDelete"
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    ordinals = [str(pod["metadata"]["name"]).rpartition("-")[2] for pod in pods]
    return (
        "partition" if partition and all(each.isdecimal() and int(each) < partition for each in ordinals) else None
    )


def _news(pod: Json, item: Json) -> Iterator[str]:
    """What the newest template has and the pod has not."""
    template = (item["spec"].get("template") or {}).get("spec") or {}
    for field in ("containers", "initContainers"):
        old = {each["name"]: each for each in pod["spec"].get(field) or ()}
        for container in template.get(field) or ():
            before = old.get(container["name"])
            if before is None:
                yield f"it has a container {container['name']}"
                continue
            had = {each["name"]: each for each in before.get("env") or ()}
            changed = [each["name"] for each in container.get("env") or () if had.get(each["name"]) != each]
            if changed:
                yield f"it sets env {one_line(', '.join(changed), 120)}"
            if container.get("image") != before.get("image"):
                yield f"it has image {one_line(str(container.get('image')), 120)}"
            if _asks_more(container, before):
                yield "it has other resources"
            for key in _COMPARED:
                if (container.get(key) or None) != (before.get(key) or None):
                    yield f"it has another {key}"


def _asks_more(container: Json, before: Json) -> bool:
    """Whether an amount is another; a pod has more of them than its template, by default."""
    new, old = container.get("resources") or {}, before.get("resources") or {}
    return any(
        (old.get(which) or {}).get(name) != amount
        for which in ("limits", "requests")
        for name, amount in (new.get(which) or {}).items()
    )


def _told(finding: Finding, item: Json, held: Held, news: str) -> Finding:
    ref, names = finding.object, " ".join(finding.affected)
    pods = f"pod{'' if len(finding.affected) == 1 else 's'} {', '.join(finding.affected[:3])}"
    if held == "OnDelete":
        because = f"its updateStrategy is OnDelete, so that {pods} has the one before until it is deleted"
        remedy = Remedy(
            f"Delete {pods}: it comes back with the newest template",
            f"kubectl delete pod {names} -n {ref.namespace}",
            "delete",
            "delete" if len(finding.affected) == 1 else None,
            {"kind": "Pod", "name": finding.affected[0], "namespace": ref.namespace or ""},
        )
    else:
        partition = item["spec"]["updateStrategy"]["rollingUpdate"]["partition"]
        because = f"its rollingUpdate.partition is {partition}, and {pods} is below that: it has the one before"
        at_once = patch(ref, {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
        remedy = Remedy(
            f"Take the partition away, and delete {pods}, for a broken pod is waited for",
            f"{at_once} && kubectl delete pod {names} -n {ref.namespace}",
            "delete",
        )
    return replace(
        finding,
        cause=ROLLOUT_BLOCKED,
        subject=None,
        passing="",
        detail=f"{said(ref)} does not roll out its newest template by itself ({news}): {because}; "
        f"{finding.summary_within}",
        why="With OnDelete a pod gets the newest template only when somebody deletes it; with a partition only the "
        "pods from that ordinal on do. The others stay as they are, also when they are broken.",
        evidence=(
            Evidence("spec", said(ref), f"updateStrategy: {json.dumps(item['spec'].get('updateStrategy'))}"),
            *(each for each in finding.evidence if each.source != "spec"),
        ),
        remedies=(remedy, *(each for each in finding.remedies if each.risk == "read")),
    )


RULE = Rule(retell=held_back)
