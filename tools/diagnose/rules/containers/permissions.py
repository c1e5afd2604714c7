"""RBACForbidden: the API server forbids an application what it asks for.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

import json
import re

import msgspec
from msgspec.structs import replace

from tools.diagnose.facts.naming import about_owner, about_pod, pod_names, subject_of
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.refusals import Refusal, Refused, allows, bindings_of, concerns, refused, roles_of
from tools.diagnose.facts.remedies import Operations, patched
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot

RBAC_FORBIDDEN = Cause(
    "RBACForbidden",
    topic="security",
    means="The API server forbids an application a call, and the application's log says so.",
    why=(
        "An application in a pod calls the API as its service account. A service account may do only what a "
        "Role says that a RoleBinding of the same namespace binds to it; for objects without a namespace it "
        "takes a ClusterRole and a ClusterRoleBinding. Resources of one name in another API group, and verbs "
        "that are like each other (get, list, watch), are different rights."
    ),
    mend=(
        "Add the verb to the Role that is bound to the service account, or bind the right Role to it. Give no "
        "more than the application needs."
    ),
    example=(
        "container app of Deployment exporter may not list configmaps: Role reader, which is bound to "
        "ServiceAccount exporter, gives it only get"
    ),
    source="https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    called=r"\brbac\b|\bforbidden\b|\bpermissions?\b",
)

_GROUP_VERSION = "rbac.authorization.k8s.io/v1"
_WHY = (
    "An application in a pod calls the API as its service account, which may do only what a Role that is bound to "
    "it says: this resource, of this API group, with this verb."
)


class _Judged(msgspec.Struct, frozen=True):
    """What is missing: the object to change, what to say of it, and how to mend it."""

    object: ObjectRef
    said: str
    remedy: Remedy
    evidence: tuple[Evidence, ...] = ()


_SAYS_FORBIDDEN = re.compile(r"system:serviceaccount:|is forbidden: User", re.I)


def forbidden(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Containers that fail and whose log says that their service account may not do what they ask."""
    return [_finding(each, snapshot) for each in refused(snapshot).values()]


def _finding(this: Refused, snapshot: Snapshot) -> Finding:
    container, refusal = this.group[0], this.refusal
    judged = _judge(refusal, snapshot)
    return Finding(
        cause=RBAC_FORBIDDEN,
        object=judged.object,
        container=container.name,
        affected=pod_names(this.group),
        subject=subject_of(container),
        detail=f"may not {_call(refusal)}: {judged.said}",
        why=_WHY,
        evidence=(about_pod("log", container.pod, this.line), *judged.evidence),
        remedies=(judged.remedy,),
        concerns=(container.owner,),
    )


def _call(refusal: Refusal) -> str:
    group = f" of API group {refusal.group}" if refusal.group else ""
    where = f" in namespace {refusal.target}" if refusal.target else " in the whole cluster"
    return f"{refusal.verb} {refusal.resource}{group}{where}"


def _judge(refusal: Refusal, snapshot: Snapshot) -> _Judged:
    if refusal.target is None:
        return _needs_cluster_role(refusal)
    if refusal.target != snapshot.namespace or not (snapshot.has("Role") and snapshot.has("RoleBinding")):
        where = "" if refusal.target == snapshot.namespace else f" of namespace {refusal.target}"
        return _unbound(refusal, f"no Role{where} that allows it is bound to {_account(refusal)}")
    bindings = bindings_of(refusal, snapshot)
    if roles := roles_of(bindings, snapshot):
        return _lacks(_nearest(roles, refusal), refusal, snapshot)
    if dangling := _dangling(bindings, snapshot):
        return _no_such_role(dangling, refusal, snapshot)
    if bindings:
        names = ", ".join(f"{each['roleRef']['kind']} {each['roleRef']['name']}" for each in bindings[:3])
        return _unbound(refusal, f"{_account(refusal)} is bound to {names}, which does not allow it")
    fit = [role for role in snapshot.of("Role") if allows(role, refusal)]
    if not fit and (misplaced := _misplaced_binding(refusal, snapshot)):
        return misplaced
    return (
        _not_bound(fit[0], refusal, snapshot)
        if fit
        else _unbound(refusal, f"no Role is bound to {_account(refusal)}")
    )


def _account(refusal: Refusal) -> str:
    return f"ServiceAccount {refusal.account}"


def _account_ref(refusal: Refusal) -> ObjectRef:
    return ObjectRef("v1", "ServiceAccount", refusal.namespace, refusal.account)


def _role_ref(name: str, namespace: str) -> ObjectRef:
    return ObjectRef(_GROUP_VERSION, "Role", namespace, name)


def _ref(kind: str, item: Json, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef(_GROUP_VERSION, kind, snapshot.namespace, item["metadata"]["name"])


def _nearest(roles: list[Json], refusal: Refusal) -> Json:
    """The Role that is already about the resource, else the first."""
    return next(
        (role for role in roles if any(concerns(rule, refusal) for rule in role.get("rules") or ())), roles[0]
    )


def _lacks(role: Json, refusal: Refusal, snapshot: Snapshot) -> _Judged:
    name = str(role["metadata"]["name"])
    ref = _role_ref(name, snapshot.namespace)
    rules = [rule for rule in role.get("rules") or () if concerns(rule, refusal)]
    given = "; ".join(_rule_said(rule) for rule in role.get("rules") or ()) or "no rules"
    group = f".{refusal.group}" if refusal.group else ""
    rule = {"apiGroups": [refusal.group], "resources": [refusal.resource], "verbs": [refusal.verb]}
    return _Judged(
        ref,
        f"Role {name}, which is bound to {_account(refusal)}, {_gives(rules, refusal)}",
        replace(
            patched(
                ref,
                f"Add {refusal.verb} on {refusal.resource}{group} to Role {name}",
                [{"op": "add", "path": "/rules/-", "value": rule}],
            ),
            risk="provision",
            tool="allow",
            arguments={
                "namespace": snapshot.namespace,
                "role": name,
                "verb": refusal.verb,
                "resource": refusal.resource,
                "api_group": refusal.group,
            },
        ),
        (about_owner("spec", ref, f"rules: {given}"),),
    )


def _gives(rules: list[Json], refusal: Refusal) -> str:
    here = [rule for rule in rules if {refusal.group, "*"} & set(rule.get("apiGroups") or ())]
    if not rules:
        return f"says nothing of {refusal.resource}"
    if not here:
        groups = ", ".join(_group_said(group) for rule in rules for group in rule.get("apiGroups") or ())
        return f"names {refusal.resource} in {groups}, and it belongs to {_group_said(refusal.group)}"
    named = [name for rule in here for name in rule.get("resourceNames") or ()]
    if any({refusal.verb, "*"} & set(rule.get("verbs") or ()) for rule in here) and named:
        return f"gives it only for the objects named {', '.join(named[:5])}"
    verbs = dict.fromkeys(verb for rule in here for verb in rule.get("verbs") or ())
    return f"gives it only {', '.join(verbs)}"


def _group_said(group: str) -> str:
    return f"API group {group}" if group else "the core API group"


def _rule_said(rule: Json) -> str:
    resources = ", ".join(map(str, rule.get("resources") or rule.get("nonResourceURLs") or ()))
    return f"{', '.join(map(str, rule.get('verbs') or ()))} on {resources}"


def _dangling(bindings: list[Json], snapshot: Snapshot) -> Json | None:
    names = {role["metadata"]["name"] for role in snapshot.of("Role")}
    return next(
        (each for each in bindings if each["roleRef"]["kind"] == "Role" and each["roleRef"]["name"] not in names),
        None,
    )


def _no_such_role(binding: Json, refusal: Refusal, snapshot: Snapshot) -> _Judged:
    name, role = binding["metadata"]["name"], binding["roleRef"]["name"]
    near = nearest(role, [each["metadata"]["name"] for each in snapshot.of("Role")])
    there = f"; the nearest there is: {near}" if near else ""
    return _Judged(
        ObjectRef(_GROUP_VERSION, "RoleBinding", snapshot.namespace, name),
        f"RoleBinding {name} binds {_account(refusal)} to Role {role}, which does not exist{there}",
        Remedy(
            title=f"Create Role {role}",
            command=f"kubectl create role {role} -n {snapshot.namespace} --verb={refusal.verb} "
            f"--resource={_typed_resource(refusal)}",
            risk="provision",
        ),
    )


def _not_bound(role: Json, refusal: Refusal, snapshot: Snapshot) -> _Judged:
    name = str(role["metadata"]["name"])
    bound = [each for each in snapshot.of("RoleBinding") if each["roleRef"].get("name") == name]
    subjects = [_subject_said(subject, refusal) for each in bound for subject in each.get("subjects") or ()]
    if bound and (misplaced := _misplaced(bound, refusal, snapshot)):
        return misplaced
    if subjects:
        why = f"RoleBinding {bound[0]['metadata']['name']} binds it to {', '.join(subjects[:3])}"
    elif bound:
        why = f"RoleBinding {bound[0]['metadata']['name']} binds it to nobody"
    else:
        why = "no RoleBinding binds it"
    return _Judged(
        _role_ref(name, snapshot.namespace),
        f"Role {name} allows that, and is not bound to {_account(refusal)}: {why}",
        Remedy(
            title=f"Bind Role {name} to {_account(refusal)}",
            command=f"kubectl create rolebinding {name}-{refusal.account} -n {snapshot.namespace} --role={name} "
            f"--serviceaccount={refusal.namespace}:{refusal.account}",
            risk="provision",
        ),
        tuple(
            about_owner("spec", _ref("RoleBinding", each, snapshot), f"binds Role {name}: {why}")
            for each in bound[:1]
        ),
    )


def _binds(binding: Json, name: str) -> str:
    kind, role = binding["roleRef"]["kind"], binding["roleRef"]["name"]
    if kind == "Role":
        return f"Role {role} allows that, and RoleBinding {name} binds it"
    return f"RoleBinding {name} binds {kind} {role}"


def _subject_said(subject: Json, refusal: Refusal) -> str:
    """A subject, with its namespace where that is another one."""
    where = subject.get("namespace")
    elsewhere = f" of namespace {where}" if where and where != refusal.namespace else ""
    return f"{subject.get('kind')} {subject.get('name')}{elsewhere}"


def _misplaced_binding(refusal: Refusal, snapshot: Snapshot) -> _Judged | None:
    """A binding of a ClusterRole, of which nobody here knows what it allows, to an account of the same name."""
    bound = [each for each in snapshot.of("RoleBinding") if each["roleRef"].get("kind") == "ClusterRole"]
    meant = [
        each
        for each in bound
        if any(subject.get("name") == refusal.account for subject in each.get("subjects") or ())
    ]
    return _misplaced(meant, refusal, snapshot)


def _misplaced(bound: list[Json], refusal: Refusal, snapshot: Snapshot) -> _Judged | None:
    """A binding whose subject is meant to be the account, and is of another namespace, kind or spelling."""
    for binding in bound:
        for at, subject in enumerate(binding.get("subjects") or ()):
            meant = subject.get("name") == refusal.account or nearest(refusal.account, [str(subject.get("name"))])
            wanted = {"kind": "ServiceAccount", "name": refusal.account, "namespace": refusal.namespace}
            said = {"namespace": snapshot.namespace} | subject  # without one it is the binding's own
            wrong = [key for key, value in wanted.items() if said.get(key) != value]
            if not meant or subject.get("kind") == "Group" or not wrong:
                continue
            ref = _ref("RoleBinding", binding, snapshot)
            patch: Operations = [{"op": "replace", "path": f"/subjects/{at}", "value": wanted}]
            said_so = "; ".join(f"subjects[{at}].{key} is {said.get(key) or 'not set'}" for key in wrong)
            return _Judged(
                ref,
                f"{_binds(binding, ref.name)} to "
                f"{_subject_said(subject, refusal)}, not to {_account(refusal)} of namespace {refusal.namespace}: "
                f"{said_so}",
                replace(
                    patched(ref, f"Bind it to {_account(refusal)} of namespace {refusal.namespace}", patch),
                    risk="provision",
                ),
                (about_owner("spec", ref, f"subjects: {json.dumps(binding.get('subjects'))}"),),
            )
    return None


def _unbound(refusal: Refusal, what: str) -> _Judged:
    account, namespace = refusal.account, refusal.target or refusal.namespace
    return _Judged(
        _account_ref(refusal),
        what,
        Remedy(
            title=f"Make a Role that allows it, and bind it to {_account(refusal)}",
            command=f"kubectl create role {account} -n {namespace} --verb={refusal.verb} "
            f"--resource={_typed_resource(refusal)} && kubectl create rolebinding {account} -n {namespace} "
            f"--role={account} --serviceaccount={refusal.namespace}:{account}",
            risk="provision",
        ),
    )


def _needs_cluster_role(refusal: Refusal) -> _Judged:
    account = refusal.account
    name = f"{refusal.namespace}-{account}"
    return _Judged(
        _account_ref(refusal),
        f"that takes a ClusterRole and a ClusterRoleBinding to {_account(refusal)}; a Role gives rights in one "
        "namespace only",
        Remedy(
            title="Ask in one namespace only, or have an administrator bind a ClusterRole to the service account",
            command=f"kubectl create clusterrole {name} --verb={refusal.verb} "
            f"--resource={_typed_resource(refusal)} && kubectl create clusterrolebinding {name} "
            f"--clusterrole={name} --serviceaccount={refusal.namespace}:{account}",
            risk="cluster",
        ),
    )


def _typed_resource(refusal: Refusal) -> str:
    resource, slash, sub = refusal.resource.partition("/")
    return f"{resource}.{refusal.group}{slash}{sub}" if refusal.group else refusal.resource


def _says_forbidden(snapshot: Snapshot) -> bool:
    return any(_SAYS_FORBIDDEN.search(log) for log in snapshot.logs.values())


RULE = Rule(
    causes=(RBAC_FORBIDDEN,), find=forbidden, reads={"Role": _says_forbidden, "RoleBinding": _says_forbidden}
)
