"""Who may do what by RBAC: which rules of which role allow it, and who is bound to that role. Pure.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.cluster.client import Access
from tools.json import Json

Roles = Mapping[tuple[str, str], Json]
"""(kind, name) -> a Role of the namespace, or a ClusterRole."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One subject that may do it, and by what; `only` are the names of the objects it is bounded to."""

    subject: str
    binding: str
    role: str
    only: tuple[str, ...] = ()
    aggregated: bool = False

    def __str__(self) -> str:
        bounded = f", only for {', '.join(self.only)}" if self.only else ""
        gathered = ", aggregated" if self.aggregated else ""
        return f"{self.subject}  by {self.binding} ({self.role}{gathered}{bounded})"


def grants(access: Access, bindings: Iterable[Json], roles: Roles) -> Iterator[Grant]:
    """Everybody whom a binding lets do it; a binding whose role is not among `roles` gives nothing."""
    for binding in bindings:
        role = roles.get(role_of(binding))
        only = allowed_names(role.get("rules") or (), access) if role else None
        if role is None or only is None:
            continue
        for subject in binding.get("subjects") or ():
            yield Grant(
                subject=subject_said(subject, binding),
                binding=f"{binding['kind']} {binding['metadata']['name']}",
                role=" ".join(role_of(binding)),
                only=only,
                aggregated=bool(role.get("aggregationRule")),
            )


def role_of(binding: Json) -> tuple[str, str]:
    """(kind, name) of the role that a binding gives."""
    ref = binding.get("roleRef") or {}
    return str(ref.get("kind", "")), str(ref.get("name", ""))


def allowed_names(rules: Iterable[Json], access: Access) -> tuple[str, ...] | None:
    """For which objects the rules allow it: () for all of them, None for none."""
    matching = [rule for rule in rules if _matches(rule, access)]
    if not matching:
        return None
    names = [tuple(rule.get("resourceNames") or ()) for rule in matching]
    return () if () in names else tuple(dict.fromkeys(name for each in names for name in each))


def _matches(rule: Json, access: Access) -> bool:
    wanted = f"{access.resource}/{access.subresource}" if access.subresource else access.resource
    resources = {wanted, "*", *([f"*/{access.subresource}"] if access.subresource else [])}
    return (
        bool({access.verb, "*"} & set(rule.get("verbs") or ()))
        and bool({access.group, "*"} & set(rule.get("apiGroups") or ()))
        and bool(resources & set(rule.get("resources") or ()))
    )


def subject_said(subject: Json, binding: Json) -> str:
    """`User ana`, `Group devs`, `ServiceAccount ci in shop-dev`."""
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind != "ServiceAccount":
        return f"{kind} {name}"
    return f"{kind} {name} in {subject.get('namespace') or binding['metadata'].get('namespace', '')}"


def names_of(user: str, groups: Sequence[str]) -> frozenset[str]:
    """How bindings may name a user and the groups it is in, as `subject_said` says it."""
    said = {f"Group {group}" for group in groups} | ({f"User {user}"} if user else set())
    if account := service_account(user):
        said.add(f"ServiceAccount {account[1]} in {account[0]}")
    return frozenset(said)


def groups_of(user: str, given: Iterable[str]) -> tuple[str, ...]:
    """The groups that the API server puts a user in, besides those given."""
    account = service_account(user)
    own = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}") if account else ()
    return (*given, *own, "system:authenticated")


def service_account(user: str) -> tuple[str, str] | None:
    """(namespace, name) of the service account that a user name stands for."""
    parts = user.split(":")
    return (parts[2], parts[3]) if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"] else None
