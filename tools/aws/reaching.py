"""What of cluster and cloud together keeps a pod from its image, or from its database: link by link.

Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Troubleshooting.html#CHAP_Troubleshooting.Connecting
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tools.aws.owner import aws_of
from tools.cloud.aws import ecr, rds
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.diagnose.facts.network_policies import Peer, Port, allowed, selecting
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws

_IMAGE = re.compile(
    r"(?P<host>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
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


def why_no_pull(
    context: ToolContext,
    *,
    namespace: Namespace,
    pod: Annotated[Name | None, Field(description="One pod; without it, all of the namespace.")] = None,
) -> Result:
    """Find out why pods cannot pull their images from Amazon ECR: the image, the login and its age, the account."""
    aws, cluster = aws_of(context), context.cluster
    refuse_unless_there(cluster, namespace)
    pods = [cluster.get("Pod", pod, namespace)] if pod else list(cluster.list("Pod", namespace))
    wanted = {
        str(container["image"]): each
        for each in pods
        for container in (*(each["spec"].get("initContainers") or ()), *each["spec"]["containers"])
        if _IMAGE.fullmatch(str(container["image"]))
    }
    if not wanted:
        what = f"pod {pod}" if pod else f"pods of {namespace}"
        return Result(f"No image of {what} is in ECR. desk debug-pod {namespace} finds why an image is not pulled.")
    links = [link for image, each in wanted.items() for link in _of_image(aws, cluster, namespace, image, each)]
    return _told(f"images of ECR in {namespace}", links)


def _of_image(aws: Aws, cluster: Cluster, namespace: str, image: str, pod: Json) -> Iterator[Link]:
    found = _IMAGE.fullmatch(image)
    if found is None:
        return
    yield from _in_registry(aws, image, found)
    yield _login(cluster, namespace, pod, found["host"])


def _in_registry(aws: Aws, image: str, found: re.Match[str]) -> Iterator[Link]:
    here = aws.account
    if (found["account"], found["region"]) != (here.id, here.region):
        text = f"it is in {found['account']}/{found['region']}, and these credentials are of {here.place}"
        yield Link(image, "unknown", f"{text}: what is there was not looked at", "credentials of that account")
        return
    which = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
    try:
        aws.call("ecr", "describe_images", repositoryName=found["repository"], imageIds=[which])
        yield Link(image, "ok", "it is in the repository")
    except NotFound:
        there = aws.kind(ecr.REPOSITORY).read(found["repository"])
        if there is None:
            command = f"desk cloud aws ecr create {found['repository']} -n NAMESPACE, then push"
            yield Link(image, "broken", f"there is no repository {found['repository']} in {here.place}", command)
        else:
            command = f"desk cloud aws ecr images --repository {found['repository']} lists what is there"
            yield Link(image, "broken", f"the repository has no {next(iter(which.values()))}", command)


def _login(cluster: Cluster, namespace: str, pod: Json, host: str) -> Link:
    """The pod's pull secrets; without one, the node's own role is asked, which nobody here can see."""
    names = [each["name"] for each in pod["spec"].get("imagePullSecrets") or ()]
    of = f"login of pod {pod['metadata']['name']}"
    renew = f"desk cloud aws ecr pull-secret -n {namespace}"
    mine: list[Json] = []
    for name in names:
        try:
            secret = cluster.get("Secret", name, namespace)
        except NotFound:
            return Link(of, "broken", f"its pull secret {name} is not there", renew)
        except Forbidden:
            return Link(of, "unknown", f"its pull secret {name} may not be read")
        if host in _registries(secret):
            mine.append(secret)
    if not mine:
        text = f"no pull secret of it is for {host}: only the node's own role can pull"
        return Link(of, "unknown", text, f"{renew}, and link it to the service account")
    newest = max(str(each["metadata"]["creationTimestamp"]) for each in mine)
    age = datetime.now(UTC) - datetime.fromisoformat(newest)
    if age > timedelta(hours=ecr.LOGIN_HOURS):
        hours = age.total_seconds() / 3600
        return Link(of, "broken", f"its token is {hours:.0f} h old, and ends after {ecr.LOGIN_HOURS} h", renew)
    return Link(of, "ok", f"its token is from {newest}, and is valid for {ecr.LOGIN_HOURS} h")


def _registries(secret: Json) -> list[str]:
    """The hosts that a pull secret is for; none where it cannot be read."""
    try:
        return list(json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"])
    except (LookupError, ValueError, TypeError, binascii.Error):
        return []


def why_no_database(
    context: ToolContext,
    *,
    database: Annotated[str, Field(min_length=1, max_length=63, description="The database in Amazon RDS.")],
    namespace: Namespace,
    pod: Annotated[Name | None, Field(description="The pod that cannot reach it.")] = None,
) -> Result:
    """Find out why a namespace cannot reach its database in Amazon RDS: state, DNS, security groups, policies."""
    aws, cluster = aws_of(context), context.cluster
    refuse_unless_there(cluster, namespace)
    found = rds.describe(aws, database)
    if found is None:
        raise ToolFailed(f"There is no database {database} in RDS of {aws.account.place}.")
    endpoint = found.get("Endpoint") or {}
    port = int(endpoint.get("Port") or 0)
    address = _address(str(endpoint.get("Address") or ""))
    labels = cluster.get("Pod", pod, namespace)["metadata"].get("labels") or {} if pod else {}
    links = [
        _state(database, found),
        _dns(str(endpoint.get("Address") or ""), address),
        _firewall(aws, cluster, found, port),
        _policies(cluster, namespace, labels, address, port),
    ]
    return _told(f"database {database} from {namespace}", links)


def _state(database: str, found: Json) -> Link:
    status = str(found.get("DBInstanceStatus"))
    if status == "stopped":
        start = f"aws rds start-db-instance --db-instance-identifier {database}"
        return Link("state", "broken", "it is stopped", start)
    is_well = status in ("available", "backing-up", "storage-optimization")
    return Link("state", "ok" if is_well else "broken", f"RDS says {status}", "" if is_well else "wait, or ask AWS")


def _address(host: str) -> str:
    """Where the name leads from here; empty where it leads nowhere."""
    try:
        return str(socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)[0][4][0]) if host else ""
    except OSError:
        return ""


def _dns(host: str, address: str) -> Link:
    if not host:
        return Link("DNS", "broken", "it has no endpoint yet", "wait until it is available")
    if address:
        return Link("DNS", "ok", f"{host} leads to {address}")
    return Link("DNS", "unknown", f"{host} leads nowhere from this machine; the cluster may see more")


def _firewall(aws: Aws, cluster: Cluster, found: Json, port: int) -> Link:
    """Whether the security groups let the cluster's nodes in: a pod's packets leave with its node's address."""
    groups = [each["VpcSecurityGroupId"] for each in found.get("VpcSecurityGroups") or ()]
    if not groups:
        return Link("security groups", "unknown", "it has none")
    told = aws.call("ec2", "describe_security_groups", GroupIds=groups)["SecurityGroups"]
    ranges, others = _let_in(told, port)
    try:
        nodes = sorted(_addresses(cluster.list("Node", None)))
    except Forbidden:
        nodes = []
    said = ", ".join([*ranges, *others]) or "nobody"
    of = f"security groups {', '.join(groups)}"
    if not nodes:
        return Link(of, "unknown", f"port {port} is open for {said}; the nodes' addresses may not be read")
    outside = [node for node in nodes if not any(ip_address(node) in ip_network(each) for each in ranges)]
    if not outside:
        return Link(of, "ok", f"port {port} is open for all nodes ({said})")
    state: State = "unknown" if others else "broken"
    text = f"port {port} is open for {said}, and not by address for node {', '.join(outside[:5])}"
    return Link(of, state, text, "let the nodes' own security group in on that port, never 0.0.0.0/0")


def _let_in(groups: Iterable[Json], port: int) -> tuple[list[str], list[str]]:
    """The address ranges, and the other groups, that may come in on a port."""
    rules = [
        rule
        for group in groups
        for rule in group.get("IpPermissions") or ()
        if rule.get("IpProtocol") == "-1" or rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)
    ]
    ranges = [each["CidrIp"] for rule in rules for each in rule.get("IpRanges") or ()]
    others = [each["GroupId"] for rule in rules for each in rule.get("UserIdGroupPairs") or ()]
    return ranges, others


def _addresses(nodes: Iterable[Json]) -> Iterator[str]:
    for node in nodes:
        for each in (node.get("status") or {}).get("addresses") or ():
            if each.get("type") == "InternalIP":
                yield each["address"]


def _policies(cluster: Cluster, namespace: str, labels: Json, address: str, port: int) -> Link:
    try:
        policies = selecting(list(cluster.list("NetworkPolicy", namespace)), labels, "Egress")
    except Forbidden:
        return Link("network policies", "unknown", f"those of {namespace} may not be read")
    if not policies:
        return Link("network policies", "ok", "none holds the pod back")
    names = ", ".join(each["metadata"]["name"] for each in policies)
    may = allowed(policies, "Egress", Peer(None, all_labels=False, address=address or None), Port(port), namespace)
    if may is None:
        return Link("network policies", "unknown", f"whether {names} let it out depends on the database's address")
    if may:
        return Link("network policies", "ok", f"{names} let it out on port {port}")
    where = f"{address}/32:{port}" if address else f"CIDR:{port}"
    return Link(
        "network policies", "broken", f"{names} let nothing out to port {port} of the database",
        f"an egress rule for the application: desk generate-manifest APP --egress {where}",
    )  # fmt: skip


def _told(what: str, links: list[Link]) -> Result:
    """Those that are broken first; bad news where there is one."""
    order: tuple[State, ...] = ("broken", "unknown", "ok")
    links = sorted(links, key=lambda link: order.index(link.state))
    broken = [link for link in links if link.state == "broken"]
    head = f"{what}: {len(broken)} broken" if broken else f"{what}: nothing is broken that can be seen"
    return Result("\n".join([head, *map(str, links)]), {"links": [asdict(link) for link in links]}, ok=not broken)
