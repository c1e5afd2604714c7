"""Refusals by the other admission controllers: Pod Security, webhooks, and names that do not exist.

Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/ and
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

import json
import re
from typing import Any

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, quoted, said, typed
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.remedies import set_in_template, template_patched
from tools.diagnose.rules.admission.left_over import left_over
from tools.diagnose.rules.admission.quotas import Rejection
from tools.diagnose.rules.admission.refusals import Refusal
from tools.diagnose.rules.network.services import misdirected
from tools.diagnose.terms import Cause, Evidence, Finding, Kind, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

FAILED_CREATE = Cause(
    "FailedCreate",
    topic="debugging",
    means="The API server refuses the pods of a workload for another reason.",
    why=(
        "What a pod names must exist when it is created: its service account, PriorityClass, RuntimeClass. On "
        "OpenShift, a SecurityContextConstraint must allow it."
    ),
    mend="Create what is missing or name what exists; the controller tries again by itself.",
    example=(
        "no pod of Deployment checkout can be created: ServiceAccount checkot does not exist; the nearest "
        "there is: checkout"
    ),
    source="https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/",
    called=r"\b(not|never|cannot be) created\b",
)

WEBHOOK_UNAVAILABLE = Cause(
    "WebhookUnavailable",
    topic="security",
    means="A webhook that must see the pod before it is created does not answer.",
    why=(
        "With failurePolicy: Fail, the API server refuses what it cannot show to the webhook. Often the "
        "webhook's own pods are down, its Service selects none, or its certificate has expired."
    ),
    mend="Bring the pods behind the webhook's Service up again; who owns it may relax its failurePolicy.",
    example=(
        "admission webhook check.policy.example.com (Service check in namespace policy) does not answer, so "
        "the "
        'pods of Deployment checkout cannot be created: no endpoints available for service "check"'
    ),
    source="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    called=r"\bwebhooks?\b",
)

WEBHOOK_DENIED = Cause(
    "WebhookDenied",
    topic="security",
    means="A validating webhook of the cluster refuses the pod.",
    why="Clusters enforce rules of their own by webhooks, which see every object before it is created.",
    mend="Comply with what its message asks for, or ask the owner of the policy for an exception.",
    example=(
        "admission webhook check.policy.example.com denies the pods of Deployment checkout: images must come "
        "from registry.example.com"
    ),
    source="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    called=r"\bwebhooks?\b",
)

POD_SECURITY_VIOLATED = Cause(
    "PodSecurityViolated",
    topic="security",
    means="The namespace enforces a Pod Security Standard that the pod does not meet.",
    why=(
        "The label pod-security.kubernetes.io/enforce of a namespace names a level (baseline, restricted). "
        "Pods that ask for more rights, or do not give up rights they do not need, are refused."
    ),
    mend="Set the fields that the message names in the pod's or the container's securityContext.",
    example=(
        "Pod Security level restricted of the namespace forbids the pods of Deployment checkout: runAsNonRoot "
        "!= "
        'true (pod or container "app" must set securityContext.runAsNonRoot=true)'
    ),
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    called=r"\bpod ?security\b",
)

_POD_SECURITY = re.compile(r'violates PodSecurity "([\w-]+):([^"]+)": (.+)$', re.S)
_VIOLATION = re.compile(r"([\w][^()]*?) \(([^()]*)\)")
_MUST_SET = re.compile(r'containers? (.+?) must set securityContext\.([\w.]+?)(?:=(\S+)| to "([^"]+)")')
_PLACE = re.compile(r'containers? "[^"]+"(?:, "[^"]+")*')
_DENIED = re.compile(r'admission webhook "([^"]+)" denied the request(?:: (.*)| without explanation)', re.S)
_UNAVAILABLE = re.compile(r'failed calling webhook "([^"]+)": (.*)$', re.S)
_HOOK_SERVICE = re.compile(r'https://([\w-]+)\.([\w-]+)\.svc[:/"]')
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)' with binding '[^']*' denied request: (.*)$", re.S)
_PRIORITY = re.compile(r"no PriorityClass with name (\S+) was found")
_RUNTIME = re.compile(r'RuntimeClass(?:es\.node\.k8s\.io)? "([^"]+)" not found', re.I)
_ACCOUNT = re.compile(r'serviceaccount "([^"]+)" not found|service account ([^/\s]+/)?(\S+) was not found', re.I)
_SCC = re.compile(r"unable to validate against any security context constraint: \[?(.*)$", re.S)
_SCC_FIELD = re.compile(r"([\w.\[\]]*\.\S+): Invalid value: (.+?)(?=, provider |, spec\.|, \.|\]$|$)", re.S)

_WHY_PRIORITY = "A pod that names a PriorityClass is only accepted if that class exists: it decides who goes first."
_WHY_RUNTIME = "A RuntimeClass chooses the container runtime of the pod; it must exist when the pod is created."
_WHY_ACCOUNT = (
    "A pod runs as a service account of its own namespace; the API server refuses it until that account exists."
)


def admission_rejection(refusal: Refusal, snapshot: Snapshot) -> Rejection | None:
    """What any other refusal comes to; None when what was missing exists by now."""
    message = refusal.message
    if match := _POD_SECURITY.search(message):
        return _pod_security(match[1], match[3], refusal)
    if match := _DENIED.search(message):
        return _denied(match[1], match[2] or "", refusal)
    if match := _UNAVAILABLE.search(message):
        return _unavailable(match[1], match[2], refusal, snapshot)
    if match := _PRIORITY.search(message):
        return _missing("PriorityClass", match[1], "priorityClassName", _WHY_PRIORITY, refusal, snapshot)
    if match := _RUNTIME.search(message):
        return _missing("RuntimeClass", match[1], "runtimeClassName", _WHY_RUNTIME, refusal, snapshot)
    if match := _ACCOUNT.search(message):
        return _missing(
            "ServiceAccount", match[1] or match[3], "serviceAccountName", _WHY_ACCOUNT, refusal, snapshot
        )
    if match := _SCC.search(message):
        return _scc(match[1], refusal)
    return None if "because it is being terminated" in message else _other(message, refusal)


def _pod_security(level: str, details: str, refusal: Refusal) -> Rejection:
    found = [(match[1].strip(" ,"), match[2]) for match in _VIOLATION.finditer(details)]
    told = _violations_said(found) or [details]
    patch = _secure_patch([where for _, where in found])
    fix = []
    if patch and refusal.owner.kind in TEMPLATE_KINDS:
        title = "Set what the level asks for (the image must then run as a user other than root)"
        fix = [template_patched(refusal.owner, title, patch)]
    return Rejection(
        POD_SECURITY_VIOLATED,
        refusal.owner,
        f"Pod Security level {level} of the namespace forbids {refusal.refused}: {one_line('; '.join(told), 400)}",
        "The namespace enforces a Pod Security Standard (its label pod-security.kubernetes.io/enforce): a pod "
        "that asks for more rights than the level allows is refused. The workload itself is accepted, with a "
        "warning at most.",
        (
            *fix,
            edit(refusal.owner, "Change the fields named"),
            Remedy(
                "See the level of the namespace",
                f"kubectl get namespace {refusal.owner.namespace} --show-labels",
                "read",
            ),
        ),
        tuple(Evidence("spec", said(refusal.owner), one_line(f"{field}: {where}", 300)) for field, where in found),
    )


def _violations_said(found: list[tuple[str, str]]) -> list[str]:
    """`container app: runAsNonRoot != true, seccompProfile`."""
    by_place: dict[str, list[str]] = {}
    for field, where in found:
        match = _PLACE.search(where)
        by_place.setdefault(match[0].replace('"', "") if match else where, []).append(field)
    return [f"{place}: {', '.join(fields)}" for place, fields in by_place.items()]


def _secure_patch(places: list[str]) -> dict[str, Any]:
    """A strategic merge patch of the pod's specification; empty where setting fields does not do."""
    by_container: dict[str, dict[str, Any]] = {}
    for place in places:
        match = _MUST_SET.search(place)
        if match is None:
            return {}
        value = match[4] or _value(match[3])
        for name in re.findall(r'"([^"]+)"', match[1]):
            _put(by_container.setdefault(name, {}), match[2].split("."), value)
    containers = [{"name": name, "securityContext": context} for name, context in by_container.items()]
    return {"containers": containers} if containers else {}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(into: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        into = into.setdefault(key, {})
    into[path[-1]] = value


def _denied(name: str, message: str, refusal: Refusal) -> Rejection:
    told = one_line(message, 240) or "it does not say why"
    return Rejection(
        WEBHOOK_DENIED,
        refusal.owner,
        f"admission webhook {one_line(name, 120)} denies {refusal.refused}: {told}",
        "A validating webhook is a policy of this cluster that looks at each pod before it is created. What it "
        "asks for is in its message; the workload must comply, or who owns the policy make an exception.",
        (edit(refusal.owner, "Change what the webhook's message names"), _SEE_HOOKS),
    )


_SEE_HOOKS = Remedy(
    "See the webhooks of the cluster",
    "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    "read",
)


def _unavailable(name: str, message: str, refusal: Refusal, snapshot: Snapshot) -> Rejection:
    match = _HOOK_SERVICE.search(message)
    target, where = refusal.owner, ""
    see, fault = [_SEE_HOOKS], None
    if match:
        target = ObjectRef("v1", "Service", match[2], match[1])
        where = f" (Service {match[1]} in namespace {match[2]})"
        slices = f"kubectl get endpointslices -n {match[2]} -l kubernetes.io/service-name={match[1]}"
        fault = _misdirected(target, snapshot)
        see = [Remedy("See whether pods stand behind the webhook's Service", slices, "read"), _SEE_HOOKS]
    told = one_line(message.removeprefix("failed to call webhook: ").rpartition('": ')[2] or message, 200)
    if match and (left := left_over(name, match[1], match[2], snapshot)):
        return Rejection(
            WEBHOOK_UNAVAILABLE,
            left.object,
            f"{refusal.refused} cannot be created: {said(left.object)} has them shown to admission webhook "
            f"{one_line(name, 120)}{where}, and {left.said}",
            left.why,
            left.remedies,
            left.evidence,
        )
    return Rejection(
        WEBHOOK_UNAVAILABLE,
        target,
        f"admission webhook {one_line(name, 120)}{where} does not answer, so {refusal.refused} "
        f"cannot be created: {told}{f' ({fault.summary})' if fault else ''}",
        "With failurePolicy: Fail, nothing that a webhook must see is created while it does not answer. Its own "
        "pods may be down, or its certificate or network policy wrong.",
        (*(fault.remedies if fault else ()), *see),
        fault.evidence if fault else (),
    )


def _misdirected(target: ObjectRef, snapshot: Snapshot) -> Finding | None:
    """The fault of the webhook's Service, where that is of this namespace."""
    service = snapshot.named("Service", target.name) if target.namespace == snapshot.namespace else None
    return next(iter(misdirected(service, snapshot)), None) if service else None


def _missing(kind: Kind, name: str, field: str, why: str, refusal: Refusal, snapshot: Snapshot) -> Rejection | None:
    """A name that the pod gives and that does not exist, with the nearest that does."""
    name = name.rpartition("/")[2]
    if snapshot.named(kind, name) is not None:
        return None
    near = nearest(name, snapshot.names(kind))
    there = f"; the nearest there is: {near}" if near else ""
    return Rejection(
        FAILED_CREATE,
        refusal.owner,
        f"no pod of {said(refusal.owner)} can be created: {kind} {one_line(name, 120)} does not exist{there}",
        why,
        tuple(_name_remedies(kind, name, field, near, refusal)),
        (Evidence("spec", said(refusal.owner), one_line(f"{field}: {name}")),),
    )


def _name_remedies(kind: str, name: str, field: str, near: str | None, refusal: Refusal) -> list[Remedy]:
    remedies = []
    owner = refusal.owner
    if near is not None and owner.kind in TEMPLATE_KINDS:
        title = f"Name {near}, which exists"
        if kind == "ServiceAccount":
            remedies.append(Remedy(title, f"kubectl set serviceaccount {typed(owner)} {near}", "change"))
        else:
            remedies.append(set_in_template(owner, title, field, near))
    if kind == "ServiceAccount":
        create = f"kubectl create serviceaccount {quoted(name)} -n {owner.namespace}"
        remedies.append(Remedy("Create the missing service account", create, "change"))
    else:
        plural = "priorityclasses" if kind == "PriorityClass" else "runtimeclasses"
        remedies.append(Remedy("See which there are", f"kubectl get {plural}", "read"))
        remedies.append(edit(refusal.owner, f"Change or remove {field}"))
    return remedies


def _scc(details: str, refusal: Refusal) -> Rejection:
    match = _SCC_FIELD.search(details)
    told = f"{match[1]}: Invalid value: {match[2]}" if match else details
    namespace = refusal.owner.namespace
    return Rejection(
        FAILED_CREATE,
        refusal.owner,
        f"no SecurityContextConstraint allows the pods of {said(refusal.owner)}: {one_line(told, 240)}",
        "OpenShift admits a pod only under a SecurityContextConstraint that its service account may use and that "
        "allows every field of it; by default that is restricted-v2, with a user chosen from the namespace's "
        "range.",
        (
            edit(refusal.owner, "Leave out the field named (runAsUser, fsGroup, privileged, host access)"),
            Remedy("See which constraints there are", f"oc get scc; oc get namespace {namespace} -o yaml", "read"),
        ),
    )


def _other(message: str, refusal: Refusal) -> Rejection:
    match = _POLICY.search(message)
    told = f"policy {match[1]} denies it: {match[2]}" if match else message
    return Rejection(
        FAILED_CREATE,
        refusal.owner,
        f"no pod of {said(refusal.owner)} can be created: {one_line(told, 240)}",
        "The controller asks the API server for the pod, and it refuses. The controller tries again by itself, so "
        "the pods come once the reason is gone.",
        (edit(refusal.owner, "Change what the message names"),),
    )
