"""What the API server forbade an application, as the application's log says it.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

import re

import msgspec

from tools.diagnose.facts.containers import Container, broken
from tools.diagnose.facts.probing import waits_unready
from tools.diagnose.logs.decisive import decisive_line
from tools.diagnose.logs.errors import recognised
from tools.diagnose.terms import Json, ObjectRef, Snapshot, once

_REFUSED = re.compile(
    r'User "system:serviceaccount:(?P<namespace>[a-z0-9.-]{1,63}):(?P<account>[a-z0-9.-]{1,253})" '
    r'cannot (?P<verb>[a-z*]{1,30}) resource "(?P<resource>[a-z0-9./*-]{1,253})" '
    r'in API group "(?P<group>[a-z0-9.-]{0,253})"'
    r'(?: in the namespace "(?P<target>[a-z0-9.-]{1,63})")?'
)


class Refusal(msgspec.Struct, frozen=True):
    """One call that was forbidden; `target` is the namespace it was about, None at the cluster's scope."""

    namespace: str
    account: str
    verb: str
    resource: str
    group: str
    target: str | None


class Refused(msgspec.Struct, frozen=True):
    """Containers of one owner that are forbidden something; `explains`: that is why they end or are not ready."""

    refusal: Refusal
    group: list[Container]
    line: str
    explains: bool


@once
def refused(snapshot: Snapshot) -> dict[tuple[ObjectRef, str], Refused]:
    """What is forbidden to containers that fail and that no rule allows them meanwhile, by owner and name."""
    found: dict[tuple[ObjectRef, str], Refused] = {}
    for group in (*broken(snapshot, "CrashLoopBackOff"), *broken(snapshot, "OOMKilled"), *waits_unready(snapshot)):
        for container in group:
            log = snapshot.logs.get((container.pod_name, container.name), "").replace('\\"', '"')
            matches = [(match, line) for line in log.splitlines() if (match := _REFUSED.search(line[:4000]))]
            if not matches:
                continue
            match, line = matches[-1]
            refusal = _refusal(match)
            if not allowed(refusal, snapshot):
                found[container.owner, container.name] = Refused(refusal, group, line, _is_the_reason(log))
            break
    return found


def _refusal(match: re.Match[str]) -> Refusal:
    said = match.groupdict()
    return Refusal(
        said["namespace"], said["account"], said["verb"], said["resource"], said["group"], said["target"]
    )


def _is_the_reason(log: str) -> bool:
    """Whether the log ends with the refusal, or with nothing that says more."""
    decisive = decisive_line(log)
    return "forbidden" in decisive.lower() or bool(_REFUSED.search(decisive)) or recognised((decisive,)) is None


def bindings_of(refusal: Refusal, snapshot: Snapshot) -> list[Json]:
    """The RoleBindings of this namespace that bind the service account."""
    return [
        binding
        for binding in snapshot.of("RoleBinding")
        if any(_binds(subject, refusal, snapshot.namespace) for subject in binding.get("subjects") or ())
    ]


def _binds(subject: Json, refusal: Refusal, here: str) -> bool:
    name = subject.get("name")
    match subject.get("kind"):
        case "ServiceAccount":
            return name == refusal.account and (subject.get("namespace") or here) == refusal.namespace
        case "Group":
            return name in (
                "system:serviceaccounts",
                f"system:serviceaccounts:{refusal.namespace}",
                "system:authenticated",
            )
        case "User":
            return name == f"system:serviceaccount:{refusal.namespace}:{refusal.account}"
        case _:
            return False


def roles_of(bindings: list[Json], snapshot: Snapshot) -> list[Json]:
    """The Roles that those bindings refer to and that exist."""
    names = [
        (binding.get("roleRef") or {}).get("name")
        for binding in bindings
        if (binding.get("roleRef") or {}).get("kind") == "Role"
    ]
    return [role for role in snapshot.of("Role") if role["metadata"]["name"] in names]


def allowed(refusal: Refusal, snapshot: Snapshot) -> bool:
    """Whether a Role that is bound to the service account allows the call now: then the log tells of old times."""
    if refusal.target != snapshot.namespace:
        return False
    return any(allows(role, refusal) for role in roles_of(bindings_of(refusal, snapshot), snapshot))


def allows(role: Json, refusal: Refusal) -> bool:
    """Whether a Role allows the call for every object of the resource."""
    return any(
        concerns(rule, refusal)
        and _has(rule.get("apiGroups"), refusal.group)
        and _has(rule.get("verbs"), refusal.verb)
        and not rule.get("resourceNames")
        for rule in role.get("rules") or ()
    )


def concerns(rule: Json, refusal: Refusal) -> bool:
    """Whether a rule names the resource."""
    return _has(rule.get("resources"), refusal.resource)


def _has(values: list[str] | None, wanted: str) -> bool:
    return wanted in (values or ()) or "*" in (values or ())
