"""What the kubelet or the container runtime refuses to make of a container: its user, its mounts, its name.

Source: kubelet's pkg/kubelet/kuberuntime/security_context.go and pkg/kubelet/kubelet_pods.go; runc's messages.
"""

from __future__ import annotations

import re

from tools.diagnose.facts.containers import Container, refused_mount
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import about_owner
from tools.diagnose.facts.remedies import container_patched, deleted, described
from tools.diagnose.rules.containers.trouble import Trouble
from tools.diagnose.terms import Evidence, Json, Remedy, Snapshot
from tools.plaintext import one_line

_AS_ROOT = re.compile(r"runAsNonRoot and image will run as root|runAsUser breaks non-root policy")
_NOT_NUMERIC = re.compile(r"image has non-numeric user \(([^)]*)\)")
_SUB_PATH = re.compile(r'failed to (?:prepare subPath|create subPath directory) for volumeMount "([^"]+)"')
_NO_VALUE = re.compile(r"missing value for (\S+)")
_ROOTFS = re.compile(r'to rootfs at "([^"]+)"')
_NO_COMMAND = re.compile(r"no command specified")
_NAME_TAKEN = re.compile(r"container name .* (?:is reserved|already in use)")


def complaint(container: Container) -> str:
    """The message of who could not make the container; that of its last try where it waits for the next."""
    return refused_mount(container) or str(container.waiting.get("message") or "")


def trouble(container: Container, message: str, snapshot: Snapshot) -> Trouble | None:
    """What a message complains of; None when it is not one of the known complaints."""
    if _AS_ROOT.search(message) or _NOT_NUMERIC.search(message):
        return _user(container, message)
    if match := _SUB_PATH.search(message):
        return _sub_path(container, match[1])
    if match := _NO_VALUE.search(message):
        return _no_value(container, match[1])
    if match := _ROOTFS.search(message):
        return _covered(container, match[1], message, snapshot)
    if _NO_COMMAND.search(message):
        return _no_command(container)
    if _NAME_TAKEN.search(message):
        return _name_taken(container)
    return None


def _user(container: Container, message: str) -> Trouble:
    wanted = container.spec.get("securityContext") or {}
    whole = container.pod["spec"].get("securityContext") or {}
    user = wanted["runAsUser"] if wanted.get("runAsUser") is not None else whole.get("runAsUser")
    image = one_line(str(container.spec.get("image") or ""))
    if match := _NOT_NUMERIC.search(message):
        said = f"it must not run as root, and its image {image} names its user {one_line(match[1])} by no number"
    elif user == 0:
        said = "it must not run as root (runAsNonRoot), and its runAsUser is 0, which is root"
    else:
        said = f"it must not run as root (runAsNonRoot), and its image {image} runs as root"
    place = "securityContext" if "runAsNonRoot" in wanted else "the pod's securityContext"
    return Trouble(
        said,
        "With runAsNonRoot the kubelet starts a container only when it sees a user number other than 0: "
        "securityContext.runAsUser, or else USER in the image. A name it cannot check.",
        (
            container_patched(
                container,
                "Run it as a number other than 0 (1000, where the image's files allow it)",
                {"securityContext": {"runAsUser": 1000}},
            ),
        ),
        (
            about_owner(
                "spec",
                container.owner,
                f"{place}: runAsNonRoot true, {'no runAsUser' if user is None else f'runAsUser {user}'}",
            ),
        ),
    )


def _sub_path(container: Container, volume: str) -> Trouble:
    mounts = [one for one in container.spec.get("volumeMounts") or () if one.get("name") == volume]
    paths = ", ".join(one_line(str(one["subPath"]), 100) for one in mounts if one.get("subPath"))
    return Trouble(
        f"subPath {paths or '(from an expression)'} of its volume {one_line(volume, 63)} cannot be prepared",
        "A subPath is one file or directory inside the volume. A part of it that is a file where a directory is "
        "needed, or a link that leads out of the volume, cannot be mounted.",
        (
            edit(
                container.owner, "Name a subPath that is in the volume (of a ConfigMap or Secret: one of its keys)"
            ),
        ),
        tuple(_mount_said(container, one) for one in mounts),
    )


def _no_value(container: Container, variable: str) -> Trouble:
    name = one_line(variable, 100)
    mounts = [
        one for one in container.spec.get("volumeMounts") or () if f"$({variable})" in str(one.get("subPathExpr"))
    ]
    return Trouble(
        f"its subPathExpr names the variable {name}, which its env does not define",
        "A subPathExpr is expanded from the container's own env, before the container is made.",
        (
            container_patched(
                container, f"Define {name} in its env", {"env": [{"name": variable, "value": "VALUE"}]}
            ),
        ),
        tuple(about_owner("spec", container.owner, f"subPathExpr: {one['subPathExpr']}") for one in mounts),
    )


def _covered(container: Container, path: str, message: str, snapshot: Snapshot) -> Trouble:
    mount: Json = next(
        (
            one
            for one in container.spec.get("volumeMounts") or ()
            if str(one.get("mountPath")).rstrip("/") == path.rstrip("/")
        ),
        {},
    )
    where = one_line(path, 200)
    volume = f"its volume {one_line(str(mount['name']), 63)}" if mount.get("name") else "a volume"
    if "not a directory" not in message:
        reason = one_line(message.removesuffix(": unknown").rpartition(": ")[2], 100)
        said = f"{volume} cannot be mounted at {where} ({reason})"
    elif mount.get("subPath"):
        said = f"a file and a directory meet where {volume} is mounted at {where}, and one must be as the other"
    else:
        said = f"{volume} is a directory, but {where} is a file in its image"
    key = _key_for(path, mount, container.pod, snapshot)
    return Trouble(
        said,
        "A volume is a directory and can only be mounted on one. To put one file in place of another, mount a "
        "single entry of the volume with subPath.",
        (_mount_one(container, mount, key, where),),
        (_mount_said(container, mount),) if mount else (),
    )


def _mount_said(container: Container, mount: Json) -> Evidence:
    sub_path = f", subPath {mount['subPath']}" if mount.get("subPath") else ""
    expression = f", subPathExpr {mount['subPathExpr']}" if mount.get("subPathExpr") else ""
    told = f"volumeMount {mount.get('name')}: mountPath {mount.get('mountPath')}{sub_path}{expression}"
    return about_owner("spec", container.owner, told)


def _key_for(path: str, mount: Json, pod: Json, snapshot: Snapshot) -> str | None:
    """The key of a mounted ConfigMap that has the file's own name."""
    volume: Json = next(
        (one for one in pod["spec"].get("volumes") or () if one.get("name") == mount.get("name")), {}
    )
    name = (volume.get("configMap") or {}).get("name")
    keys = (snapshot.named("ConfigMap", name) or {}).get("data") or () if name else ()
    wanted = path.rpartition("/")[2]
    return wanted if wanted in keys else None


def _mount_one(container: Container, mount: Json, key: str | None, where: str) -> Remedy:
    if mount and key and not mount.get("subPath"):
        change = {"volumeMounts": [{"mountPath": mount["mountPath"], "name": mount["name"], "subPath": key}]}
        return container_patched(container, f"Mount only the file {key} there, with subPath", change)
    return edit(container.owner, f"Mount it in a directory, or only one file of it at {where}, with subPath")


def _no_command(container: Container) -> Trouble:
    image = one_line(str(container.spec.get("image") or ""))
    return Trouble(
        f"its image {image} names no command, and the container gives none",
        "What runs is the container's command and args, or else ENTRYPOINT and CMD of its image.",
        (container_patched(container, "Say what it runs", {"command": ["PROGRAM"]}),),
    )


def _name_taken(container: Container) -> Trouble:
    return Trouble(
        "the container runtime still has a container of its name",
        "A container of that name was not removed on the node: the runtime is slow there, or lost track of it. "
        "It mostly ends by itself; another pod gets another name.",
        (
            deleted(container.pod_ref, "Delete the pod: its controller makes another")
            if container.owner.kind != "Pod"
            else described(container.pod_ref, "See what the node says"),
        ),
    )
