"""What a Role allows. The functions only plan, and each change is asked for, in every environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.changes.build import patch_change
from tools.changes.plan import Plan
from tools.errors import Refused
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import where

# They would let the Role's subjects give themselves any right, or read what is secret.
# Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
_VERBS = frozenset({"*", "escalate", "bind", "impersonate"})
_RESOURCES = frozenset({"*", "secrets", "roles", "rolebindings", "clusterroles", "clusterrolebindings"})
_SUBRESOURCES = frozenset({"token", "exec", "attach", "portforward", "proxy", "*"})


def allow(
    context: ToolContext,
    *,
    namespace: Namespace,
    role: Annotated[Name, Field(description="Role of the namespace; no ClusterRole.")],
    verb: Annotated[str, Field(pattern=r"^[a-z]+$|^\*$", max_length=30, description="get, list, watch ...")],
    resource: Annotated[str, Field(pattern=r"^[a-z0-9*./-]+$", max_length=253, description="Plural: configmaps.")],
    api_group: Annotated[str, Field(pattern=r"^[a-z0-9.*-]*$", max_length=253, description="API group.")] = "",
) -> Plan:
    """Let a Role of the namespace do one thing more: one verb on one resource. A person approves it, always.

    Wildcards, secrets, roles and what would let somebody take more rights are refused: they are Shield's.
    """
    kind, _, subresource = resource.partition("/")
    if verb in _VERBS or api_group == "*" or kind in _RESOURCES or subresource in _SUBRESOURCES:
        raise Refused(f"{verb} on {resource} is security policy, which is Shield's: ask Shield", "Shield")
    live = context.cluster.get("Role", role, namespace)
    body = {"rules": _with(live.get("rules") or [], verb, resource, api_group)}
    group = f".{api_group}" if api_group else ""
    change = patch_change(context.cluster.find("Role").plural, live, body)
    return Plan.of(f"allow {verb} on {resource}{group} in {where(live)}", change)


def _with(rules: list[Json], verb: str, resource: str, api_group: str) -> list[Json]:
    """The rules and one verb more: in the rule for exactly this resource, or in one of its own."""
    alone: Json = {"apiGroups": [api_group], "resources": [resource]}
    if any(api_group in rule.get("apiGroups", ()) and _allows(rule, verb, resource) for rule in rules):
        return rules
    at = next((index for index, rule in enumerate(rules) if {**rule, "verbs": []} == {**alone, "verbs": []}), None)
    if at is None:
        return [*rules, {**alone, "verbs": [verb]}]
    wider = {**rules[at], "verbs": [*rules[at]["verbs"], verb]}
    return [*rules[:at], wider, *rules[at + 1 :]]


def _allows(rule: Json, verb: str, resource: str) -> bool:
    return not rule.get("resourceNames") and verb in rule["verbs"] and resource in rule.get("resources", ())
