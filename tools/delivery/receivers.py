"""Where this cluster is told of pushes: Argo CD, EventListeners, BuildConfigs; and which repositories tell them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from tools.cluster import errors
from tools.cluster.resources import ObjectRef
from tools.delivery.facts.builds import API_VERSION as BUILDS
from tools.delivery.rules.tekton.triggering import API_VERSION as TRIGGERS
from tools.git_hosts.repository import Repository, repository_of

if TYPE_CHECKING:
    from tools.cluster.client import Cluster
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries
    from tools.delivery.related import Related
    from tools.json import Json

_BY_WEBHOOK = ("GitHub", "GitLab", "Bitbucket", "Generic")


class Receiver(msgspec.Struct, frozen=True):
    """What takes a webhook's requests: told apart by the URL's host or path, for a path may hold a secret.

    `polls`: it looks at git by itself, too, so that nothing is broken where no webhook tells it.
    """

    said: str
    ref: ObjectRef
    path: str = ""
    hosts: frozenset[str] = frozenset()
    polls: bool = False

    def takes(self, url: str) -> bool:
        """Whether a webhook with this URL tells it."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        return self.path in parts.path and (host in self.hosts or not self.hosts)

    @property
    def is_known(self) -> bool:
        """Whether anything tells which webhooks are for it."""
        return bool(self.path or self.hosts)


Told = tuple[Repository, Receiver]


def told(cluster: Cluster, app: Application | None, found: Deliveries, made_by: Related) -> list[Told]:
    """Which repository is to tell whom, each pair once; what of it may not be read is left out."""
    pairs = [
        *(_of_argo_cd(cluster, app, found) if app else ()),
        *(pair for item in made_by.configs for pair in _of_config(item)),
        *_of_listeners(cluster, found, made_by),
    ]
    return list(dict.fromkeys(pairs))


def _of_argo_cd(cluster: Cluster, app: Application, found: Deliveries) -> Iterator[Told]:
    urls = [str(each.get("repoURL")) for each in app.sources if not each.get("chart")]
    repositories = [each for each in map(repository_of, urls) if each is not None]
    if repositories:
        own = _host(_argo_cd_url(cluster, app, found))
        hosts = frozenset((own,)) if own else frozenset()
        receiver = Receiver("Argo CD", app.ref, path="/api/webhook", hosts=hosts, polls=True)
        yield from ((each, receiver) for each in repositories)


def _argo_cd_url(cluster: Cluster, app: Application, found: Deliveries) -> str:
    """Argo CD's own address, where its settings say it and may be read."""
    settings = found.named("ConfigMap", "argocd-cm", app.namespace)
    if settings is None and not found.has("ConfigMap"):
        try:
            settings = cluster.read(ObjectRef("v1", "ConfigMap", app.namespace, "argocd-cm"))
        except errors.ClusterError:
            return ""
    return str(((settings or {}).get("data") or {}).get("url") or "")


def _of_config(item: Json) -> Iterator[Told]:
    """A BuildConfig that is started by webhooks."""
    spec, metadata = item.get("spec") or {}, item["metadata"]
    uri = ((spec.get("source") or {}).get("git") or {}).get("uri")
    repository = repository_of(str(uri)) if uri else None
    if repository and any(each.get("type") in _BY_WEBHOOK for each in spec.get("triggers") or ()):
        name, namespace = metadata["name"], metadata.get("namespace")
        yield (
            repository,
            Receiver(
                f"BuildConfig {name}",
                ObjectRef(BUILDS, "BuildConfig", namespace, name),
                path=f"/namespaces/{namespace}/buildconfigs/{name}/webhooks/",
            ),
        )


def _of_listeners(cluster: Cluster, found: Deliveries, made_by: Related) -> Iterator[Told]:
    """The EventListeners, and the repositories of the runs that came from one."""
    listeners = {item["metadata"]["name"]: item for item in found.of("EventListener")}
    pairs = [
        (repository, str(run.labels["triggers.tekton.dev/eventlistener"]))
        for run in made_by.runs
        for value in run.values()
        if run.labels.get("triggers.tekton.dev/eventlistener") in listeners
        and (repository := repository_of(value)) is not None
    ]
    hosts = _hosts_of_services(cluster, found.namespace) if pairs else {}
    for repository, name in pairs:
        address = (listeners[name].get("status") or {}).get("address") or {}
        own = {_host(str(address.get("url") or "")), *hosts.get(f"el-{name}", ())} - {""}
        ref = ObjectRef(TRIGGERS, "EventListener", found.namespace, name)
        yield repository, Receiver(f"EventListener {name}", ref, hosts=frozenset(own))


def _hosts_of_services(cluster: Cluster, namespace: str) -> dict[str, set[str]]:
    """Service -> the hosts under which it is reached from outside, as far as that may be read."""
    hosts: dict[str, set[str]] = {}
    for service, host in (*_of_ingresses(cluster, namespace), *_of_routes(cluster, namespace)):
        hosts.setdefault(service, set()).add(host)
    return hosts


def _of_ingresses(cluster: Cluster, namespace: str) -> Iterator[tuple[str, str]]:
    for item in _listed(cluster, "ingresses", namespace):
        for rule in (item.get("spec") or {}).get("rules") or ():
            for path in (rule.get("http") or {}).get("paths") or ():
                service = ((path.get("backend") or {}).get("service") or {}).get("name")
                yield str(service), str(rule.get("host") or "")


def _of_routes(cluster: Cluster, namespace: str) -> Iterator[tuple[str, str]]:
    for item in _listed(cluster, "routes.route.openshift.io", namespace):
        spec = item.get("spec") or {}
        yield str((spec.get("to") or {}).get("name")), str(spec.get("host") or "")


def _listed(cluster: Cluster, word: str, namespace: str) -> Iterable[Json]:
    try:
        return list(cluster.list(word, namespace))
    except errors.ClusterError:
        return ()


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
