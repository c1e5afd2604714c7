"""Wait until a diagnosis finds nothing more on an object."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from tools.cluster.did_you_mean import NotThere
from tools.cluster.errors import PASSING, Forbidden, NotFound
from tools.diagnose.diagnose import diagnose
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json

POLL_S = 2.0
LOOK_S = 10.0
"""It is diagnosed again after so long at the latest, and at once where the object or a pod has changed."""


def wait_until_mended(
    context: ToolContext,
    *,
    namespace: Namespace,
    kind: Annotated[str, Field(min_length=1, max_length=100, description="Kind of the object: Service.")],
    name: Name,
    timeout_s: Annotated[int, Field(ge=1, le=600, description="How long to wait at most, in seconds.")] = 60,
) -> Result:
    """Wait until the diagnosis finds no fault on an object any more; for a workload, wait_for_rollout says more."""
    deadline = context.monotonic() + timeout_s
    seen, looked = "", -LOOK_S
    while True:
        now = context.monotonic()
        try:
            marks = _marks(context, namespace, kind, name)
            if marks != seen or now >= min(deadline, looked + LOOK_S):
                left = _faults(context, namespace, kind, name)
                seen, looked = marks, now
        except PASSING as error:
            if now >= deadline:
                raise  # nobody knows what is left
            left, seen = [f"the cluster does not answer: {error}"], ""
        if not left:
            return Result(f"{kind} {name} in {namespace}: nothing is wrong with it any more.")
        if now >= deadline:
            return Result(f"{kind} {name} in {namespace}, after {timeout_s} s: {'; '.join(left)}.", ok=False)
        context.progress(f"{kind} {name}: {left[0]}")
        context.sleep(POLL_S)


def _marks(context: ToolContext, namespace: str, kind: str, name: str) -> str:
    """What is another text once the object or a pod of its namespace has changed: their versions, two requests."""
    found = [_version(context, namespace, kind, name)]
    pages = context.cluster.pages("pods", namespace, names_only=True)
    page = json.loads(next(pages))
    while True:
        metadata = (item["metadata"] for item in page.get("items") or ())
        found += sorted(f"{each['name']} {each['resourceVersion']}" for each in metadata)
        if not (token := (page.get("metadata") or {}).get("continue")):
            return "\n".join(found)
        page = json.loads(pages.send(token))


def _version(context: ToolContext, namespace: str, kind: str, name: str) -> str:
    """The object's; empty where it is not there, or is not ours to read."""
    try:
        return str(context.cluster.get(kind, name, namespace)["metadata"]["resourceVersion"])
    except (NotFound, Forbidden):
        return ""


def _faults(context: ToolContext, namespace: str, kind: str, name: str) -> list[str]:
    """What is wrong with the object; where nothing is, what of it is only starting, and may still show a fault."""
    report = diagnose(context.cluster, namespace=namespace)
    found: list[Json] = report["findings"]
    faults = [
        f"{each['cause']}: {each['summary']}"
        for each in found
        if (each["object"]["kind"], each["object"]["name"]) == (kind, name) and each["severity"] != "info"
    ]
    return faults if faults or report["settled"] else _starting(context, namespace, kind, name)


def _starting(context: ToolContext, namespace: str, kind: str, name: str) -> list[str]:
    try:
        begun: list[str] = diagnose(context.cluster, namespace=namespace, name=f"{kind}/{name}")["starting"]
    except NotThere:  # nothing of it can start
        return []
    return begun
