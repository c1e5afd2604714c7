"""Why a registry refuses a pull: which pull secrets the pod brings, and which there are.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

import msgspec
from msgspec.structs import replace

from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.image_pulls import Reference, image_of, reference, refused
from tools.diagnose.facts.naming import TEMPLATE_KINDS, about_owner, about_pod, typed
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.remedies import patch, patched, restarted
from tools.diagnose.reading.secrets import PULL_TYPE, PULL_TYPES, fits
from tools.diagnose.terms import Evidence, Json, ObjectRef, Remedy, Snapshot, once
from tools.plaintext import one_line

NEW_SECRET = "registry-pull"  # noqa: S105
"""The name that is proposed for a pull secret which nothing names yet."""

_NOT_RETRIEVED = re.compile(r"Unable to retrieve some image pull secrets \(([^)]*)\)")
_PLAIN_HOST = re.compile(r"[\w.:-]+")
_ANY_HOST = "*"
_BRINGS = (
    "A pod pulls with the imagePullSecrets of its own spec, which it gets from its service account when it is made "
    "without any; each must exist in its namespace and hold credentials for this very registry."
)


class Credentials(msgspec.Struct, frozen=True):
    """What a finding says of a pod's pull secrets."""

    said: str
    why: str
    evidence: tuple[Evidence, ...]
    remedies: tuple[Remedy, ...]


class _Case(msgspec.Struct, frozen=True):
    """A container whose image was refused, with what is known of the pull secrets about it."""

    container: Container
    snapshot: Snapshot
    image: Reference
    account: str
    named: tuple[str, ...]
    """Those of the pod; the admission of the pod has copied its service account's, if it had none."""
    linked: tuple[str, ...]
    """Those that its service account names now."""

    @property
    def of_account(self) -> bool:
        """Whether what a service account names reaches a new pod: only where the template names none itself."""
        return not self.named or self.named == self.linked

    def fitting(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if _is_for(self.snapshot.named("Secret", name), self.image)]

    def missing(self) -> list[str]:
        if self.snapshot.has("Secret"):
            return [name for name in self.named if self.snapshot.named("Secret", name) is None]
        return [name for name in _not_retrieved(self.container, self.snapshot) if name in self.named]


def judged(container: Container, snapshot: Snapshot) -> Credentials:
    """Why the credentials of a container's pod do not do, as far as its pull secrets could be read."""
    spec = container.pod["spec"]
    account = str(spec.get("serviceAccountName") or "default")
    case = _Case(
        container,
        snapshot,
        reference(image_of(container)),
        account,
        _names(spec),
        _names(snapshot.named("ServiceAccount", account) or {}),
    )
    said, remedies = _judged(case)
    return Credentials(said, _BRINGS, _evidence(case), tuple(remedies))


def _judged(case: _Case) -> tuple[str, list[Remedy]]:
    registry = case.image.registry
    there = _candidates(case)
    if in_vain := case.fitting(case.named):
        return f"it refuses the credentials of the pull secret {in_vain[0]}", [_renew(case, in_vain[0])]
    if waiting := [name for name in case.fitting(case.linked) if name not in case.named]:
        said = f"the service account {case.account} names {waiting[0]} for it, but the pod is older than that"
        return said, [_restart(case)]
    said = _what_is_named(case)
    if not there:
        return said, _create_and_use(case)
    if not case.named:
        said = f"there is the pull secret {there[0]} for {registry}, but the service account {case.account} " + (
            "does not name it" if case.snapshot.has("ServiceAccount") else "gave the pod none"
        )
        return said, [_use(case, there[0])]
    more = "" if said.endswith(f": {there[0]}") else f"; {there[0]} is one for {registry}"
    return said + more, [_use(case, there[0])]


def _candidates(case: _Case) -> list[str]:
    """The fitting pull secrets of the namespace, the most like a missing one first; not those that are refused."""
    in_vain = _in_vain(case.snapshot)
    near = nearest(case.named[0], case.snapshot.names("Secret")) if case.named else None
    there = [name for name in case.fitting(_known_for(case)) if (case.image.registry, name) not in in_vain]
    return sorted(there, key=lambda name: (name != near, name))


@once
def _in_vain(snapshot: Snapshot) -> set[tuple[str, str]]:
    """The registries that refuse a pod, each with the pull secrets that this brings."""
    return {
        (reference(image_of(group[0])).registry, name)
        for group in refused(snapshot)
        for name in _names(group[0].pod["spec"])
    }


def _known_for(case: _Case) -> set[str]:
    """The pull secrets that name the image's registry, or may mean it by a wildcard."""
    by_host = _by_host(case.snapshot)
    return {name for host in (case.image.registry, _ANY_HOST) for name in by_host.get(host, ())}


@once
def _by_host(snapshot: Snapshot) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for secret in snapshot.of("Secret"):
        for registry in secret.get("registries") or ():
            host = str(registry).partition("/")[0]
            is_plain = _PLAIN_HOST.fullmatch(host) and not host.endswith("docker.io")
            found.setdefault(host if is_plain else _ANY_HOST, []).append(str(secret["metadata"]["name"]))
    return found


def _what_is_named(case: _Case) -> str:
    registry = case.image.registry
    if not case.named:
        return f"its pod has no pull secret (service account {case.account})"
    if missing := case.missing():
        near = nearest(missing[0], case.snapshot.names("Secret"))
        more = f"; the nearest there is: {near}" if near else ""
        return f"its pull secret {missing[0]} does not exist{more}"
    for name in case.named:
        secret = case.snapshot.named("Secret", name) or {}
        if "type" in secret and secret["type"] not in PULL_TYPES:
            return f"its pull secret {name} is of type {one_line(str(secret['type']), 100)}, not {PULL_TYPE}"
    name = case.named[0]
    secret = case.snapshot.named("Secret", name) or {}
    if "registries" not in secret:
        return f"its pull secret {name} could not be looked into"
    registries = ", ".join(one_line(one, 100) for one in secret["registries"][:3])
    return f"its pull secret {name} is for {registries or 'no registry'}, not for {registry}"


def _is_for(secret: Json | None, image: Reference) -> bool:
    return any(fits(str(registry), image) for registry in (secret or {}).get("registries") or ())


def _names(holder: Json) -> tuple[str, ...]:
    return tuple(str(one["name"]) for one in holder.get("imagePullSecrets") or () if one.get("name"))


def _not_retrieved(container: Container, snapshot: Snapshot) -> list[str]:
    """The pull secrets that the kubelet did not find, from its newest event of that."""
    for event in snapshot.events_of("Pod", container.pod_name):
        if match := _NOT_RETRIEVED.search(str(event.get("message"))):
            return [name.strip() for name in match[1].split(",")]
    return []


def _evidence(case: _Case) -> tuple[Evidence, ...]:
    names = ", ".join(case.named) or "none"
    evidence = [
        about_pod("spec", case.container.pod, f"imagePullSecrets: {names}; serviceAccountName: {case.account}")
    ]
    for name in dict.fromkeys((*case.named, *case.linked)):
        secret = case.snapshot.named("Secret", name) or {}
        if "type" in secret:
            registries = f", for {', '.join(secret['registries'])}" if secret.get("registries") else ""
            evidence.append(Evidence("spec", f"Secret {name}", one_line(f"type: {secret['type']}{registries}")))
    return (*evidence, *_template_evidence(case))


def _template_evidence(case: _Case) -> tuple[Evidence, ...]:
    if not case.named or case.of_account:
        return ()
    return (about_owner("spec", case.container.owner, f"imagePullSecrets: {', '.join(case.named)}"),)


def _create_and_use(case: _Case) -> list[Remedy]:
    if case.named and (missing := case.missing()):
        return [_create(case, missing[0])]
    name = _new_name(case)
    return [_create(case, name), _use(case, name)]


def _new_name(case: _Case) -> str:
    """A name that no Secret has."""
    names = (f"{NEW_SECRET}-{number}" if number > 1 else NEW_SECRET for number in count(1))
    return next(name for name in names if case.snapshot.named("Secret", name) is None)


def _create(case: _Case, name: str) -> Remedy:
    remedy = Remedy(
        title=f"Log in to {case.image.registry} where you are (docker login or podman login), and make the pull "
        f"secret {name} of that file",
        command=_from_login(case, name),
        risk="secret",
        tool="create_pull_secret",
        arguments={"namespace": case.snapshot.namespace, "pull_secret": name, "registry": case.image.registry},
    )
    return _by_hand_unless_renewed(case, remedy)


def _by_hand_unless_renewed(case: _Case, remedy: Remedy) -> Remedy:
    """Only new pods take up another pull secret: a tool must be able to make them anew."""
    return remedy if case.container.owner.kind in TEMPLATE_KINDS else replace(remedy, tool=None, arguments={})


def _renew(case: _Case, name: str) -> Remedy:
    return Remedy(
        title=f"Log in to {case.image.registry} anew where you are, and put that into {name}; or ask for the "
        "right to pull this image",
        command=f"{_from_login(case, name)} --dry-run=client -o yaml"
        " | kubectl apply --server-side --force-conflicts -f -",
        risk="secret",
    )


def _from_login(case: _Case, name: str) -> str:
    return (
        f"kubectl create secret generic {name} -n {case.snapshot.namespace} --type={PULL_TYPE} "
        "--from-file=.dockerconfigjson=$HOME/.docker/config.json"
    )


def _use(case: _Case, secret: str) -> Remedy:
    """By the service account, where the pods take theirs from it; otherwise in their template."""
    owner = case.container.owner
    if case.of_account:
        return _link(case, secret)
    if owner.kind not in TEMPLATE_KINDS:
        return Remedy(
            title=f"Name {secret} in imagePullSecrets, and make it anew",
            command=f"kubectl get {typed(owner)} -o yaml > {owner.name}.yaml",
            risk="read",
        )
    value = [{"op": "add", "path": "/spec/template/spec/imagePullSecrets", "value": [{"name": secret}]}]
    return patched(owner, f"Name {secret} in its imagePullSecrets instead", value)


def _link(case: _Case, secret: str) -> Remedy:
    namespace = case.snapshot.namespace
    if case.snapshot.has("Route"):
        link = f"oc secrets link {case.account} {secret} --for=pull -n {namespace}"
    else:
        account = ObjectRef("v1", "ServiceAccount", namespace, case.account)
        link = patch(account, {"imagePullSecrets": [{"name": secret}]})
    remedy = Remedy(
        title=f"Let the service account {case.account} pull {case.image.registry} with {secret}; a pod takes it "
        "when it is made",
        command=f"{link} && {_made_anew(case)}",
        risk="provision",
        tool="link_pull_secret",
        arguments={"namespace": namespace, "service_account": case.account, "pull_secret": secret},
    )
    return _by_hand_unless_renewed(case, remedy)


def _restart(case: _Case) -> Remedy:
    title = "Make its pods anew: they take it then"
    if case.container.owner.kind in TEMPLATE_KINDS:
        return restarted(case.container.owner, title)
    return Remedy(title, _made_anew(case), "change")


def _made_anew(case: _Case) -> str:
    owner = case.container.owner
    if owner.kind in TEMPLATE_KINDS:
        return f"kubectl rollout restart {typed(owner)}"
    return f"kubectl delete pod {case.container.pod_name} -n {owner.namespace}"
