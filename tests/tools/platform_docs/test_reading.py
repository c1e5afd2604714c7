"""Facts that are read of a cluster that is played: what it has, what it refuses, what it fails at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from tools.cluster.client import Access, Cluster, Identity
from tools.cluster.errors import Forbidden, NotFound, ServerFailure, Unreachable
from tools.cluster.resources import ObjectRef
from tools.errors import ToolFailed
from tools.json import Json
from tools.platform_docs.facts import Facts, Named
from tools.platform_docs.reading import read_facts

HERE = "https://kubernetes.default.svc"


class Played:
    """A cluster of these objects. `refuse` says of a kind's word and a namespace (None: all) what is raised."""

    namespace, fingerprint, address = "default", "sha256:0", "https://api.example.com:6443"

    def __init__(
        self,
        *objects: Json,
        groups: tuple[str, ...] = (),
        refuse: Callable[[str, str | None], Exception | None] | None = None,
    ) -> None:
        self._objects = [namespace("web-dev", team="web", environment="dev"), *objects]
        self._groups = groups
        self._refuse = refuse or (lambda _word, _namespace: None)

    def whoami(self) -> Identity:
        return Identity("ann")

    def version(self) -> str:
        return "v1.34.4"

    def may(self, access: Access) -> bool:
        return True

    def groups(self) -> dict[str, str]:
        return {group: f"{group}/v1" for group in self._groups}

    def serves(self, api_version: str, kind: str) -> bool:
        return any(each["kind"] == kind for each in self._objects)

    def get(self, word: str, name: str, namespace: str | None) -> Json:
        return self._one(word, name, namespace)

    def read(self, target: ObjectRef) -> Json:
        return self._one(target.kind, target.name, target.namespace)

    def _one(self, word: str, name: str, namespace: str | None) -> Json:
        found = [each for each in self.list(word, namespace) if each["metadata"]["name"] == name]
        if not found:
            raise NotFound(f"no {word} {name}")
        return found[0]

    def list(
        self, word: str, namespace: str | None, *, label_selector: str = "", limit: int | None = None
    ) -> list[Json]:
        if (refused := self._refuse(word, namespace)) is not None:
            raise refused
        key, _, value = label_selector.replace(" in ", "=").partition("=")
        return [
            each
            for each in self._objects
            if _kind(word) == _kind(each["kind"])
            and namespace in (None, each["metadata"].get("namespace"))
            and (not value or (each["metadata"].get("labels") or {}).get(key) in value.strip("()").split(","))
        ]


def _kind(word: str) -> str:
    name = word.partition(".")[0].lower()
    return name.removesuffix("ses") + "s" if name.endswith("sses") else name.removesuffix("s")


def thing(kind: str, name: str, where: str | None = None, labels: Json | None = None, **rest: Any) -> Json:
    return {"kind": kind, "metadata": {"name": name, "namespace": where, "labels": labels or {}}, **rest}


def namespace(name: str, **labels: str) -> Json:
    return thing("Namespace", name, labels=labels)


def project(name: str, *destinations: Json) -> Json:
    return thing("AppProject", name, "argocd", spec={"destinations": list(destinations)})


def to(namespace: str, server: str = HERE) -> Json:
    return {"server": server, "namespace": namespace}


def read(cluster: Played, **asked: Any) -> Facts:
    return read_facts(cast("Cluster", cluster), **{"namespace": "web-dev", **asked})


@pytest.mark.parametrize(
    ("projects", "chosen"),
    [
        ([project("default", to("*", "*")), project("web", to("web-*"), to("web-dev"))], "web"),
        ([project("default", to("*", "*"))], "default"),
        ([project("web", to("web-dev", "https://other.example.com"))], None),
        ([project("web", to("*"), to("!web-dev"))], None),
        ([project("web", {"name": "in-cluster", "namespace": "web-?ev"})], "web"),
    ],
)
def test_the_argo_cd_project_is_the_one_that_lets_applications_in(projects: list[Json], chosen: str | None) -> None:
    facts = read(Played(*projects, groups=("argoproj.io",)))
    assert facts.argocd_project.value == (chosen and Named("argocd", chosen))
    assert facts.argocd_project.state == ("known" if chosen else "absent")


def test_what_argo_cd_tells() -> None:
    here = {"destination": to("web-dev")}
    facts = read(
        Played(
            project("web", to("web-dev")),
            thing("Application", "web", "argocd", spec=here),
            thing(
                "Application", "other", "argocd", spec={"destination": to("web-dev", "https://other.example.com")}
            ),
            thing("ConfigMap", "argocd-cm", "argocd", data={"url": "https://argocd.example.com"}),
            groups=("argoproj.io",),
        )
    )
    assert (facts.argocd_url.said, facts.argocd_url.source) == (
        "https://argocd.example.com",
        "v1/ConfigMap argocd-cm in argocd",
    )
    assert facts.argocd_applications.value == [Named("argocd", "web")]


def test_argo_workflows_alone_are_no_argo_cd() -> None:
    facts = read(Played(groups=("argoproj.io",)))
    assert (facts.apis.argocd.said, facts.argocd_url.said) == ("not on this cluster", "not on this cluster")


def test_where_not_all_namespaces_may_be_read_argo_cds_own_is_looked_at() -> None:
    def refuse(word: str, namespace: str | None) -> Exception | None:
        return Forbidden("no") if word.startswith("appprojects") and namespace != "openshift-gitops" else None

    own = thing("AppProject", "web", "openshift-gitops", spec={"destinations": [to("web-dev")]})
    facts = read(Played(own, groups=("argoproj.io",), refuse=refuse))
    assert facts.argocd_project.value == Named("openshift-gitops", "web")


def test_prometheus_and_grafana_are_found_by_their_labels() -> None:
    def service(name: str, labels: Json) -> Json:
        return thing(
            "Service", name, "monitoring", labels, spec={"ports": [{"port": 1}, {"name": "http-web", "port": 9090}]}
        )

    facts = read(
        Played(
            service("prometheus-operated", {"operated-prometheus": "true"}),
            service("grafana", {"app.kubernetes.io/name": "grafana"}),
            service("shop", {"app.kubernetes.io/name": "shop"}),
        )
    )
    assert facts.prometheus.value == ["http://prometheus-operated.monitoring.svc:9090"]
    assert facts.grafana.value == ["http://grafana.monitoring.svc:9090"]


def test_an_openshift_tells_its_console_registry_and_domain() -> None:
    facts = read(
        Played(
            thing(
                "ConfigMap", "console-public", "openshift-config-managed", data={"consoleURL": "https://console"}
            ),
            thing("Image", "cluster", status={"internalRegistryHostname": "image-registry.svc:5000"}),
            thing("Ingress", "cluster", spec={"domain": "apps.example.com"}),
            groups=("config.openshift.io", "route.openshift.io"),
        )
    )
    assert (facts.console.value, facts.apps_domain.value) == ("https://console", "apps.example.com")
    assert facts.registry.value == ["image-registry.svc:5000"]


def test_a_registry_that_the_cluster_tells() -> None:
    told = thing(
        "ConfigMap",
        "local-registry-hosting",
        "kube-public",
        data={"localRegistryHosting.v1": "host: localhost:5001"},
    )
    assert read(Played(told)).registry.value == ["localhost:5001"]
    told["data"] = {"localRegistryHosting.v1": "- : ["}
    assert read(Played(told)).registry.said == "not told by this cluster"


def test_two_quotas_of_one_resource_are_two_parts() -> None:
    def quota(name: str, pods: str) -> Json:
        status = {"hard": {"pods": pods, f"{name}.io/x": "1"}, "used": {"pods": "3"}}
        return thing("ResourceQuota", name, "web-dev", spec={}, status=status)

    facts = read(Played(quota("one", "10"), quota("two", "5")))
    assert facts.quota.parts == {"pods of one": "10", "pods of two": "5", "one.io/x": "1", "two.io/x": "1"}
    assert facts.quota_left.parts["pods of two"] == "2"


def test_what_the_api_server_fails_at_is_told_and_the_rest_is_read() -> None:
    facts = read(Played(refuse=lambda word, _: ServerFailure("its server is down") if word == "nodes" else None))
    assert (facts.nodes.state, facts.nodes.said) == ("unreadable", "could not be read: its server is down")
    assert facts.version.state == "known"


def test_a_cluster_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(Unreachable):
        read(Played(refuse=lambda word, _: Unreachable("no answer") if word == "nodes" else None))


def test_whoever_may_not_see_the_namespace_is_told_so() -> None:
    facts = read(Played(refuse=lambda word, _: Forbidden("no") if word == "namespaces" else None), team="web")
    assert (facts.team.said, facts.team.source) == ("web", "--team")
    assert facts.environment.said == "may not be read by ann"


def test_of_a_team_the_earliest_environment_is_taken() -> None:
    cluster = Played(
        namespace("a-prod", team="shop", environment="prod"), namespace("z-dev", team="shop", environment="dev")
    )
    facts = read_facts(cast("Cluster", cluster), team="shop", now=datetime(2026, 3, 1, tzinfo=UTC))
    assert (facts.namespace, facts.at) == ("z-dev", "2026-03-01T00:00:00Z")
    assert list(facts.team_namespaces.parts) == ["z-dev", "a-prod"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"team": "shop"}, "is of team web, and not of shop"), ({"team": "x", "namespace": None}, "No namespace")],
)
def test_a_team_that_is_not_meant(asked: Json, said: str) -> None:
    with pytest.raises(ToolFailed, match=said):
        read(Played(), **asked)
