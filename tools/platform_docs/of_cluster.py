"""The facts of the cluster that every team meets: its API server, registry, storage, ways in, nodes."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from tools.apimachinery import quantity
from tools.json import Json
from tools.platform_docs.asking import Asked, Read
from tools.platform_docs.facts import Class, Fact, Nodes, StorageClass


def api_server(asked: Asked) -> Fact[str]:
    address = Read(asked.cluster.address, "the kubeconfig's cluster")
    return asked.fact("api-server", "API server", address.source, lambda: address)


def version(asked: Asked) -> Fact[str]:
    return asked.fact(
        "version", "Kubernetes version", "/version", lambda: Read(asked.cluster.version(), "/version")
    )


def registry(asked: Asked) -> Fact[list[str]]:
    """The platform's own registry, as the platform itself tells it.

    Sources: KEP-1755 (ConfigMap local-registry-hosting); config.openshift.io/v1 Image, its status.
    """
    openshift = asked.serves("config.openshift.io")
    source = (
        "config.openshift.io/v1/Image cluster"
        if openshift
        else "v1/ConfigMap local-registry-hosting in kube-public"
    )

    def ask() -> Read[list[str]]:
        if openshift:
            status = asked.read("config.openshift.io/v1", "Image", "cluster").get("status") or {}
            hosts = [*(status.get("externalRegistryHostnames") or ()), status.get("internalRegistryHostname")]
            return Read([host for host in hosts if host] or None, source)
        live = asked.read("v1", "ConfigMap", "local-registry-hosting", "kube-public")
        host = _host_in((live.get("data") or {}).get("localRegistryHosting.v1", ""))
        return Read([host] if host else None, source)

    return asked.fact(
        "registry", "The platform's registry", source, ask, ", ".join, absent="not told by this cluster"
    )


def _host_in(document: str) -> str:
    try:
        parsed = yaml.safe_load(document)
    except yaml.YAMLError:
        return ""
    return str(parsed.get("host") or "") if isinstance(parsed, dict) else ""


def storage_classes(asked: Asked) -> Fact[list[StorageClass]]:
    source = "storage.k8s.io/v1/StorageClass"

    def ask() -> Read[list[StorageClass]]:
        return Read(sorted(map(_storage_class, asked.listed("storageclasses", everywhere=True))) or None, source)

    return asked.fact(
        "storage-classes",
        "StorageClasses",
        source,
        ask,
        lambda found: {each.name: _class_said(each) for each in found},
    )


def _storage_class(live: Json) -> StorageClass:
    return StorageClass(
        live["metadata"]["name"],
        live["provisioner"],
        _is_default(live, "storageclass.kubernetes.io/is-default-class"),
        bool(live.get("allowVolumeExpansion")),
        live.get("volumeBindingMode") == "WaitForFirstConsumer",
        live.get("reclaimPolicy", "Delete"),
    )


def _class_said(found: StorageClass) -> str:
    told = ["the default"] if found.is_default else []
    told += [f"by {found.provisioner}", "can grow" if found.expands else "cannot grow", f"reclaim {found.reclaim}"]
    return f"({', '.join(told)})"


def _is_default(live: Json, annotation: str) -> bool:
    return (live["metadata"].get("annotations") or {}).get(annotation) == "true"


def _classes(
    asked: Asked, name: str, title: str, word: str, *, group: str, by: Callable[[Json], str], default: str = ""
) -> Fact[list[Class]]:
    """The classes of a kind that has no namespace."""
    source = f"{asked.groups.get(group, group)}/{title}"

    def ask() -> Read[list[Class]]:
        if not asked.serves(group):
            return Read(None, "/apis")
        live = asked.listed(f"{word}.{group}", everywhere=True)
        found = (Class(each["metadata"]["name"], by(each), _is_default(each, default)) for each in live)
        return Read(sorted(found) or None, source)

    def said(found: list[Class]) -> str:
        return ", ".join(
            f"{each.name} ({'the default, ' if each.is_default else ''}by {each.by})" for each in found
        )

    return asked.fact(name, f"{title}es", source, ask, said)


def snapshot_classes(asked: Asked) -> Fact[list[Class]]:
    return _classes(
        asked, "snapshot-classes", "VolumeSnapshotClass", "volumesnapshotclasses", group="snapshot.storage.k8s.io",
        by=lambda live: str(live.get("driver")), default="snapshot.storage.kubernetes.io/is-default-class",
    )  # fmt: skip


def ingress_classes(asked: Asked) -> Fact[list[Class]]:
    return _classes(
        asked, "ingress-classes", "IngressClass", "ingressclasses", group="networking.k8s.io",
        by=lambda live: str((live.get("spec") or {}).get("controller")),
        default="ingressclass.kubernetes.io/is-default-class",
    )  # fmt: skip


def gateway_classes(asked: Asked) -> Fact[list[Class]]:
    return _classes(
        asked, "gateway-classes", "GatewayClass", "gatewayclasses", group="gateway.networking.k8s.io",
        by=lambda live: str((live.get("spec") or {}).get("controllerName")),
    )  # fmt: skip


def apps_domain(asked: Asked) -> Fact[str]:
    source = "config.openshift.io/v1/Ingress cluster"

    def ask() -> Read[str]:
        if not asked.serves("config.openshift.io"):
            return Read(None, "/apis")
        return Read((asked.read("config.openshift.io/v1", "Ingress", "cluster")["spec"]).get("domain"), source)

    return asked.fact("apps-domain", "Domain of applications", source, ask, absent="not told by this cluster")


def nodes(asked: Asked) -> Fact[Nodes]:
    source = "v1/Node"

    def ask() -> Read[Nodes]:
        live = [
            (each.get("status") or {}).get("allocatable") or {} for each in asked.listed("nodes", everywhere=True)
        ]
        if not live:
            return Read(None, source)
        cpu, memory = (max(quantity.amount(each.get(name)) for each in live) for name in ("cpu", "memory"))
        return Read(Nodes(len(live), quantity.cpu(cpu), quantity.memory(int(memory))), source)

    def said(nodes: Nodes) -> str:
        largest = f"the largest gives {nodes.largest_cpu} CPUs and {nodes.largest_memory} to pods"
        return f"{nodes.number}; {largest}"

    return asked.fact("nodes", "Nodes", source, ask, said, moves=True)


def cluster_autoscaler(asked: Asked) -> Fact[str]:
    """By the ConfigMap that it writes its status to. Source: https://github.com/kubernetes/autoscaler."""
    source = "v1/ConfigMap cluster-autoscaler-status in kube-system"

    def ask() -> Read[str]:
        live = asked.read("v1", "ConfigMap", "cluster-autoscaler-status", "kube-system")
        return Read(live["metadata"]["name"], source, "it is at work")

    return asked.fact("cluster-autoscaler", "Cluster autoscaler", source, ask)
