"""What a container may do on its node. Source of most: the Pod Security Standards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.validation import edits
from tools.validation.edits import Edit
from tools.validation.fault import Fault
from tools.validation.manifests import Container, PodTemplate, items, mapping, mappings
from tools.validation.parsing import Path
from tools.validation.rule import Context, Rule

_STANDARDS = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
_CONTEXT = "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"
_DANGEROUS = frozenset(
    {"ALL", "SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_MODULE", "SYS_RAWIO", "BPF", "DAC_READ_SEARCH"}
)


def _of(container: Container) -> dict[str, Any]:
    return mapping(container.spec.get("securityContext"))


def _of_pod(pod: PodTemplate) -> dict[str, Any]:
    return mapping(pod.spec.get("securityContext"))


def _effective(container: Container, name: str) -> Any:
    """A setting of the container, else of its pod."""
    own = _of(container).get(name)
    return _of_pod(container.pod).get(name) if own is None else own


def _is_windows(container: Container) -> bool:
    return mapping(container.pod.spec.get("os")).get("name") == "windows"


def _where(container: Container, *below: str) -> Path:
    """The path of a setting, or of what lacks it."""
    path = container.path
    for step in ("securityContext", *below):
        if step not in container.pod.manifest.node.at(path).keys:
            return path
        path = (*path, step)
    return path


def _containers(context: Context) -> Iterator[Container]:
    """Those of Linux; and not those that are privileged, of which that alone is told."""
    for container in context.manifests.containers:
        if not _is_windows(container) and _of(container).get("privileged") is not True:
            yield container


def _privileged(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        if _of(container).get("privileged") is True:
            path = (*container.path, "securityContext", "privileged")
            yield Fault(container.pod.manifest, path, f"{container.name} is privileged", container.name)


def _is_non_root(container: Container) -> bool:
    user = _effective(container, "runAsUser")
    return _effective(container, "runAsNonRoot") is True or (isinstance(user, int) and user > 0)


def _root(context: Context) -> Iterator[Fault]:
    for container in _containers(context):
        user = _effective(container, "runAsUser")
        if user == 0 and not isinstance(user, bool):
            yield Fault(
                container.pod.manifest,
                _where(container, "runAsUser"),
                f"{container.name} runs as root",
                container.name,
            )
        elif not _is_non_root(container):
            says = f"{container.name} may run as root: neither runAsNonRoot nor runAsUser is set"
            yield Fault(container.pod.manifest, _where(container), says, container.name)


def _added(container: Container, lines: tuple[str, ...]) -> tuple[Edit, ...]:
    """Lines added to the securityContext of a container that is no root: it loses nothing by them."""
    if not _is_non_root(container):
        return ()
    path = (*container.path, "securityContext")
    node = container.pod.manifest.node.at(container.path)
    if "securityContext" in node.keys:
        return edits.inserted(container.pod.manifest, path, lines) if _of(container) else ()
    block = ("securityContext:", *(f"  {line}" for line in lines))
    return edits.inserted(container.pod.manifest, container.path, block)


def _escalation(context: Context) -> Iterator[Fault]:
    for container in _containers(context):
        value = _of(container).get("allowPrivilegeEscalation")
        if value is not False:
            says = "allowPrivilegeEscalation is true" if value else "allowPrivilegeEscalation is not set to false"
            path = _where(container, "allowPrivilegeEscalation")
            edit = _added(container, ("allowPrivilegeEscalation: false",)) if value is None else ()
            yield Fault(container.pod.manifest, path, says, container.name, edit)


def _capabilities(context: Context) -> Iterator[Fault]:
    for container in _containers(context):
        capabilities = mapping(_of(container).get("capabilities"))
        dropped = {str(each).upper() for each in items(capabilities.get("drop"))}
        if "ALL" not in dropped:
            lines = ("capabilities:", "  drop: [ALL]")
            edit = () if "capabilities" in _of(container) else _added(container, lines)
            says = "the capabilities are not dropped"
            yield Fault(container.pod.manifest, _where(container, "capabilities"), says, container.name, edit)


def _dangerous(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        added = items(mapping(_of(container).get("capabilities")).get("add"))
        for index, name in enumerate(added):
            if str(name).upper().removeprefix("CAP_") in _DANGEROUS:
                path = (*container.path, "securityContext", "capabilities", "add", index)
                yield Fault(
                    container.pod.manifest, path, f"{container.name} gets the capability {name}", container.name
                )


def _seccomp(context: Context) -> Iterator[Fault]:
    for container in _containers(context):
        profile = mapping(_effective(container, "seccompProfile")).get("type")
        if profile not in ("RuntimeDefault", "Localhost"):
            says = "seccomp is off" if profile else "no seccompProfile is set"
            lines = ("seccompProfile:", "  type: RuntimeDefault")
            edit = () if profile else _added(container, lines)
            yield Fault(container.pod.manifest, _where(container, "seccompProfile"), says, container.name, edit)


def _writable(context: Context) -> Iterator[Fault]:
    for container in _containers(context):
        if _of(container).get("readOnlyRootFilesystem") is not True:
            path = _where(container, "readOnlyRootFilesystem")
            yield Fault(container.pod.manifest, path, "the root file system can be written", container.name)


def _host(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.pods:
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(name) is True:
                yield Fault(pod.manifest, (*pod.path, name), f"{name}: the pod shares the node's")


def _host_paths(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.pods:
        for index, volume in mappings(pod.spec.get("volumes")):
            where = mapping(volume.get("hostPath")).get("path")
            if where is not None:
                path = (*pod.path, "volumes", index, "hostPath", "path")
                yield Fault(pod.manifest, path, f"the volume {volume.get('name')} is the node's {where}")


def _host_ports(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        if container.pod.spec.get("hostNetwork") is True:
            continue
        for index, port in mappings(container.spec.get("ports")):
            if port.get("hostPort"):
                path = (*container.path, "ports", index, "hostPort")
                yield Fault(
                    container.pod.manifest, path, f"port {port['hostPort']} of the node is taken", container.name
                )


def _token(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.pods:
        account = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount") or "default"
        if account != "default" or pod.spec.get("automountServiceAccountToken") is not None:
            continue  # an account of its own is there to be used
        known = context.manifests.get("ServiceAccount", pod.namespace, "default")
        if known is None or known.data.get("automountServiceAccountToken") is not False:
            says = "the pod gets the token of the service account default"
            yield Fault(pod.manifest, pod.path, says)


RULES = (
    Rule(
        "PrivilegedContainer",
        "warning",
        "A container is privileged.",
        "It is root on the node: who takes it over has the node and every pod there.",
        "Take privileged out, and add the one capability that is needed.",
        f"{_STANDARDS}#baseline",
        _privileged,
    ),
    Rule(
        "RunsAsRoot",
        "warning",
        "A container runs as root, or may.",
        "By a flaw of the runtime or a mounted path, root in the container is root on the node; namespaces of the "
        "level restricted refuse it.",
        "runAsNonRoot: true, and an image whose USER is a number.",
        f"{_STANDARDS}#restricted",
        _root,
    ),
    Rule(
        "PrivilegeEscalation",
        "warning",
        "A process may get more rights than its parent.",
        "A setuid program in the image makes root of any user; namespaces of the level restricted refuse it.",
        "allowPrivilegeEscalation: false.",
        f"{_STANDARDS}#restricted",
        _escalation,
    ),
    Rule(
        "CapabilitiesKept",
        "warning",
        "A container keeps the default capabilities.",
        "They allow raw packets and other users' files; namespaces of the level restricted refuse it.",
        "capabilities: drop [ALL], and add the one that is needed.",
        f"{_STANDARDS}#restricted",
        _capabilities,
    ),
    Rule(
        "DangerousCapability",
        "warning",
        "A container gets a capability that reaches the node.",
        "SYS_ADMIN, SYS_PTRACE and their like are root by another name.",
        "Take it out, or keep the workload in a namespace of its own.",
        f"{_STANDARDS}#baseline",
        _dangerous,
    ),
    Rule(
        "SeccompMissing",
        "warning",
        "No seccomp profile restricts the system calls.",
        "All of the kernel's calls are open to who takes it over; namespaces of the level restricted refuse it.",
        "seccompProfile: type RuntimeDefault, on the pod.",
        f"{_STANDARDS}#restricted",
        _seccomp,
    ),
    Rule(
        "WritableRootFilesystem",
        "info",
        "The container's root file system can be written.",
        "Who takes it over can put programs there, and what is written is lost at each restart.",
        "readOnlyRootFilesystem: true, with an emptyDir where it must write.",
        _CONTEXT,
        _writable,
    ),
    Rule(
        "HostNamespace",
        "warning",
        "The pod shares the node's network, processes or memory.",
        "It sees and reaches what is not its own, past every NetworkPolicy.",
        "Take it out, unless it is an agent of the node.",
        f"{_STANDARDS}#baseline",
        _host,
    ),
    Rule(
        "HostPathMounted",
        "warning",
        "The pod mounts a path of its node.",
        "It binds the pod to that node, and gives it the node's files; with the runtime's socket, the node itself.",
        "A PersistentVolumeClaim, an emptyDir or a ConfigMap.",
        "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
        _host_paths,
    ),
    Rule(
        "HostPortUsed",
        "warning",
        "A container takes a port of its node.",
        "Two such pods cannot be on one node, and the port is open to whoever reaches the node.",
        "A Service.",
        f"{_STANDARDS}#baseline",
        _host_ports,
    ),
    Rule(
        "TokenMounted",
        "info",
        "A pod gets the API token of the default service account, which it hardly needs.",
        "Who takes the container over can talk to the API with it.",
        "automountServiceAccountToken: false; an application that asks the API gets an account of its own.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
        _token,
    ),
)
