"""What of cluster and cloud together keeps a pod from its image, or from its database: link by link.

Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Troubleshooting.html#CHAP_Troubleshooting.Connecting
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.aws.account import aws_of
from tools.cloud.aws import ecr, rds
from tools.clouds.links import (
    Link,
    Login,
    State,
    address_of,
    dns,
    images_of,
    login,
    node_addresses,
    policies,
    told,
)
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws

_IMAGE = re.compile(
    r"(?P<host>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def why_no_pull(
    context: ToolContext,
    *,
    namespace: Namespace,
    pod: Annotated[Name | None, Field(description="One pod; without it, all of the namespace.")] = None,
) -> Result:
    """Find out why pods cannot pull their images from Amazon ECR: the image, the login and its age, the account."""
    aws, cluster = aws_of(context), context.cluster
    refuse_unless_there(cluster, namespace)
    wanted = images_of(cluster, namespace, pod, _IMAGE)
    if not wanted:
        what = f"pod {pod}" if pod else f"pods of {namespace}"
        return Result(f"No image of {what} is in ECR. desk debug-pod {namespace} finds why an image is not pulled.")
    links = [link for image, each in wanted.items() for link in _of_image(aws, cluster, namespace, image, each)]
    return told(f"images of ECR in {namespace}", links)


def _of_image(aws: Aws, cluster: Cluster, namespace: str, image: str, pod: Json) -> Iterator[Link]:
    found = _IMAGE.fullmatch(image)
    if found is None:
        return
    yield from _in_registry(aws, image, found)
    renew = f"desk cloud aws ecr pull-secret -n {namespace}"
    without = "only the node's own role can pull"
    yield login(cluster, namespace, pod, found["host"], Login(renew, without, timedelta(hours=ecr.LOGIN_HOURS)))


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
    address = address_of(str(endpoint.get("Address") or ""))
    labels = cluster.get("Pod", pod, namespace)["metadata"].get("labels") or {} if pod else {}
    links = [
        _state(database, found),
        dns(str(endpoint.get("Address") or ""), address),
        _firewall(aws, cluster, found, port),
        policies(cluster, namespace, labels, address, port),
    ]
    return told(f"database {database} from {namespace}", links)


def _state(database: str, found: Json) -> Link:
    status = str(found.get("DBInstanceStatus"))
    if status == "stopped":
        start = f"aws rds start-db-instance --db-instance-identifier {database}"
        return Link("state", "broken", "it is stopped", start)
    is_well = status in ("available", "backing-up", "storage-optimization")
    return Link("state", "ok" if is_well else "broken", f"RDS says {status}", "" if is_well else "wait, or ask AWS")


def _firewall(aws: Aws, cluster: Cluster, found: Json, port: int) -> Link:
    """Whether the security groups let the cluster's nodes in: a pod's packets leave with its node's address."""
    groups = [each["VpcSecurityGroupId"] for each in found.get("VpcSecurityGroups") or ()]
    if not groups:
        return Link("security groups", "unknown", "it has none")
    told = aws.call("ec2", "describe_security_groups", GroupIds=groups)["SecurityGroups"]
    ranges, others = _let_in(told, port)
    try:
        nodes = sorted(node_addresses(cluster.list("Node", None)))
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
