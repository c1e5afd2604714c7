"""What a workload was before: its revisions, what changed from one to the next, and who wrote it last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import Workload, containers_of, where
from tools.kubernetes.rollouts.revisions import Revision, differences, revisions
from tools.plaintext import one_line

_REVISIONS_SHOWN = 10
_DIFFERENCES_SHOWN = 12
_WRITERS_SHOWN = 5
_FIELDS_SHOWN = 6
_LINE_CHARS = 300


def rollout_history(
    context: ToolContext, *, namespace: Namespace, name: Name, kind: Workload = "Deployment"
) -> Result:
    """The revisions of a workload, newest first: when, which image, what changed in the template; who wrote last.

    Only what its controller keeps (revisionHistoryLimit). rollback_rollout goes back to one of them.
    """
    live = context.cluster.get(kind, name, namespace)
    kept = revisions(context, live)
    told = _told(context, kept)
    last = writers(live)
    return Result(
        "\n".join([
            f"Revisions of {where(live)}, newest first:",
            *(_lines(told) or ["  none is kept"]),
            "Who wrote it last:",
            *(_written(last) or ["  the API server does not say"]),
        ]),
        {"revisions": told, "writers": last[:_WRITERS_SHOWN]},
    )  # fmt: skip


def _told(context: ToolContext, kept: Sequence[Revision]) -> list[Json]:
    """The newest revisions as data, each with what it changed of the one before."""
    before: list[Revision | None] = [*kept[1:], None]
    return [
        {
            "revision": revision.number,
            "created": revision.created,
            "images": {item["name"]: item.get("image", "") for _, item in containers_of(revision.template)},
            "change_cause": revision.change_cause,
            "earlier": revision.earlier,
            "changed": differences(older.template, revision.template, mask=context.mask) if older else [],
        }
        for revision, older in zip(kept[:_REVISIONS_SHOWN], before, strict=False)
    ]


def _lines(told: Sequence[Json]) -> list[str]:
    lines: list[str] = []
    for each in told:
        images = ", ".join(each["images"].values())
        again = f", which was revision {each['earlier']} before" if each["earlier"] else ""
        cause = f" ({one_line(each['change_cause'], _LINE_CHARS)})" if each["change_cause"] else ""
        lines.append(f"  {each['revision']}  made {each['created']}{again}  image {images}{cause}")
        shown = each["changed"][:_DIFFERENCES_SHOWN]
        lines += [f"       {one_line(change, _LINE_CHARS)}" for change in shown]
        if left := len(each["changed"]) - len(shown):
            lines.append(f"       and {left} more")
    return lines


def writers(live: Json) -> list[Json]:
    """Who wrote an object, and which fields are theirs, the last one first; not its status. Pure.

    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
    """
    entries = [each for each in live["metadata"].get("managedFields") or () if not each.get("subresource")]
    return [
        {
            "manager": str(each.get("manager", "")),
            "operation": str(each.get("operation", "")),
            "time": str(each.get("time", "")),
            "fields": fields(each.get("fieldsV1") or {}),
        }
        for each in sorted(entries, key=lambda each: str(each.get("time", "")), reverse=True)
    ]


def fields(owned: Json) -> list[str]:
    """The paths of a `fieldsV1`, as deep as they tell something: `spec.template.spec.containers[app].image`."""
    return list(dict.fromkeys(_paths(owned, "")))


def _paths(owned: Json, path: str) -> Iterator[str]:
    """The paths below one; an element of a list that is owned itself (`.`) stands for all that is in it."""
    inner = {} if "." in owned and path.endswith("]") else {key: owned[key] for key in owned if key != "."}
    if not inner and path:
        yield path
    for key, value in inner.items():
        yield from _paths(value, _step(path, key))


def _step(path: str, key: str) -> str:
    sort, _, said = key.partition(":")
    if sort == "f":
        return f"{path}.{said}" if path else said
    return f"{path}[{_joined_by(said)}]"


def _joined_by(said: str) -> str:
    """What tells an element of a list from the others: its name, where it has one."""
    try:
        value = json.loads(said)
    except ValueError:
        return said
    return str(value.get("name") or ",".join(map(str, value.values()))) if isinstance(value, dict) else str(value)


def _written(last: Sequence[Json]) -> list[str]:
    return [
        f"  {each['time']}  {each['manager']} ({each['operation']}): {_few(each['fields'])}"
        for each in last[:_WRITERS_SHOWN]
    ]


def _few(paths: Sequence[str]) -> str:
    left = len(paths) - _FIELDS_SHOWN
    return (
        ", ".join(paths[:_FIELDS_SHOWN]) + (f" and {left} more" if left > 0 else "") or "which fields is not told"
    )
