"""All objects of an application, and their files. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tools.json import Json
from tools.manifests import controllers, networking, scaling
from tools.manifests.accounts import service_account
from tools.manifests.judges import with_exceptions
from tools.manifests.serialize import document
from tools.manifests.served import ASSUMED, Served, exposure_of
from tools.manifests.specification import SCALED, Specification

_SHORT = {"HorizontalPodAutoscaler": "hpa", "PodDisruptionBudget": "pdb"}
_HEADLESS = "-headless"


def objects(wanted: Specification, served: Served = ASSUMED) -> list[Json]:
    """All objects, in the order in which they are applied: what others refer to comes first."""
    wanted = replace(wanted, platform=wanted.platform or served.platform)
    return [with_exceptions(each, wanted) for each in _made(wanted, served)]


def _made(wanted: Specification, served: Served) -> Iterator[Json]:
    yield service_account(wanted)
    if wanted.config:
        yield controllers.config_map(wanted)
    yield networking.network_policy(wanted, served)
    if wanted.ports:
        yield networking.service(wanted)
    if wanted.type == "statefulset":
        yield networking.headless(wanted)
    yield controllers.controller(wanted)
    if wanted.hpa:
        yield scaling.autoscaler(wanted, *wanted.hpa)
    if wanted.type in SCALED and wanted.replicas_most > 1:
        yield scaling.disruption_budget(wanted)
    if exposure := exposure_of(wanted, served):
        yield networking.exposed(wanted, exposure, served)
    if wanted.service_monitor and served.service_monitors:
        yield networking.service_monitor(wanted)


def files(made: Iterable[Json]) -> list[tuple[str, str]]:
    """Each object's file: its name, and its text, which begins with `---` and the file's name."""
    return [(name, document(each, name)) for each in made for name in [file_name(each)]]


def file_name(made: Json) -> str:
    """`deployment.yaml`, `hpa.yaml`, `service-headless.yaml`."""
    kind: str = made["kind"]
    suffix = _HEADLESS if kind == "Service" and made["spec"].get("clusterIP") == "None" else ""
    return f"{_SHORT.get(kind, kind.lower())}{suffix}.yaml"
