"""What of cluster and cloud together keeps a pod from its image or its database: one thing after another."""

from __future__ import annotations

import base64
import binascii
import json
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.diagnose.facts.network_policies import Peer, Port, allowed, selecting
from tools.frame import Result
from tools.json import Json

State = Literal["ok", "broken", "unknown"]


@dataclass(frozen=True, slots=True)
class Link:
    """One thing that has to be so. `next` is what mends it."""

    of: str
    state: State
    text: str
    next: str = ""

    def __str__(self) -> str:
        return f"{self.state:<8} {self.of}: {self.text}" + (f". Next: {self.next}" if self.next else "")


@dataclass(frozen=True, slots=True)
class Login:
    """How pods log in to a registry: what renews it, who pulls without a pull secret, how long a token lives."""

    renew: str
    without: str
    lives: timedelta


def images_of(cluster: Cluster, namespace: str, pod: str | None, pattern: re.Pattern[str]) -> dict[str, Json]:
    """The images of one cloud's registries -> a pod that runs it; of one pod, or all of a namespace."""
    pods = [cluster.get("Pod", pod, namespace)] if pod else list(cluster.list("Pod", namespace))
    return {
        str(container["image"]): each
        for each in pods
        for container in (*(each["spec"].get("initContainers") or ()), *each["spec"]["containers"])
        if pattern.fullmatch(str(container["image"]))
    }


def login(cluster: Cluster, namespace: str, pod: Json, host: str, how: Login) -> Link:
    """The pod's pull secrets; without one, the node itself is asked to log in, which nobody here can see."""
    of = f"login of pod {pod['metadata']['name']}"
    mine: list[Json] = []
    for name in [each["name"] for each in pod["spec"].get("imagePullSecrets") or ()]:
        try:
            secret = cluster.get("Secret", name, namespace)
        except NotFound:
            return Link(of, "broken", f"its pull secret {name} is not there", how.renew)
        except Forbidden:
            return Link(of, "unknown", f"its pull secret {name} may not be read")
        if host in _registries(secret):
            mine.append(secret)
    if not mine:
        text = f"no pull secret of it is for {host}: {how.without}"
        return Link(of, "unknown", text, f"{how.renew}, and link it to the service account")
    newest = max(str(each["metadata"]["creationTimestamp"]) for each in mine)
    age, hours = datetime.now(UTC) - datetime.fromisoformat(newest), how.lives.total_seconds() / 3600
    if age > how.lives:
        text = f"its token is {age.total_seconds() / 3600:.0f} h old, and ends after {hours:.0f} h"
        return Link(of, "broken", text, how.renew)
    return Link(of, "ok", f"its token is from {newest}, and is valid for {hours:.0f} h")


def _registries(secret: Json) -> list[str]:
    """The hosts that a pull secret is for; none where it cannot be read."""
    try:
        return list(json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"])
    except (LookupError, ValueError, TypeError, binascii.Error):
        return []


def address_of(host: str) -> str:
    """Where the name leads from here; empty where it leads nowhere."""
    try:
        return str(socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)[0][4][0]) if host else ""
    except OSError:
        return ""


def dns(host: str, address: str) -> Link:
    """Whether its name leads anywhere."""
    if not host:
        return Link("DNS", "broken", "it has no endpoint yet", "wait until it is available")
    if address:
        return Link("DNS", "ok", f"{host} leads to {address}")
    return Link("DNS", "unknown", f"{host} leads nowhere from this machine; the cluster may see more")


def node_addresses(nodes: Iterable[Json]) -> Iterator[str]:
    """The nodes' own addresses."""
    for node in nodes:
        for each in (node.get("status") or {}).get("addresses") or ():
            if each.get("type") == "InternalIP":
                yield each["address"]


def policies(cluster: Cluster, namespace: str, labels: Json, address: str, port: int) -> Link:
    """Whether the namespace's network policies let a pod with these labels out to the database."""
    try:
        holding = selecting(list(cluster.list("NetworkPolicy", namespace)), labels, "Egress")
    except Forbidden:
        return Link("network policies", "unknown", f"those of {namespace} may not be read")
    if not holding:
        return Link("network policies", "ok", "none holds the pod back")
    names = ", ".join(each["metadata"]["name"] for each in holding)
    may = allowed(holding, "Egress", Peer(None, all_labels=False, address=address or None), Port(port), namespace)
    if may is None:
        return Link("network policies", "unknown", f"whether {names} let it out depends on the database's address")
    if may:
        return Link("network policies", "ok", f"{names} let it out on port {port}")
    where = f"{address}/32:{port}" if address else f"CIDR:{port}"
    return Link(
        "network policies", "broken", f"{names} let nothing out to port {port} of the database",
        f"an egress rule for the application: desk generate-manifest APP --egress {where}",
    )  # fmt: skip


def told(what: str, links: list[Link]) -> Result:
    """Those that are broken first; bad news where there is one."""
    order: tuple[State, ...] = ("broken", "unknown", "ok")
    links = sorted(links, key=lambda link: order.index(link.state))
    broken = [link for link in links if link.state == "broken"]
    head = f"{what}: {len(broken)} broken" if broken else f"{what}: nothing is broken that can be seen"
    return Result("\n".join([head, *map(str, links)]), {"links": [asdict(link) for link in links]}, ok=not broken)
