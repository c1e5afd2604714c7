"""What covers a path of a container: the volume it lies in, what that hides, and who may read it there.

Source: https://kubernetes.io/docs/concepts/storage/volumes/ and
https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tools.diagnose.facts.containers import Container
from tools.json import Json

TOKEN_AT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  a path
PATH_DIRECTORIES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""The PATH of nearly every image."""
_OTHERS_READ, _GROUP_READS = 0o004, 0o040
_ANYBODY_RUNS = 0o111
_DEFAULT_MODE = 0o644

VolumeKind = Literal["configMap", "secret", "projected", "emptyDir", "hostPath", "persistentVolumeClaim", "other"]
_KINDS: tuple[VolumeKind, ...] = (
    "configMap",
    "secret",
    "projected",
    "emptyDir",
    "hostPath",
    "persistentVolumeClaim",
)


class Cover(msgspec.Struct, frozen=True):
    """The volume that a path lies in, as the container mounts it."""

    mount: Json
    volume: Json

    @property
    def at(self) -> str:
        """`mountPath`, without a slash at its end."""
        return str(self.mount.get("mountPath")).rstrip("/") or "/"

    @property
    def name(self) -> str:
        return str(self.volume.get("name") or self.mount.get("name") or "")

    @property
    def kind(self) -> VolumeKind:
        return next((each for each in _KINDS if each in self.volume), "other")

    @property
    def source(self) -> Json:
        found = self.volume.get(self.kind)
        return found if isinstance(found, dict) else {}

    @property
    def said(self) -> str:
        """`Secret signing-key`, `volume data (emptyDir)`, `volume logs (hostPath /var/log)`."""
        match self.kind:
            case "configMap":
                return f"ConfigMap {self.source.get('name')}"
            case "secret":
                return f"Secret {self.source.get('secretName')}"
            case "persistentVolumeClaim":
                return f"PersistentVolumeClaim {self.source.get('claimName')}"
            case "hostPath":
                return f"volume {self.name} (hostPath {self.source.get('path')})"
            case kind:
                return f"volume {self.name}" + (f" ({kind})" if kind != "other" else "")

    def mode(self, path: str) -> int | None:
        """The mode of a file that the kubelet writes there; None of other volumes."""
        if self.kind not in ("configMap", "secret", "projected"):
            return None
        inside = path.removeprefix(self.at).lstrip("/") or str(self.mount.get("subPath") or "")
        own: Json = next((each for each in self.source.get("items") or () if each.get("path") == inside), {})
        found = own.get("mode")
        if found is None:
            found = self.source.get("defaultMode")
        return _DEFAULT_MODE if found is None else int(found)


def cover_of(path: str, container: Container) -> Cover | None:
    """The deepest mount that a path lies in; None where it is of the image."""
    if not path.startswith("/"):
        return None
    mounts = [
        mount
        for mount in container.spec.get("volumeMounts") or ()
        if f"{path.rstrip('/')}/".startswith(f"{str(mount.get('mountPath')).rstrip('/')}/")
    ]
    if not mounts:
        return None
    mount = max(mounts, key=lambda each: len(str(each.get("mountPath"))))
    volumes = container.pod["spec"].get("volumes") or ()
    return Cover(mount, next((each for each in volumes if each.get("name") == mount.get("name")), {}))


def mounts_token(container: Container) -> bool:
    """Whether the container has the token of its service account."""
    mounts = container.spec.get("volumeMounts") or ()
    return any(str(each.get("mountPath")).rstrip("/") == TOKEN_AT for each in mounts)


def fills(volume: str, container: Container) -> str:
    """Another container of the pod that mounts a volume, and may fill it; empty where none does."""
    spec = container.pod["spec"]
    return next(
        (
            str(other["name"])
            for other in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
            if other.get("name") != container.name
            and any(each.get("name") == volume for each in other.get("volumeMounts") or ())
        ),
        "",
    )


def user_of(container: Container) -> int | None:
    """Whom it runs as, where the pod says so; else the image does."""
    own = container.spec.get("securityContext") or {}
    pods = container.pod["spec"].get("securityContext") or {}
    found = own.get("runAsUser", pods.get("runAsUser"))
    return None if found is None else int(found)


def group_of(container: Container) -> int | None:
    """The pod's fsGroup."""
    found = (container.pod["spec"].get("securityContext") or {}).get("fsGroup")
    return None if found is None else int(found)


def may_read(mode: int, *, in_group: bool) -> bool:
    """Whether a user other than root may read a file of root's with that mode; fsGroup gives the group its read."""
    return bool(mode & _OTHERS_READ) or in_group


def may_run(mode: int) -> bool:
    """Whether anybody may execute it."""
    return bool(mode & _ANYBODY_RUNS)


def octal(mode: int) -> str:
    """`0400`."""
    return f"{mode:04o}"
