"""A namespace on a real cluster that is well, is mutated, is diagnosed, and is put back as it was."""

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
from tests.tools.diagnose.real_cluster import diagnosed
from tools.cluster.client import HttpCluster
from tools.cluster.errors import ClusterError, Conflict, NotFound
from tools.cluster.resources import ObjectRef
from tools.diagnose.diagnose import diagnose
from tools.json import Json

WELL_WITHIN_S = 240.0
NAMED_WITHIN_S = 150.0
UNSURE_WITHIN_S = 75.0
"""What time may still mend is said "so far" until a rollout's deadline, which is a minute here."""
EVERY_S = 3.0
STAYS_S = 8.0
"""A diagnosis that names the fault is asked once more after this: nothing else may be blamed then."""
HARMLESS_AFTER_S = 25.0
WORKLOADS = 6
ANEW = ("Job/", "CronJob/", "RoleBinding/")
"""No change of what some of these name is accepted, and what a CronJob has run goes with it."""
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


class NotWell(Exception):
    """The namespace was not well, and nothing was changed."""


def healthy(namespace: str) -> Objects:
    """The objects of a namespace that is well, in the order in which they are made."""
    items = yaml.safe_load_all(_HEALTHY.replace("NAMESPACE", namespace))
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


class Ground:
    """A namespace with the healthy objects, which is mutated and put back again and again."""

    def __init__(self, namespace: str) -> None:
        """Make the objects. Raises `NotWell` where they are not well in time."""
        self.namespace, self.objects, self.cluster = namespace, healthy(namespace), diagnosed()
        ordered = [key for key in self.objects if key.startswith(("Deployment/", "StatefulSet/", "CronJob/"))]
        for key in self.objects:
            if key not in ordered:
                self._apply(key)
        for last in IN_ORDER:
            now = ordered[: ordered.index(last) + 1] if last else ordered
            ordered = ordered[len(now) :]
            for key in now:
                self._apply(key)
            self._wait_until_it_serves(WORKLOADS - sum(not key.startswith("CronJob/") for key in ordered))
        self._wait_until_it_is_well()

    def mutated(self, name: str, random: Random) -> Outcome:
        """Apply one mutation, and judge what is said then."""
        mutation = mutate(name, self.objects, random)
        for key in mutation.touched:
            if key not in mutation.after or key.startswith(ANEW):
                self._delete(self.objects[key])
            if key in mutation.after:
                self._apply(key, mutation.after)
        self._roll_out(mutation.restart)
        return _judged(self.cluster, self.namespace, mutation)

    def put_back(self, mutation: Mutation) -> None:
        """As it was before: raises `NotWell` where it is not well again in time."""
        for key in mutation.touched:
            if key.startswith(ANEW):
                self._delete(self.objects[key])
            self._apply(key)
        if not all(map(_has_succeeded, self.cluster.list("jobs", self.namespace))):
            for key in ("CronJob/report", "Job/migrate"):
                self._delete(self.objects[key])
                self._apply(key)
        self._clear_away()
        self._wait_until_it_serves()
        self._clear_away()
        self._wait_until_it_serves()
        self._wait_until_it_is_well()

    def _clear_away(self) -> None:
        """Pods that have failed are made anew, so that none waits for its back-off."""
        for pod in self.cluster.list("pods", self.namespace):
            statuses = (pod.get("status") or {}).get("containerStatuses") or ()
            if pod["metadata"]["ownerReferences"][0]["kind"] == "Job":
                continue
            if not all(each["ready"] and not each["restartCount"] for each in statuses) or not statuses:
                self._delete({"apiVersion": "v1", "kind": "Pod", **pod})

    def _wait_until_it_serves(self, workloads: int = WORKLOADS) -> None:
        until = time.monotonic() + WELL_WITHIN_S
        while time.monotonic() < until:
            if _serve(self.cluster, self.namespace, workloads):
                return
            time.sleep(1)
        raise NotWell(f"{self.namespace}: {_findings(self.cluster, self.namespace)}")

    def _wait_until_it_is_well(self) -> None:
        until = time.monotonic() + WELL_WITHIN_S
        while told := _findings(self.cluster, self.namespace):
            if time.monotonic() > until:
                raise NotWell(f"{self.namespace}: {told}")
            time.sleep(EVERY_S)

    def _apply(self, key: str, objects: Objects | None = None) -> None:
        item = (objects or self.objects)[key]
        self.cluster.apply(self._ref(item), item, force=True)

    def _delete(self, item: Json) -> None:
        ref = self._ref(item)
        with suppress(NotFound):
            for _ in range(5):
                with suppress(Conflict):
                    meta = self.cluster.read(ref)["metadata"]
                    self.cluster.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])
                    break
            while ref.kind != "Pod" and self.cluster.read(ref):
                time.sleep(0.2)

    def _roll_out(self, workloads: tuple[str, ...]) -> None:
        annotations = {"example.com/restarted-at": datetime.now(UTC).isoformat()}
        for key in workloads:
            patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
            self.cluster.patch(self._ref(self.objects[key]), patch)

    def _ref(self, item: Json) -> ObjectRef:
        return ObjectRef(item["apiVersion"], item["kind"], self.namespace, item["metadata"]["name"])


def _has_succeeded(job: Json) -> bool:
    return bool((job.get("status") or {}).get("succeeded"))


def _findings(cluster: HttpCluster, namespace: str) -> list[str]:
    findings = diagnose(cluster, namespace=namespace)["findings"]
    return [each["summary"] for each in findings if each["severity"] != "info"]


def _serve(cluster: HttpCluster, namespace: str, workloads: int) -> bool:
    """Whether all pods of so many workloads are ready, and none of an older template is left."""
    items = [*cluster.list("deployments", namespace), *cluster.list("statefulsets", namespace)]
    return len(items) == workloads and all(_serves(item) for item in items)


def _serves(item: Json) -> bool:
    status, wanted = item.get("status") or {}, item["spec"].get("replicas", 1)
    counts = ("readyReplicas", "updatedReplicas", "replicas")
    seen = status.get("observedGeneration") == item["metadata"]["generation"]
    return seen and all(int(status.get(each) or 0) == wanted for each in counts)


def _judged(cluster: HttpCluster, namespace: str, mutation: Mutation) -> Outcome:
    began, findings = time.monotonic(), list[Json]()
    while True:
        time.sleep(EVERY_S)
        with suppress(ClusterError):
            findings = diagnose(cluster, namespace=namespace)["findings"]
        after_s = time.monotonic() - began
        if mutation.harmless:
            if after_s > HARMLESS_AFTER_S:
                return outcome(mutation, findings, after_s)
            continue
        named = [each for each in findings if _how(each, mutation)]
        if any(not each["so_far"] for each in named) or after_s > (UNSURE_WITHIN_S if named else NAMED_WITHIN_S):
            break
    time.sleep(STAYS_S if named else 0)
    return outcome(mutation, diagnose(cluster, namespace=namespace)["findings"], after_s)


def outcome(mutation: Mutation, findings: list[Json], after_s: float) -> Outcome:
    """How the findings name the mutated object, the best way first, and what else they blame for certain."""
    ways = [(_how(each, mutation), each) for each in findings]
    right = sorted((pair for pair in ways if pair[0]), key=lambda pair: pair[0])
    others = [each for how, each in ways if not how and each["severity"] != "info"]
    blamed = tuple(_said(each) for each in others if not each["so_far"])
    if not right:
        return Outcome(mutation, "", "; ".join(map(_said, others)), blamed, after_s)
    return Outcome(mutation, right[0][0], _said(right[0][1]), blamed, after_s)


def _how(finding: Json, mutation: Mutation) -> str:
    """`object`: it is on the mutated one; `words`: it is on what names that one, and says so; else empty."""
    if f"{finding['object']['kind']}/{finding['object']['name']}" in mutation.touched:
        return "object"
    if f"{finding['object']['kind']}/{finding['object']['name']}" in mutation.stand_ins:
        return "words"
    for key in mutation.touched:
        kind, _, name = key.partition("/")
        if re.search(rf"\b{kind}s?\b[^.;]*(?<![\w-]){re.escape(name)}(?![\w-])", finding["summary"], re.I):
            return "words"
    return ""


def _said(finding: Json) -> str:
    where = f"{finding['object']['kind']}/{finding['object']['name']}"
    so_far = ", so far" if finding["so_far"] else ""
    return f"{finding['severity']}{so_far} {finding['cause']} {where}: {finding['summary']}"
