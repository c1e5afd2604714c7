"""What the new guardrails mean for what is in a namespace already: use, rollouts, pods that would not be let in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tools.apimachinery.quantity import amount
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden
from tools.cluster.resources import ObjectRef
from tools.json import Json
from tools.provisioning.usage import COUNTED, WORKLOADS, Quota, stuck, used

_PARALLEL = 8


def consequences(
    cluster: Cluster, namespace: Json, quota: Json, limit_range: Json, before: Json | None
) -> Iterator[str]:
    """In words, what a person should know who approves it; nothing where no bound gets lower.

    `namespace`, `quota` and `limit_range` are as they are to be; `before` is Desk's quota that is there; None: the
    namespace is to be adopted.
    """
    name, hard = (
        namespace["metadata"]["name"],
        {each: amount(value) for each, value in quota["spec"]["hard"].items()},
    )
    if before is not None and not _is_lowered(hard, before):
        return
    kinds = WORKLOADS if before is not None else (*WORKLOADS, *COUNTED)
    objects = read(cluster, name, kinds)
    in_use = Quota.of(before).used if before is not None else used(objects)
    planned = Quota(quota["metadata"]["name"], hard, in_use)
    if before is None:
        yield from _used(planned)
        yield from _violating(cluster, namespace)
    if over := list(planned.exceeded()):
        yield f"{'; '.join(over)}, so what runs stays, and new pods (the next rollout's, too) are refused"
    yield from stuck(workloads_of(objects), [planned], [limit_range])


def _is_lowered(hard: dict[str, Any], before: Json) -> bool:
    was = before.get("spec", {}).get("hard") or {}
    return any(each not in was or bound < amount(was[each]) for each, bound in hard.items())


def _used(planned: Quota) -> Iterator[str]:
    told = planned.told()
    yield f"used of the new quota: {', '.join(told) if told else 'nothing'}"


def _violating(cluster: Cluster, namespace: Json) -> Iterator[str]:
    """The pods that the new labels would not let in, as the API server's dry run names them."""
    target = ObjectRef("v1", "Namespace", None, namespace["metadata"]["name"])
    if warnings := cluster.warnings(target, namespace):
        yield f"pods that could not be made again: {'; '.join(warnings)}"


def workloads_of(objects: dict[str, list[Json]]) -> list[Json]:
    """Those whose rollouts make new pods beside the old ones."""
    return [each for kind in WORKLOADS for each in objects.get(kind, ())]


def read(cluster: Cluster, namespace: str, kinds: Sequence[str]) -> dict[str, list[Json]]:
    """The objects of these kinds; one that may not be listed is left out. Of Secrets, no more than their names."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return dict(zip(kinds, pool.map(lambda kind: _listed(cluster, kind, namespace), kinds), strict=True))


def _listed(cluster: Cluster, kind: str, namespace: str) -> list[Json]:
    try:
        return _names(cluster, kind, namespace) if kind == "Secret" else cluster.list(kind, namespace)
    except Forbidden:
        return []


def _names(cluster: Cluster, kind: str, namespace: str) -> list[Json]:
    pages = cluster.pages(kind, namespace, names_only=True)
    page: Json = json.loads(next(pages))
    found = list(page.get("items") or ())
    while token := page.get("metadata", {}).get("continue"):
        page = json.loads(pages.send(token))
        found += page.get("items") or ()
    return found
