"""Change the environment variables of one container. The function only plans."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from tools.changes.plan import Plan
from tools.changes.strategic import difference
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import (
    Templated,
    container_of,
    container_patch,
    template_plan,
    where,
)

# Source: https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/
Variable = Annotated[str, Field(pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$", max_length=253)]
Value = Annotated[str, Field(max_length=4000)]

_KEY = re.compile(r"_KEY$", re.IGNORECASE)
_MASKED = "[redacted]"
_HOW = (
    "Values of secrets are never passed through Desk. Put the value in a Secret yourself (kubectl create secret "
    "generic NAME --from-file={name}=FILE), and let the variable refer to it: kubectl set env {target} -c "
    "{container} --from=secret/NAME --keys={name}, which writes a valueFrom with secretKeyRef"
)


def set_env(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Templated = "Deployment",
    container: Name | None = None,
    variables: Annotated[
        dict[Variable, Value], Field(max_length=50, description="Variables to add or change, by name. No secrets.")
    ] = {},  # noqa: B006  pydantic copies it
    remove: Annotated[list[Variable], Field(max_length=50, description="Names of variables to remove.")] = [],  # noqa: B006
) -> Plan:
    """Add, change or remove environment variables of one container, which rolls the pods anew.

    Values that look secret are refused: those belong in a Secret. A variable that takes its value from elsewhere
    (valueFrom) gets the plain value instead. The container may be left out when the workload has only one.
    """
    if not variables and not remove:
        raise ArgumentsError("set_env: give variables to set, or names to remove.")
    if both := sorted(variables.keys() & set(remove)):
        raise ArgumentsError(f"set_env: {', '.join(both)} is to be set and to be removed: say which.")
    live = context.cluster.get(kind, name, namespace)
    field, chosen = container_of(live, container)
    before: list[Json] = chosen.get("env") or []
    _refuse_secrets(context, variables, f"{kind.lower()}/{name} -n {namespace}", chosen["name"])
    _check(before, remove, f"container {chosen['name']} of {where(live)}", "envFrom" in chosen)
    after = changed(before, variables, remove)
    said = ", ".join(_told(context, before, variables, remove))
    patch = container_patch(field, chosen["name"], difference({"env": before}, {"env": after}))
    return template_plan(context, live, patch, f"set env of {where(live)}, {chosen['name']}: {said}")


def changed(before: Sequence[Json], variables: Mapping[str, str], remove: Sequence[str]) -> list[Json]:
    """The variables as they are to be: those there are in their order, then the new ones. Pure."""
    there = {entry["name"] for entry in before}
    kept = [
        {"name": entry["name"], "value": variables[entry["name"]]} if entry["name"] in variables else entry
        for entry in before
        if entry["name"] not in remove
    ]
    return [*kept, *({"name": name, "value": value} for name, value in variables.items() if name not in there)]


def _refuse_secrets(context: ToolContext, variables: Mapping[str, str], target: str, container: str) -> None:
    for name, value in variables.items():
        if not looks_secret(context, name, value):
            continue
        how = _HOW.format(name=name, target=target, container=container)
        raise ToolFailed(f"Refused: the value of {name} looks like a secret, and nothing was changed. {how}.")


def looks_secret(context: ToolContext, name: str, value: str) -> bool:
    """Whether a variable's value is not to be written down, going by its name or by itself."""
    entry = {"name": name, "value": value}
    return bool(value) and (_MASKED in value or bool(_KEY.search(name)) or context.mask(entry) != entry)


def _check(before: Sequence[Json], remove: Sequence[str], what: str, has_env_from: bool) -> None:
    names = [entry["name"] for entry in before]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ToolFailed(f"{what} has {', '.join(twice)} twice, which no patch can tell apart: change it by hand.")
    if absent := [name for name in remove if name not in names]:
        hint = " What comes by envFrom is removed where it comes from." if has_env_from else ""
        raise ArgumentsError(
            f"{what} has no variable {', '.join(absent)}: it has {', '.join(names) or 'none'}.{hint}"
        )


def _told(
    context: ToolContext, before: Sequence[Json], variables: Mapping[str, str], remove: Sequence[str]
) -> list[str]:
    """What changes, variable by variable."""
    there = {entry["name"]: entry for entry in before}
    told = [
        f"{name} {_shown(context, there[name])} -> {value!r}" if name in there else f"{name} unset -> {value!r}"
        for name, value in variables.items()
    ]
    return [*told, *(f"{name} {_shown(context, there[name])} -> removed" for name in remove)]


def _shown(context: ToolContext, entry: Json) -> str:
    if "valueFrom" not in entry:
        return repr(str(context.mask(entry).get("value") or ""))
    return f"from {origin(entry['valueFrom'])}"


def origin(source: Json) -> str:
    """Where a `valueFrom` takes the value: `ConfigMap web-config key LEVEL`, `field status.podIP`."""
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if field in source:
            return f"{kind} {source[field].get('name', '')} key {source[field].get('key', '')}"
    if "fieldRef" in source:
        return f"field {source['fieldRef'].get('fieldPath', '')}"
    if "resourceFieldRef" in source:
        of = source["resourceFieldRef"]
        return f"{of.get('resource', '')} of container {of.get('containerName') or 'itself'}"
    return "somewhere else"
