"""What the objects of the namespace add to an error that a log tells of: the name that is nearly right."""

from __future__ import annotations

from datetime import datetime, timedelta
from difflib import get_close_matches

from tools.diagnose import timing
from tools.diagnose.facts.containers import Container, parse_time
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.nearest import alike
from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.service_pods import (
    is_headless,
    is_ready,
    pods_behind,
    ports_of,
    selects,
    serves,
    service_at,
)
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.logs.errors import LogError
from tools.diagnose.terms import Json, Snapshot
from tools.plaintext import one_line

_ITSELF = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104
_NAME_CHARS = 80
LISTENS_WITHIN = timedelta(minutes=1)
"""What a server may take from its start until it accepts connections, where no probe says."""


def in_context(error: LogError, container: Container, snapshot: Snapshot) -> str:
    """A clause that says more of the error than the log does; empty when nothing does."""
    subject = one_line(error.subject, _NAME_CHARS)
    match error.kind:
        case "connection refused" | "timeout":
            return _address(error, snapshot)
        case "unknown host":
            return _host(subject, snapshot)
        case "cluster DNS not asked":
            return f"Service {subject} is there, and the pod does not ask the cluster's DNS: {_dns_said(container)}"
        case "address in use":
            return _neighbour(subject, container)
        case "missing variable":
            return _variable(subject, container)
        case "missing file":
            return _file(subject, container, snapshot)
        case "missing interpreter":
            return _interpreter(subject, container)
        case "read-only file system":
            return _read_only(subject, container)
        case "no space left":
            return _full(subject, container)
        case "permission denied":
            return _user(container)
        case _:
            return ""


def in_place(error: LogError, container: Container, snapshot: Snapshot) -> LogError:
    """What the error is in this pod: a name that the cluster's DNS knows, and that is asked of another."""
    name = _service_named(one_line(error.subject, _NAME_CHARS), snapshot)
    if error.kind != "unknown host" or not name or not _dns_said(container):
        return error
    return LogError(
        "cluster DNS not asked",
        name,
        "Only the cluster's DNS knows the names of Services. A pod with dnsPolicy Default asks the servers of its "
        "node instead, and so does one in the node's network (hostNetwork) unless its dnsPolicy is "
        "ClusterFirstWithHostNet.",
        f"Set dnsPolicy {dns_policy_for(container)}",
        error.line,
    )


def dns_policy_for(container: Container) -> str:
    """The dnsPolicy by which its pod asks the cluster's DNS."""
    return "ClusterFirstWithHostNet" if container.pod["spec"].get("hostNetwork") else "ClusterFirst"


def _dns_said(container: Container) -> str:
    """The settings by which its pod asks the DNS of its node; empty when it does not."""
    spec = container.pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    if spec.get("hostNetwork") and policy in ("Default", "ClusterFirst"):
        return f"hostNetwork with dnsPolicy {policy}"
    return "dnsPolicy Default" if policy == "Default" else ""


def mounted(path: str, container: Container) -> tuple[Json, Json] | None:
    """The volume mount that a path lies in, the deepest one, and its volume."""
    mounts = [
        mount
        for mount in container.spec.get("volumeMounts") or ()
        if f"{path.rstrip('/')}/".startswith(f"{str(mount.get('mountPath')).rstrip('/')}/")
    ]
    if not path.startswith("/") or not mounts:
        return None
    mount = max(mounts, key=lambda each: len(str(each.get("mountPath"))))
    volumes = container.pod["spec"].get("volumes") or ()
    return mount, next((volume for volume in volumes if volume.get("name") == mount.get("name")), {})


def configmap_of(path: str, container: Container) -> str:
    """The ConfigMap that a path comes from; empty where it comes from none."""
    found = mounted(path, container)
    return str((found[1].get("configMap") or {}).get("name") or "") if found else ""


def service_called(error: LogError, snapshot: Snapshot) -> tuple[Json, int | None] | None:
    """The Service of the namespace that an address means, and the port, where the log says which."""
    host, port = host_and_port(one_line(error.subject, _NAME_CHARS))
    service = _service(host, snapshot)
    return None if service is None else (service, port)


def answered_by(error: LogError, snapshot: Snapshot) -> datetime | None:
    """Until when the pods that did not answer may only be starting; None where none of them was called."""
    called = service_called(error, snapshot) if error.kind in ("connection refused", "timeout") else None
    if error.kind == "unknown host" and (name := _service_named(one_line(error.subject, _NAME_CHARS), snapshot)):
        called = (snapshot.named("Service", name) or {}, None)
    if called is None:
        return None
    service, port = called
    if port and ports_of(service) and port not in [each.get("port") for each in ports_of(service)]:
        return None
    listening = [_listens_by(pod, snapshot) for pod in pods_behind(service, snapshot)]
    return max((each for each in listening if each is not None), default=None)


def _listens_by(pod: Json, snapshot: Snapshot) -> datetime | None:
    """A pod without a readiness probe is ready before it listens."""
    if not is_ready(pod):
        return timing.rollout_ends(pod, owner_of(pod, snapshot), snapshot)
    states = status_of(pod).get("containerStatuses") or ()
    started = (parse_time(((each.get("state") or {}).get("running") or {}).get("startedAt")) for each in states)
    newest = max((each for each in started if each is not None), default=None)
    return newest and newest + LISTENS_WITHIN


def _address(error: LogError, snapshot: Snapshot) -> str:
    host, _ = host_and_port(one_line(error.subject, _NAME_CHARS))
    if host in _ITSELF:
        return f"{host} is the container's own pod"
    called = service_called(error, snapshot)
    if called is None:
        return ""
    service, port = called
    ports = [each.get("port") for each in ports_of(service)]
    name = service["metadata"]["name"]
    if port and ports and port not in ports:
        return f"Service {name} has port {', '.join(map(str, ports))}, not {port}"
    return f"that is Service {name} of this namespace{_endpoints_said(service, snapshot)}"


def _endpoints_said(service: Json, snapshot: Snapshot) -> str:
    """Who answers there, where nobody does."""
    if not serves(service):
        return ""
    behind = pods_behind(service, snapshot)
    if not behind:
        return ", and there is no pod behind it"
    return "" if any(is_ready(pod) for pod in behind) else ", and no pod behind it is ready"


def host_and_port(address: str) -> tuple[str, int | None]:
    """An address taken apart; no port where it has none."""
    host, _, port = address.rpartition(":")
    return (host, int(port)) if port.isdecimal() and host else (address, None)


def _service(host: str, snapshot: Snapshot) -> Json | None:
    if at := service_at(host, snapshot):
        return at
    name, _, rest = host.partition(".")
    if rest and rest.split(".")[0] != snapshot.namespace:
        return None
    return snapshot.named("Service", name)


def _host(host: str, snapshot: Snapshot) -> str:
    name = _own_name(host, snapshot)
    if not name or not snapshot.has("Service"):
        return ""
    if _service_named(host, snapshot):
        return _headless_said(name, snapshot)
    near = get_close_matches(name, alike(name, snapshot.names("Service")), n=1, cutoff=0.5)
    nearest = f"; the nearest there is: {near[0]}" if near else ""
    return f"no Service of this namespace is called {name}{nearest}"


def _service_named(host: str, snapshot: Snapshot) -> str:
    """The name of the Service of the namespace that a host's name means; empty when there is none."""
    name = _own_name(host, snapshot)
    return name if name and snapshot.named("Service", name) else ""


def _own_name(host: str, snapshot: Snapshot) -> str:
    """The first part of a host's name that can be one of the namespace; else empty."""
    name, _, rest = host.partition(".")
    return "" if rest and not rest.startswith(snapshot.namespace) else name


def _headless_said(name: str, snapshot: Snapshot) -> str:
    """The name of a headless Service stands for its ready pods, and for nothing without them."""
    service = snapshot.named("Service", name) or {}
    if not (selects(service) and is_headless(service)) or any(map(is_ready, pods_behind(service, snapshot))):
        return ""
    return f"Service {name} is headless, and no pod behind it is ready"


def _neighbour(port: str, container: Container) -> str:
    for other in container.pod["spec"].get("containers") or ():
        declared = {str(each.get("containerPort")) for each in other.get("ports") or ()}
        if port in declared and other.get("name") != container.name:
            return f"container {other['name']} of the same pod has port {port}"
    return ""


def _variable(name: str, container: Container) -> str:
    names = {str(each.get("name")): each for each in container.spec.get("env") or ()}
    if not name:
        return ""
    if name in names:
        return f"its env sets {name} to nothing" if names[name].get("value") == "" else ""
    if near := get_close_matches(name, list(names), n=1, cutoff=0.8):
        return f"its env sets {near[0]}, not {name}"
    return "" if container.spec.get("envFrom") else f"its env does not set {name}"


def _file(path: str, container: Container, snapshot: Snapshot) -> str:
    if not path.startswith("/"):
        return ""
    found = mounted(path, container)
    if found is None:
        return "no volume of the container is mounted there"
    mount, volume = found
    if _has_key(path, mount, volume, snapshot):
        return f"{_volume_said(volume)} is mounted at {mount['mountPath']}, and has that file"
    return f"{_volume_said(volume)} is mounted at {mount['mountPath']}, and has no such file"


def _has_key(path: str, mount: Json, volume: Json, snapshot: Snapshot) -> bool:
    """Whether a ConfigMap that was read has the file: under its own name, or by `items` under another."""
    source = volume.get("configMap") or {}
    keys = (snapshot.named("ConfigMap", str(source.get("name"))) or {}).get("data") or {}
    items = source.get("items")
    files = {each.get("path") for each in items if each.get("key") in keys} if items else set(keys)
    inside = path.removeprefix(str(mount["mountPath"])).lstrip("/")
    return (mount.get("subPath") or inside) in files


def _interpreter(path: str, container: Container) -> str:
    """The container runtime has found the file, and the kernel not what its first line asks for."""
    found = mounted(path, container)
    if not path:
        return ""
    whose = f", from {_volume_said(found[1])}" if found else ""
    return (
        f"the file is there{whose}, and the interpreter that its first line (#!) names is not: mostly for Windows "
        "line endings"
    )


def _read_only(path: str, container: Container) -> str:
    found = mounted(path, container)
    if found is not None:
        return f"{_volume_said(found[1])} is mounted read-only at {found[0]['mountPath']}"
    context = container.spec.get("securityContext") or {}
    return "its readOnlyRootFilesystem is true" if context.get("readOnlyRootFilesystem") else ""


def _full(path: str, container: Container) -> str:
    found = mounted(path, container)
    if found is None:
        return ""
    mount, volume = found
    size = (volume.get("emptyDir") or {}).get("sizeLimit")
    limit = f", its sizeLimit is {size}" if size else ""
    return f"{_volume_said(volume)} is mounted at {mount['mountPath']}{limit}"


def _user(container: Container) -> str:
    own = container.spec.get("securityContext") or {}
    pods = container.pod["spec"].get("securityContext") or {}
    user = own.get("runAsUser", pods.get("runAsUser"))
    return "" if user is None else f"{said(container.owner)} runs it as user {user}"


def _volume_said(volume: Json) -> str:
    if name := (volume.get("configMap") or {}).get("name"):
        return f"ConfigMap {name}"
    if name := (volume.get("secret") or {}).get("secretName"):
        return f"Secret {name}"
    if name := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
        return f"PersistentVolumeClaim {name}"
    kind = "emptyDir " if "emptyDir" in volume else "volume "
    return f"{kind}{volume.get('name', '')}".strip()
