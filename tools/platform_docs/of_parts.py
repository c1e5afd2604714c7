"""The facts of what may be installed beside Kubernetes: Argo CD, Prometheus, Grafana, OpenShift's console."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tools.cluster.errors import ClusterError, Forbidden, NotFound
from tools.json import Json
from tools.manifests.served import MONITORING_NAMESPACES
from tools.platform_docs.asking import Asked, Read, first, wherever
from tools.platform_docs.facts import Fact, Named

ARGOCD = ("argocd", "openshift-gitops")
"""Where Argo CD is, by the manuals of its two makers."""
_NAME = "app.kubernetes.io/name"
_SELECTORS = (f"{_NAME} in (prometheus,grafana)", "operated-prometheus=true")


def argocd(asked: Asked) -> dict[str, Fact[Any]]:
    group = "argoproj.io/v1alpha1"
    projects = asked.fact(
        "argocd-project", "Argo CD project", f"{group}/AppProject", lambda: _project(asked),
        lambda project: f"{project.name} in {project.namespace}",
    )  # fmt: skip
    places = (projects.value.namespace,) if projects.value else ARGOCD
    return {
        "argocd_project": projects,
        "argocd_url": asked.fact(
            "argocd-url", "Argo CD", f"v1/ConfigMap argocd-cm in {' or '.join(places)}", lambda: _url(asked, places)
        ),
        "argocd_applications": asked.fact(
            "argocd-applications", "Argo CD applications", f"{group}/Application", lambda: _applications(asked),
            lambda found: ", ".join(each.name for each in found), absent=f"none deploys to {asked.namespace}",
        ),
    }  # fmt: skip


def _project(asked: Asked) -> Read[Named]:
    """The AppProject that lets applications into the namespace; the one that names it most closely."""
    if not asked.serves("argoproj.io"):
        return Read(None, "/apis")
    found = [
        (max(map(_told_of_it, matching)), Named(each["metadata"]["namespace"], each["metadata"]["name"]))
        for each in wherever(asked, "appprojects.argoproj.io", ARGOCD)
        if (matching := _letting_in(each, asked))
    ]
    if not found:
        return Read(None, "argoproj.io/v1alpha1/AppProject", f"none lets applications into {asked.namespace}")
    _, project = max(found)
    return Read(project, f"argoproj.io/v1alpha1/AppProject {project.name} in {project.namespace}")


def _told_of_it(destination: Json) -> int:
    """How many letters of the namespace a destination says."""
    return len(str(destination["namespace"]).replace("*", ""))


def _letting_in(project: Json, asked: Asked) -> list[Json]:
    """The destinations of a project that let applications into the namespace; none where another one forbids it.

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/ (destinations, `!` negates).
    """
    here = [to for to in project["spec"].get("destinations") or () if _is_here(to, asked)]
    patterns = [str(to.get("namespace") or "") for to in here]
    if any(fnmatchcase(asked.namespace, pattern[1:]) for pattern in patterns if pattern.startswith("!")):
        return []
    return [to for to, pattern in zip(here, patterns, strict=True) if fnmatchcase(asked.namespace, pattern)]


def _is_here(destination: Json, asked: Asked) -> bool:
    """Whether it is this cluster, taken to be the one that Argo CD runs in."""
    named = destination.get("server") or destination.get("name")
    return named in (None, "*", "in-cluster", "https://kubernetes.default.svc", asked.cluster.address)


def _applications(asked: Asked) -> Read[list[Named]]:
    if not asked.serves("argoproj.io"):
        return Read(None, "/apis", "not on this cluster")
    found = [
        Named(each["metadata"]["namespace"], each["metadata"]["name"])
        for each in wherever(asked, "applications.argoproj.io", ARGOCD)
        if (to := each["spec"].get("destination") or {}).get("namespace") == asked.namespace and _is_here(to, asked)
    ]
    return Read(sorted(found) or None, "argoproj.io/v1alpha1/Application")


def _url(asked: Asked, places: Sequence[str]) -> Read[str]:
    """Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/argocd-cm-yaml/ (`url`)."""
    if not asked.serves("argoproj.io"):
        return Read(None, "/apis")

    def of(place: str) -> str:
        return str((asked.read("v1", "ConfigMap", "argocd-cm", place).get("data") or {}).get("url") or "")

    place, url = first(places, of)
    return Read(url or None, f"v1/ConfigMap argocd-cm in {place}", "" if url else "argocd-cm names no url")


def monitoring(asked: Asked) -> dict[str, Fact[Any]]:
    """Prometheus and Grafana by the labels of their charts, and of the Prometheus Operator."""
    source = f"v1/Service with {' or '.join(_SELECTORS)}"
    found: list[Json] | ClusterError
    try:
        found = [
            each for selector in _SELECTORS for each in wherever(asked, "services", MONITORING_NAMESPACES, selector)
        ]
    except (Forbidden, NotFound) as error:
        found = error

    def ask(is_it: Callable[[Mapping[str, str]], bool]) -> Read[list[str]]:
        if isinstance(found, ClusterError):
            raise found
        own = [each for each in found if is_it(each["metadata"].get("labels") or {}) and each["spec"].get("ports")]
        return Read(sorted({_address(each) for each in own}) or None, source)

    def fact(name: str, title: str, is_it: Callable[[Mapping[str, str]], bool]) -> Fact[list[str]]:
        absent = "not found on this cluster"
        return asked.fact(name, title, source, lambda: ask(is_it), ", ".join, absent=absent)

    return {
        "prometheus": fact("prometheus", "Prometheus", lambda labels: labels.get(_NAME) != "grafana"),
        "grafana": fact("grafana", "Grafana", lambda labels: labels.get(_NAME) == "grafana"),
    }


def _address(service: Json) -> str:
    metadata, ports = service["metadata"], service["spec"]["ports"]
    web = next(
        (port for port in ports if "web" in str(port.get("name")) or "http" in str(port.get("name"))), ports[0]
    )
    return f"http://{metadata['name']}.{metadata['namespace']}.svc:{web['port']}"


def console(asked: Asked) -> Fact[str]:
    source = "v1/ConfigMap console-public in openshift-config-managed"

    def ask() -> Read[str]:
        if not asked.serves("route.openshift.io"):
            return Read(None, "/apis")
        live = asked.read("v1", "ConfigMap", "console-public", "openshift-config-managed")
        return Read((live.get("data") or {}).get("consoleURL"), source)

    return asked.fact("console", "Web console", source, ask)
