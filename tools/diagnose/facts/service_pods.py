"""Which pods a Service leads to, and which it nearly leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import cast

from tools.apimachinery.selectors import Labels, labels_of, matches
from tools.diagnose.facts.nearest import alike
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.facts.workloads import Workload, workloads
from tools.diagnose.terms import Json, ObjectRef, Snapshot, once

_ALIKE = 0.6
_COMPARED_AT_MOST = 60
_GENERATED = (
    *("pod-template-hash", "controller-revision-hash", "pod-template-generation"),
    *("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"),
)


def selector_of(service: Json) -> Labels:
    """`spec.selector`; empty when it has none."""
    return cast("Labels", (service.get("spec") or {}).get("selector") or {})


def labels_given(pod: Json) -> dict[str, str]:
    """A pod's labels without those that its controller adds."""
    return {key: value for key, value in labels_of(pod).items() if key not in _GENERATED}


def serves(service: Json) -> bool:
    """Whether it leads to pods by a selector and an address of its own: not headless, not an ExternalName."""
    return selects(service) and not is_headless(service)


def selects(service: Json) -> bool:
    """Whether it leads to pods by a selector; an ExternalName has none of use."""
    return bool(selector_of(service)) and (service.get("spec") or {}).get("type") != "ExternalName"


def is_headless(service: Json) -> bool:
    """Whether it has no address of its own, and only its pods' addresses under its name."""
    return _cluster_ip(service) == "None"


def service_at(address: str, snapshot: Snapshot) -> Json | None:
    """The Service with that cluster IP."""
    found = snapshot.grouped("Service", _cluster_ip).get(address) if address else None
    return found[0] if found else None


def _cluster_ip(service: Json) -> str | None:
    return cast("str | None", (service.get("spec") or {}).get("clusterIP"))


def pods_behind(service: Json, snapshot: Snapshot) -> tuple[Json, ...]:
    """The pods with its labels that live, by name: not ended, not being deleted; whatever their revision."""
    selector = selector_of(service)
    if not selector:
        return ()
    known: dict[frozenset[tuple[str, str]], tuple[Json, ...]] = snapshot.once("pods_behind", dict)
    key = frozenset(selector.items())
    if key not in known:
        found = filter(_lives, pods_matching({"matchLabels": selector}, snapshot))
        known[key] = tuple(sorted(found, key=lambda pod: str(pod["metadata"]["name"])))
    return known[key]


def is_carried(selector: Labels, snapshot: Snapshot) -> bool:
    """Whether any pod has all these labels, even one that has ended."""
    return bool(selector) and bool(pods_matching({"matchLabels": selector}, snapshot))


def pods_matching(selector: Json | None, snapshot: Snapshot) -> list[Json]:
    """The pods that a `LabelSelector` matches, in whatever state they are."""
    labels = ((selector or {}).get("matchLabels") or {}).items()
    by_label = _by_label(snapshot)
    fewest: Sequence[Json] = min((by_label.get(label, ()) for label in labels), key=len, default=snapshot.of("Pod"))
    return [pod for pod in fewest if matches(selector, labels_of(pod))]


def is_ready(pod: Json) -> bool:
    """Whether the condition Ready says so: only then a Service leads to the pod."""
    return condition(pod, "Ready").get("status") == "True"


def condition(pod: Json, kind: str) -> Json:
    """One of `status.conditions`; empty when it has none of that type."""
    conditions = conditions_of(pod)
    return next((each for each in conditions if each.get("type") == kind), {})


def ports_of(service: Json) -> list[Json]:
    """`spec.ports`."""
    return (service.get("spec") or {}).get("ports") or []


def target_of(port: Json) -> int | str:
    """`targetPort`, which is `port` where it is not given."""
    return cast("int | str", port.get("targetPort") or port.get("port") or 0)


def container_ports(pod_spec: Json) -> Iterator[Json]:
    """The ports that a pod's containers and sidecars declare."""
    sidecars = (each for each in pod_spec.get("initContainers") or () if each.get("restartPolicy") == "Always")
    for container in (*(pod_spec.get("containers") or ()), *sidecars):
        yield from container.get("ports") or ()


def numbers_of(port: Json, service: Json, snapshot: Snapshot) -> list[int]:
    """The numbers on the pods that a port of a Service leads to; none where no pod says what the name means."""
    target = target_of(port)
    if isinstance(target, int):
        return [target]
    pods = pods_behind(service, snapshot)
    found = (number for pod in pods if (number := number_named(pod["spec"], target, port)) is not None)
    return list(dict.fromkeys(found))


def number_named(pod_spec: Json, name: str, port: Json) -> int | None:
    """The port that a pod's containers declare by that name, with the protocol of the Service's `port`."""
    protocol = port.get("protocol") or "TCP"
    for each in container_ports(pod_spec):
        if each.get("name") == name and (each.get("protocol") or "TCP") == protocol:
            return int(each["containerPort"])
    return None


def nearest(service: Json, snapshot: Snapshot) -> Workload | None:
    """The workload whose pods' labels come nearest to the selector; None when none is near.

    Near is: a label that agrees, a value alike under the same key, or the same value under another key.
    Nearest is by how many labels agree, then by how alike the others are, then by the name of the Service.
    """
    selector, name = selector_of(service), str(service["metadata"]["name"])
    ranked = sorted(
        _comparable(service, snapshot),
        key=lambda each: (
            *_nearness(selector, each.labels),
            each.ref.name == name,
            each.wanted != 0,
            each.ref.name,
        ),
        reverse=True,
    )
    if not ranked:
        return None
    agreeing, alike, elsewhere = _nearness(selector, ranked[0].labels)
    return ranked[0] if agreeing or alike >= _ALIKE or elsewhere else None


def _comparable(service: Json, snapshot: Snapshot) -> list[Workload]:
    """The workloads with labels that are worth a comparison: all of a few; of many those with a label alike."""
    made = _labelled(snapshot)
    if len(made) <= _COMPARED_AT_MOST:
        return list(made)
    by_value = snapshot.once("workloads_by_label_value", lambda: _by_value(made))
    values, selected = tuple(by_value), selector_of(service).values()
    likely = dict.fromkeys(value for each in selected for value in (each, *alike(each, values)))
    found = (each for value in likely for each in by_value.get(value, ())[:_COMPARED_AT_MOST])
    return list({each.ref: each for each in found}.values())


@once
def _labelled(snapshot: Snapshot) -> tuple[Workload, ...]:
    return tuple(each for each in workloads(snapshot) if each.ref.kind not in ("Job", "CronJob") and each.labels)


def _by_value(made: tuple[Workload, ...]) -> dict[str, list[Workload]]:
    found: dict[str, list[Workload]] = {}
    for each in made:
        for value in each.labels.values():
            found.setdefault(value, []).append(each)
    return found


def _nearness(selector: Labels, labels: Labels) -> tuple[int, float, bool]:
    wrong = {key: value for key, value in selector.items() if labels.get(key) != value}
    alike = [SequenceMatcher(None, value, labels[key]).ratio() for key, value in wrong.items() if key in labels]
    values = {value for key, value in labels.items() if key not in _GENERATED}
    return len(selector) - len(wrong), sum(alike), any(value in values for value in wrong.values())


def _lives(pod: Json) -> bool:
    phase = status_of(pod).get("phase")
    return phase not in ("Succeeded", "Failed") and not pod["metadata"].get("deletionTimestamp")


@once
def _by_label(snapshot: Snapshot) -> dict[tuple[str, str], list[Json]]:
    found: dict[tuple[str, str], list[Json]] = {}
    for pod in snapshot.of("Pod"):
        for label in labels_of(pod).items():
            found.setdefault(label, []).append(pod)
    return found


def service_ref(service: Json, snapshot: Snapshot) -> ObjectRef:
    """The Service, of its own namespace where it says one."""
    meta = service["metadata"]
    return ObjectRef("v1", "Service", str(meta.get("namespace") or snapshot.namespace), str(meta["name"]))
