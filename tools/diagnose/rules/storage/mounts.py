"""What the kubelet says when a volume cannot be mounted or attached, or a pod's network is not set up.

Source: kubelet's pkg/volume and pkg/kubelet/kuberuntime, https://kubernetes.io/docs/concepts/storage/volumes/
"""

from __future__ import annotations

import re

from tools.diagnose.rules.containers.trouble import Trouble
from tools.diagnose.terms import Json, Remedy
from tools.plaintext import one_line

_HOST_PATH = re.compile(r"hostPath type check failed: (.+)", re.S)
_NO_DRIVER = re.compile(r"driver name (\S+) not found in the list of registered CSI drivers")
_IN_USE = re.compile(r"Volume is already used by (?:pod\(s\) ([^\n]+)|(\d+) pod)")
_MULTI_ATTACH = re.compile(r"Multi-Attach error for volume \"([^\"]+)\"")
_OUTPUT = re.compile(r"Output: (.+?)(?:\n\s*dmesg|$)", re.S)
_ATTACH = re.compile(r"AttachVolume\.Attach failed for volume \"([^\"]+)\"\s*:\s*(.+)", re.S)
_TIMED_OUT = re.compile(r"timed out waiting for the condition|context deadline exceeded")
_PREFIX = re.compile(r'^(MountVolume|UnmapVolume|MapVolume|AttachVolume)\.\w+ failed for volume "[^"]*"\s*:\s*')
_KUBELET_DIR = re.compile(r"/\S*/pods/[0-9a-f-]{36}/volumes/\S+?:?(?=\s|$)")
_PLUGIN = re.compile(r'plugin type="?([\w.-]+)"?')
_NO_RUNTIME = re.compile(r'no runtime for "([^"]+)" is configured')


def mount_trouble(message: str, volume: str, pod: Json) -> Trouble:
    """The trouble with one volume, from the kubelet's message and the pod's specification."""
    node = one_line(str(pod["spec"].get("nodeName")), 120)
    source: Json = next((each for each in pod["spec"].get("volumes") or () if each.get("name") == volume), {})
    if match := _HOST_PATH.search(message):
        return _host_path(match[1], node)
    if match := _NO_DRIVER.search(message):
        return _no_driver(match[1], node)
    if match := _MULTI_ATTACH.search(message):
        return _multi_attach(match[1], message)
    if source.get("nfs"):
        return _nfs(source["nfs"], message)
    if match := _ATTACH.search(message):
        return Trouble(
            f"{one_line(match[1], 120)} cannot be attached to node {node}: {one_line(match[2], 200)}",
            "A disk is attached to the node before it is mounted; the storage's controller refuses or fails.",
            (Remedy("See what is attached where", "kubectl get volumeattachments", "read"),),
        )
    if _TIMED_OUT.search(message):
        return Trouble(
            f"it was not ready in time on node {node}, and the kubelet does not say why",
            "The kubelet waits two minutes for volumes, then says so and goes on waiting. "
            "The storage's driver on that node knows more.",
        )
    return Trouble(
        _plain(message), "The kubelet mounts all volumes before it makes the first container, and tries again."
    )


def sandbox_trouble(message: str, pod: Json) -> Trouble:
    """Why the sandbox of a pod, which holds its network, cannot be made."""
    node = one_line(str(pod["spec"].get("nodeName")), 120)
    if match := _NO_RUNTIME.search(message):
        return Trouble(
            f"node {node} has no container runtime handler {one_line(match[1], 80)}",
            "A RuntimeClass names a handler that the container runtime of the node must be configured with.",
            (Remedy("See the runtime classes and their handlers", "kubectl get runtimeclasses", "read"),),
            subject="the sandbox of a pod cannot be made",
        )
    plugin = _PLUGIN.search(message)
    who = f"the network plugin {plugin[1]} fails" if plugin else "the container runtime fails"
    return Trouble(
        f"on node {node} {who}: {one_line(message.rpartition('): ')[2] or message, 200)}",
        "Before the first container, the runtime makes the pod's sandbox and asks the network plugin (CNI) "
        "for an address. It is the same for every new pod on that node, until the plugin works again.",
        (Remedy("See whether the network plugin's pods run", "kubectl get pods -n kube-system -o wide", "read"),),
    )


def _host_path(said: str, node: str) -> Trouble:
    return Trouble(
        f"hostPath {one_line(said, 200)} on node {node}",
        "A hostPath volume with a type (Directory, File, Socket) is only mounted where the node has it; "
        "DirectoryOrCreate makes an empty directory.",
    )


def _no_driver(name: str, node: str) -> Trouble:
    return Trouble(
        f"node {node} has no CSI driver {one_line(name, 120)}",
        "A CSI volume is mounted by its driver, which runs on every node (a DaemonSet) and registers itself with "
        "the kubelet. It is not installed, or does not run on that node.",
        (Remedy("See which drivers each node has", "kubectl get csinodes -o yaml", "read"),),
    )


def _multi_attach(name: str, message: str) -> Trouble:
    match = _IN_USE.search(message)
    holder = f" by {one_line(match[1] or f'{match[2]} pod(s)', 120)}" if match else " on another node"
    return Trouble(
        f"{one_line(name, 120)} is in use{holder} and cannot be attached to a second node",
        "A ReadWriteOnce volume is on one node at a time. During a rollout the old pod still holds it: strategy "
        "Recreate ends it first. After a lost node it is free when that node's pods are deleted.",
        (Remedy("See which node the volume is attached to", "kubectl get volumeattachments", "read"),),
    )


def _nfs(nfs: Json, message: str) -> Trouble:
    share = one_line(f"{nfs.get('server')}:{nfs.get('path')}", 160)
    return Trouble(
        f"NFS share {share}: {_plain(message)}",
        "The node mounts the share: it needs the NFS client programs, must resolve and reach the server, and the "
        "server must export that path to it.",
    )


def _plain(message: str) -> str:
    """The decisive part of a message, without the kubelet's own paths."""
    output = _OUTPUT.search(message)
    text = _PREFIX.sub("", output[1] if output else message)
    return one_line(_KUBELET_DIR.sub("", text), 200) or "the kubelet does not say why"
