"""One mutation's life on a real cluster: a namespace of its own is well, is mutated, and is diagnosed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import yaml

from tests.mutations.mutations import HARMFUL, HARMLESS, Mutation, Objects, mutate
from tests.tools.diagnose.real_cluster import administrator, diagnosed, new_namespace
from tools.cluster.client import HttpCluster
from tools.cluster.errors import ClusterError, Conflict, NotFound
from tools.cluster.resources import ObjectRef
from tools.diagnose.diagnose import diagnose
from tools.json import Json

WELL_WITHIN_S = 150.0
NAMED_WITHIN_S = 120.0
EVERY_S = 3.0
STAYS_S = 8.0
"""A diagnosis that names the fault is asked once more after this: nothing else may be blamed then."""
HARMLESS_AFTER_S = 25.0
IN_ORDER = ("StatefulSet/db", "Deployment/cache", "Deployment/api", "")
HARMLESS_SHARE = 5
"""Of so many mutations one breaks nothing."""
_HEALTHY = Path(__file__).with_name("healthy.yaml").read_text()


@dataclass(frozen=True)
class Outcome:
    """What was said: `by` is how the mutated object was named; `blamed` are findings on others."""

    mutation: Mutation
    by: str
    said: str
    blamed: tuple[str, ...]
    after_s: float

    @property
    def is_right(self) -> bool:
        """Whether what is broken is named, and nothing that is not."""
        return not self.blamed and (self.mutation.harmless or self.by in ("object", "words"))


def chosen(count: int, seed: int) -> Iterator[tuple[str, Random]]:
    """The names of the mutators, each with dice of its own: every kind once before any comes again."""
    random, names = Random(seed), list[str]()
    for number in range(count):
        if number % HARMLESS_SHARE == HARMLESS_SHARE - 1:
            name = random.choice(sorted(HARMLESS))
        else:
            names = names or random.sample(sorted(HARMFUL), len(HARMFUL))
            name = names.pop()
        yield name, Random(f"{seed}-{number}")


def run(name: str, random: Random, prefix: str) -> Outcome:
    """Make the namespace, mutate it, and judge what is said. Raises `NotWell` where it was not well before."""
    cluster = diagnosed()
    with new_namespace(administrator(), prefix) as namespace:
        objects = healthy(namespace)
        _make(cluster, namespace, objects)
        mutation = mutate(name, objects, random)
        _change(cluster, namespace, objects, mutation)
        return _judged(cluster, namespace, mutation)


class NotWell(Exception):
    """The namespace was not well before anything was changed."""


def healthy(namespace: str) -> Objects:
    """The objects of a namespace that is well, in the order in which they are made."""
    items = yaml.safe_load_all(_HEALTHY.replace("NAMESPACE", namespace))
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


def _make(cluster: HttpCluster, namespace: str, objects: Objects) -> None:
    waits = [key for key in objects if key.startswith(("Deployment/", "StatefulSet/", "CronJob/"))]
    for key in objects:
        if key not in waits:
            cluster.apply(_ref(objects[key], namespace), objects[key])
    until = time.monotonic() + WELL_WITHIN_S
    for last in IN_ORDER:
        now = waits[: waits.index(last) + 1] if last else waits
        waits = waits[len(now) :]
        for key in now:
            cluster.apply(_ref(objects[key], namespace), objects[key])
        if not _serve(cluster, namespace, until):
            raise NotWell(f"{namespace}: {_findings(cluster, namespace)}")
    while (told := _findings(cluster, namespace)) and time.monotonic() < until:
        time.sleep(EVERY_S)
    if told:
        raise NotWell(f"{namespace}: {told}")


def _findings(cluster: HttpCluster, namespace: str) -> list[str]:
    findings = diagnose(cluster, namespace=namespace)["findings"]
    return [each["summary"] for each in findings if each["severity"] != "info"]


def _serve(cluster: HttpCluster, namespace: str, until: float) -> bool:
    """Wait until all pods that there should be are ready."""
    while time.monotonic() < until:
        items = [*cluster.list("deployments", namespace), *cluster.list("statefulsets", namespace)]
        if all(_serves(item) for item in items):
            return True
        time.sleep(1)
    return False


def _serves(item: Json) -> bool:
    status, wanted = item.get("status") or {}, item["spec"].get("replicas", 1)
    counts = ("readyReplicas", "updatedReplicas", "replicas")
    seen = status.get("observedGeneration") == item["metadata"]["generation"]
    return seen and all(int(status.get(each) or 0) == wanted for each in counts)


def _change(cluster: HttpCluster, namespace: str, before: Objects, mutation: Mutation) -> None:
    for key in mutation.touched:
        after = mutation.after.get(key)
        if after is None:
            _delete(cluster, _ref(before[key], namespace))
        elif key.startswith(("Job/", "RoleBinding/")):  # no change of what they name is accepted
            _delete(cluster, _ref(after, namespace))
            _apply(cluster, _ref(after, namespace), after)
        else:
            _apply(cluster, _ref(after, namespace), after)
    for key in mutation.restart:
        moment = datetime.now(UTC).isoformat()
        item = mutation.after[key]
        patch = {"spec": {"template": {"metadata": {"annotations": {"example.com/restarted-at": moment}}}}}
        cluster.patch(_ref(item, namespace), patch)


def _delete(cluster: HttpCluster, ref: ObjectRef) -> None:
    for _ in range(5):
        with suppress(Conflict):
            meta = cluster.read(ref)["metadata"]
            cluster.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])
            break
    with suppress(NotFound):
        while True:
            cluster.read(ref)
            time.sleep(0.2)


def _apply(cluster: HttpCluster, ref: ObjectRef, item: Json) -> None:
    """The same for what another controller writes into at this moment."""
    cluster.apply(ref, item, force=True)


def _ref(item: Json, namespace: str) -> ObjectRef:
    return ObjectRef(item["apiVersion"], item["kind"], namespace, item["metadata"]["name"])


def _judged(cluster: HttpCluster, namespace: str, mutation: Mutation) -> Outcome:
    began = time.monotonic()
    within = HARMLESS_AFTER_S if mutation.harmless else NAMED_WITHIN_S
    while True:
        time.sleep(EVERY_S)
        with suppress(ClusterError):
            findings = diagnose(cluster, namespace=namespace)["findings"]
        after_s = time.monotonic() - began
        named = not mutation.harmless and any(_how(each, mutation) for each in _certain(findings))
        if named or after_s > within:
            break
    if named:
        time.sleep(STAYS_S)
        findings = diagnose(cluster, namespace=namespace)["findings"]
    return outcome(mutation, findings, after_s)


def outcome(mutation: Mutation, findings: list[Json], after_s: float) -> Outcome:
    """How the findings name the mutated object, the best way first, and what else they blame."""
    ways = [(_how(each, mutation), each) for each in _certain(findings)]
    right = sorted((pair for pair in ways if pair[0]), key=lambda pair: pair[0])
    blamed = [_said(each) for how, each in ways if not how and each["severity"] != "info"]
    if not right:
        unsure = [f"so far: {_said(each)}" for each in findings if each["so_far"]]
        return Outcome(mutation, "", "; ".join([*blamed, *unsure]), tuple(blamed), after_s)
    return Outcome(mutation, right[0][0], _said(right[0][1]), tuple(blamed), after_s)


def _certain(findings: list[Json]) -> list[Json]:
    return [each for each in findings if not each["so_far"]]


def _how(finding: Json, mutation: Mutation) -> str:
    """`object`: it is on the mutated one; `words`: it is on what names that one, and says so; else empty."""
    if f"{finding['object']['kind']}/{finding['object']['name']}" in mutation.touched:
        return "object"
    for key in mutation.touched:
        kind, _, name = key.partition("/")
        if re.search(rf"\b{kind}s?\b[^.;]*(?<![\w-]){re.escape(name)}(?![\w-])", finding["summary"]):
            return "words"
    return ""


def _said(finding: Json) -> str:
    where = f"{finding['object']['kind']}/{finding['object']['name']}"
    return f"{finding['severity']} {finding['cause']} {where}: {finding['summary']}"
