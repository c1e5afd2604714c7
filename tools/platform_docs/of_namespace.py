"""The facts of a namespace and its team: whose it is, what it may take, what is let through, who may do what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tools.apimachinery import quantity
from tools.cluster.client import Access, Cluster
from tools.cluster.errors import Forbidden
from tools.conventions import CI_ACCOUNT, WHY
from tools.diagnose.facts.image_pulls import reference
from tools.json import Json
from tools.plaintext import one_line
from tools.platform_docs.asking import READ_AT_MOST, Asked, Read
from tools.platform_docs.facts import Bound, Fact, Limit, Policy, TeamNamespace

_ENVIRONMENTS = ("dev", "qa", "test", "staging", "prod")


def team_namespaces(cluster: Cluster, team: str) -> list[TeamNamespace]:
    """A team's namespaces, those of the earliest environment first."""
    listed = cluster.list("namespaces", None, label_selector=f"team={team}", limit=READ_AT_MOST)
    found = [
        TeamNamespace(each["metadata"]["name"], (each["metadata"].get("labels") or {}).get("environment", ""))
        for each in listed
    ]
    rank = {environment: index for index, environment in enumerate(_ENVIRONMENTS)}
    return sorted(found, key=lambda each: (rank.get(each.environment, len(rank)), each.name))


def of_labels(asked: Asked, labels: Mapping[str, str] | None) -> dict[str, Fact[Any]]:
    """What the namespace's labels tell; None: they may not be read."""
    source = f"v1/Namespace {asked.namespace}"

    def label(key: str) -> Read[str]:
        if labels is None:
            raise Forbidden(source)
        return Read(labels.get(key), source)

    def levels() -> Read[dict[str, str]]:
        if labels is None:
            raise Forbidden(source)
        modes = ("enforce", "warn", "audit")
        said = {mode: labels.get(f"pod-security.kubernetes.io/{mode}") for mode in modes}
        return Read({mode: level for mode, level in said.items() if level} or None, source)

    def named() -> Read[str]:
        return Read(asked.team, "--team") if labels is None and asked.team else label("team")

    unset = f"no label of {asked.namespace} says it"
    return {
        "team": asked.fact("team", "Team", source, named, absent=unset),
        "environment": asked.fact(
            "environment", "Environment", source, lambda: label("environment"), absent=unset
        ),
        "pod_security": asked.fact(
            "pod-security", "Pod Security level", source, levels,
            lambda said: ", ".join(f"{mode} {level}" for mode, level in said.items()),
            absent=f"{unset}: the cluster's default holds",
        ),
    }  # fmt: skip


def namespaces_of_team(asked: Asked) -> Fact[list[TeamNamespace]]:
    source = f"v1/Namespace, label team={asked.team}" if asked.team else "v1/Namespace"

    def ask() -> Read[list[TeamNamespace]]:
        return Read(team_namespaces(asked.cluster, asked.team) if asked.team else None, source)

    def said(found: list[TeamNamespace]) -> dict[str, str]:
        return {each.name: f"({each.environment or 'no environment'})" for each in found}

    return asked.fact(
        "team-namespaces", "The team's namespaces", source, ask, said, absent=f"{asked.namespace} is no team's"
    )


def may_deploy(asked: Asked) -> Fact[bool]:
    source = "authorization.k8s.io/v1/SelfSubjectAccessReview"

    def ask() -> Read[bool]:
        access = Access("create", "apps", "deployments", asked.namespace)
        return Read(asked.cluster.may(access), source)

    return asked.fact("may-deploy", f"May {asked.user} deploy", source, ask, lambda may: "yes" if may else "no")


def members(asked: Asked) -> Fact[list[str]]:
    source = f"rbac.authorization.k8s.io/v1/RoleBinding in {asked.namespace}"

    def ask() -> Read[list[str]]:
        bindings = asked.listed("rolebindings")
        said = {
            f"{each['roleRef']['name']}: {subject['kind']} {subject['name']}"
            for each in bindings
            for subject in each.get("subjects") or ()
        }
        return Read(sorted(said) or None, source)

    return asked.fact("members", "Who has access", source, ask, "; ".join, absent=f"nobody in {asked.namespace}")


def quota(asked: Asked) -> dict[str, Fact[Any]]:
    source = f"v1/ResourceQuota in {asked.namespace}"

    def ask() -> Read[list[Bound]]:
        live = asked.listed("resourcequotas")
        named = ", ".join(f"v1/ResourceQuota {each['metadata']['name']}" for each in live)
        return Read(sorted(bound for each in live for bound in _bounds(each)) or None, named or source)

    none = f"none in {asked.namespace}"
    hard = asked.fact(
        "quota", "Quota", source, ask,
        lambda bounds: {_key(each, bounds): each.hard for each in bounds}, absent=none,
    )  # fmt: skip
    parts = {_key(each, hard.value or []): each.left for each in hard.value or ()}
    said = ", ".join(f"{resource} {left}" for resource, left in parts.items()) or hard.said
    left = replace(hard, name="quota-left", title="What is left of it", said=said, moves=True, parts=parts)
    return {"quota": hard, "quota_left": left}


def _key(bound: Bound, among: list[Bound]) -> str:
    """The resource; with its quota where another one bounds it, too."""
    is_alone = sum(each.resource == bound.resource for each in among) == 1
    return bound.resource if is_alone else f"{bound.resource} of {bound.quota}"


def _bounds(live: Json) -> Iterator[Bound]:
    status = live.get("status") or {}
    hard, used = (status.get("hard") or live["spec"].get("hard") or {}), status.get("used") or {}
    for resource, bound in hard.items():
        taken = used.get(resource, "0")
        left = quantity.amount(bound) - quantity.amount(taken)
        yield Bound(resource, bound, taken, _shown(resource, left), live["metadata"]["name"])


def _shown(resource: str, left: Any) -> str:
    """What is left as people write it."""
    last = resource.rpartition(".")[2]
    if last in ("memory", "storage", "ephemeral-storage"):
        return ("-" if left < 0 else "") + quantity.size(abs(int(left)))
    return quantity.cpu(left) if last == "cpu" else str(int(left))


def limits(asked: Asked) -> Fact[list[Limit]]:
    source = f"v1/LimitRange in {asked.namespace}"

    def ask() -> Read[list[Limit]]:
        live = asked.listed("limitranges")
        named = ", ".join(f"v1/LimitRange {each['metadata']['name']}" for each in live)
        entries = (entry for each in live for entry in each["spec"].get("limits") or ())
        return Read(sorted(limit for entry in entries for limit in _limits_in(entry)) or None, named or source)

    return asked.fact(
        "limits", "LimitRange", source, ask,
        lambda limits: {f"{each.type} {each.resource}": _limit_said(each) for each in limits},
        absent=f"none in {asked.namespace}",
    )  # fmt: skip


def _limits_in(entry: Json) -> Iterator[Limit]:
    sides = ("defaultRequest", "default", "min", "max")
    for resource in sorted({name for side in sides for name in entry.get(side) or {}}):
        yield Limit(entry["type"], resource, *((entry.get(side) or {}).get(resource, "") for side in sides))


def _limit_said(limit: Limit) -> str:
    names = ("request by default", "limit by default", "least", "most")
    told = [f"{name} {value}" for name, value in zip(names, limit[2:], strict=True) if value]
    return f"({', '.join(told)})"


def policies(asked: Asked) -> Fact[list[Policy]]:
    source = f"networking.k8s.io/v1/NetworkPolicy in {asked.namespace}"

    def ask() -> Read[list[Policy]]:
        found = [
            Policy(each["metadata"]["name"], one_line((each["metadata"].get("annotations") or {}).get(WHY, "")))
            for each in asked.listed("networkpolicies")
        ]
        return Read(sorted(found) or None, source)

    return asked.fact(
        "network-policies", "NetworkPolicies", source, ask,
        lambda found: {each.name: f"({each.why})" if each.why else "" for each in found},
        absent=f"none in {asked.namespace}: all traffic is let through",
    )  # fmt: skip


def ci_account(asked: Asked) -> Fact[str]:
    source = f"v1/ServiceAccount {CI_ACCOUNT}"

    def ask() -> Read[str]:
        return Read(asked.read("v1", "ServiceAccount", CI_ACCOUNT, asked.namespace)["metadata"]["name"], source)

    return asked.fact(
        "ci-account", "The pipelines' ServiceAccount", source, ask, absent=f"none in {asked.namespace}"
    )


def pull_secrets(asked: Asked) -> Fact[list[str]]:
    source = "v1/ServiceAccount default"

    def ask() -> Read[list[str]]:
        account = asked.read("v1", "ServiceAccount", "default", asked.namespace)
        return Read([each["name"] for each in account.get("imagePullSecrets") or ()] or None, source)

    return asked.fact(
        "pull-secrets", "Pull secrets that every pod gets", source, ask, ", ".join,
        absent=f"none in {asked.namespace}",
    )  # fmt: skip


def registries_in_use(asked: Asked) -> Fact[list[str]]:
    source = f"apps/v1/Deployment in {asked.namespace}"

    def ask() -> Read[list[str]]:
        containers = (
            container
            for each in asked.listed("deployments")
            for container in each["spec"]["template"]["spec"].get("containers") or ()
        )
        return Read(sorted({reference(each["image"]).registry for each in containers}) or None, source)

    return asked.fact(
        "registries-in-use", "Registries that Deployments here use", source, ask, ", ".join,
        absent=f"no Deployment in {asked.namespace}", moves=True,
    )  # fmt: skip
