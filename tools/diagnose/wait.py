"""Wait until a diagnosis finds nothing more on an object."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.cluster.errors import PASSING
from tools.diagnose.diagnose import diagnose
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json

POLL_S = 2.0


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
    while True:
        try:
            left = _faults(context, namespace, kind, name)
        except PASSING as error:
            if context.monotonic() >= deadline:
                raise  # nobody knows what is left
            left = [f"the cluster does not answer: {error}"]
        if not left:
            return Result(f"{kind} {name} in {namespace}: nothing is wrong with it any more.")
        if context.monotonic() >= deadline:
            return Result(f"{kind} {name} in {namespace}, after {timeout_s} s: {'; '.join(left)}.", ok=False)
        context.progress(f"{kind} {name}: {left[0]}")
        context.sleep(POLL_S)


def _faults(context: ToolContext, namespace: str, kind: str, name: str) -> list[str]:
    report = diagnose(context.cluster, namespace=namespace)
    found: list[Json] = report["findings"]
    return [
        f"{each['cause']}: {each['summary']}"
        for each in found
        if (each["object"]["kind"], each["object"]["name"]) == (kind, name) and each["severity"] != "info"
    ]
