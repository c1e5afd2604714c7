"""Who we are on the cluster, and what we may do there."""

from __future__ import annotations

from tools.cluster.client import Access
from tools.frame import Result, ToolContext

_ASKED: tuple[tuple[str, str, str, str, str], ...] = (
    ("create workloads", "create", "apps", "deployments", ""),
    ("change workloads", "patch", "apps", "deployments", ""),
    ("delete workloads", "delete", "apps", "deployments", ""),
    ("read pods", "list", "", "pods", ""),
    ("read logs", "get", "", "pods", "log"),
    ("exec into pods", "create", "", "pods", "exec"),
    ("read Secrets", "get", "", "secrets", ""),
    ("write Secrets", "create", "", "secrets", ""),
    ("give rights (RoleBindings)", "create", "rbac.authorization.k8s.io", "rolebindings", ""),
)


def whoami(context: ToolContext) -> Result:
    """Who we are on the cluster: user, groups, which cluster, the context's namespace, and what we may do there."""
    cluster = context.cluster
    identity, version = cluster.whoami(), cluster.version()
    may = {
        said: cluster.may(Access(verb, group, resource, cluster.namespace, "", subresource))
        for said, verb, group, resource, subresource in _ASKED
    }
    allowed, denied = ([said for said in may if may[said] is wanted] for wanted in (True, False))
    return Result(
        f"User {identity.username}, in the groups {', '.join(identity.groups) or 'none'}.\n"
        f"Cluster {cluster.address}, version {version}; the context's namespace is {cluster.namespace}.\n"
        f"May there: {', '.join(allowed) or 'nothing of what was asked'}.\n"
        f"May not there: {', '.join(denied) or 'nothing of what was asked'}.",
        {
            "user": identity.username,
            "groups": list(identity.groups),
            "cluster": cluster.address,
            "version": version,
            "namespace": cluster.namespace,
            "may": may,
        },
    )
