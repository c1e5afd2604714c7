"""Roles and bindings."""

from __future__ import annotations

from collections.abc import Iterator

from tools.validation.fault import Fault
from tools.validation.manifests import items, mapping, mappings
from tools.validation.rule import Context, Rule

_PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_HAS_ROLES = ("kube-system", "kube-public")
"""Where the API server makes roles of its own."""
_ADMINS = frozenset({"cluster-admin"})


def _wildcards(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("Role", "ClusterRole"):
        for index, rule in mappings(each.data.get("rules")):
            wide = [field for field in ("apiGroups", "resources", "verbs") if "*" in items(rule.get(field))]
            if "resources" in wide and "verbs" in wide:
                yield Fault(each, ("rules", index), f"{each.kind} {each.name} may do everything with everything")


def _admins(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("ClusterRoleBinding", "RoleBinding"):
        role = mapping(each.data.get("roleRef"))
        if role.get("kind") == "ClusterRole" and role.get("name") in _ADMINS:
            who = ", ".join(
                f"{subject.get('kind')} {subject.get('name')}" for _, subject in mappings(each.data.get("subjects"))
            )
            yield Fault(each, ("roleRef",), f"{each.kind} {each.name} makes {who or 'somebody'} cluster-admin")


def _roles(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("RoleBinding"):
        role = mapping(each.data.get("roleRef"))
        name = role.get("name")
        if role.get("kind") != "Role" or not isinstance(name, str) or each.namespace in _HAS_ROLES:
            continue
        if context.lacks("Role", each.namespace, name):
            yield Fault(each, ("roleRef", "name"), context.missing("Role", each.namespace, name))


RULES = (
    Rule(
        "WildcardRights",
        "warning",
        "A role has every verb on every resource.",
        "It is an administrator, also of kinds that do not exist yet.",
        'Name the resources and verbs that are needed: `desk run "who can ..."` tells who has what.',
        f"{_PRACTICES}#least-privilege",
        _wildcards,
    ),
    Rule(
        "ClusterAdminBound",
        "warning",
        "Somebody is bound to cluster-admin.",
        "Who has it, or takes over a pod that has it, has the cluster.",
        "A role with the rights that are needed, bound in the namespace.",
        f"{_PRACTICES}#least-privilege",
        _admins,
    ),
    Rule(
        "RoleMissing",
        "warning",
        "A RoleBinding names a Role that is not there.",
        "The binding gives nothing, silently.",
        "Correct the name, or add the Role.",
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        _roles,
    ),
)
