"""Argo CD's AppProject of a team: what it may deploy from where, and into which namespaces. Pure but for `served`.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/ and operator-manual/rbac/
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef
from tools.json import Json
from tools.provisioning.guardrails import MANAGED_BY
from tools.provisioning.specification import SpecificationError

API_VERSION, KIND, PLURAL = "argoproj.io/v1alpha1", "AppProject", "appprojects"
OWN_CLUSTER = "https://kubernetes.default.svc"
"""The cluster that Argo CD itself runs in, as it names it."""
DEFAULT_PROJECT = "default"
ROLE = "team"

_ACTIONS = ("get", "create", "update", "delete", "sync")
_GUARDRAILS = (
    ("", "ResourceQuota"), ("", "LimitRange"), ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
)  # fmt: skip
"""What no application may bring: it is the platform's to give."""
_REPOSITORY = re.compile(
    r"(https://|ssh://([A-Za-z0-9._-]+@)?|[A-Za-z0-9._-]+@|oci://)[A-Za-z0-9][A-Za-z0-9._~:/+-]*"
)


def target(team: str, argocd_namespace: str) -> ObjectRef:
    """The AppProject of a team."""
    return ObjectRef(API_VERSION, KIND, argocd_namespace, team)


def project(
    team: str, namespaces: Sequence[str], repositories: Sequence[str], group: str, argocd_namespace: str
) -> Json:
    """The AppProject; without a group, nobody has its role yet."""
    policies = [f"p, proj:{team}:{ROLE}, applications, {action}, {team}/*, allow" for action in _ACTIONS]
    role: Json = {"name": ROLE, "description": f"Team {team}: its own applications", "policies": policies}
    labels = {"managed-by": MANAGED_BY, "team": team}
    return {
        "apiVersion": API_VERSION, "kind": KIND,
        "metadata": {"name": team, "namespace": argocd_namespace, "labels": labels},
        "spec": {
            "description": f"Applications of team {team}",
            "sourceRepos": list(repositories),
            "destinations": [{"server": OWN_CLUSTER, "namespace": namespace} for namespace in namespaces],
            "clusterResourceWhitelist": [],
            "namespaceResourceBlacklist": [{"group": group_, "kind": kind} for group_, kind in _GUARDRAILS],
            "roles": [{**role, "groups": [group]} if group else role],
        },
    }  # fmt: skip


def check(team: str, namespaces: Sequence[str], repositories: Sequence[str], argocd_namespace: str) -> None:
    """Raises `SpecificationError` for what a project must not have."""
    if argocd_namespace in namespaces:
        raise SpecificationError(
            f"{argocd_namespace} is Argo CD's own namespace: who deploys there has all of its clusters."
        )
    if team == DEFAULT_PROJECT and repositories:
        raise SpecificationError(
            f"{team} is the project that Argo CD gives to everybody: the team needs another name."
        )
    for repository in repositories:
        _check_repository(repository)


def _check_repository(repository: str) -> None:
    if "*" in repository:
        raise SpecificationError(f"Repository {repository} names more than one: name each, without *.")
    if re.match(r"https://[^/]*@", repository):
        raise SpecificationError("A repository's URL has a login in it: Argo CD keeps those in its own Secrets.")
    if not _REPOSITORY.fullmatch(repository) or len(repository) > 500:
        raise SpecificationError(
            f"{repository!r} is no repository's URL: write https://HOST/PATH, ssh://git@HOST/PATH or git@HOST:PATH."
        )


def not_there(cluster: Cluster, argocd_namespace: str) -> str:
    """Why no AppProject can be made in this cluster, in words; empty when it can."""
    try:
        known = cluster.find(f"{PLURAL}.{API_VERSION.partition('/')[0]}")
    except NotFound:
        return "the cluster does not serve Argo CD's kinds"
    if known.api_version != API_VERSION:
        return f"the cluster serves {KIND} as {known.api_version}, and Desk writes {API_VERSION}"
    try:
        cluster.read(ObjectRef("v1", "Namespace", None, argocd_namespace))
    except NotFound:
        return f"there is no namespace {argocd_namespace}; Argo CD's is named with argocd_namespace"
    except Forbidden:
        return ""  # the server tells when the project is previewed
    return ""
