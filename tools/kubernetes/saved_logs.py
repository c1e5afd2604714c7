"""Save a container's log in the workspace."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.errors import ToolFailed
from tools.frame import (
    File,
    Name,
    Namespace,
    Rendering,
    ToolContext,
)
from tools.kubernetes.read import PodOrWorkload, Previous, log_of

POD_LOGS = "pod-logs"
_LIMIT_BYTES = 1_000_000


def save_logs(
    context: ToolContext,
    *,
    namespace: Namespace,
    pod: PodOrWorkload,
    container: Name | None = None,
    previous: Previous = False,
    tail_lines: Annotated[int, Field(ge=1, le=20_000, description="How many of the last lines.")] = 2000,
) -> Rendering:
    """Save the last lines of a container's log in a file of the workspace, without the secrets in it."""
    name, chosen, text = log_of(
        context,
        namespace,
        pod,
        container,
        previous=previous,
        tail_lines=tail_lines,
        limit_bytes=_LIMIT_BYTES,
    )
    if not text.strip():
        raise ToolFailed(f"The log of {name}/{chosen} is empty: there is nothing to save.")
    path = f"{POD_LOGS}/{namespace}/{name}-{chosen}{'-previous' if previous else ''}.log"
    lines = text.count("\n") + (not text.endswith("\n"))
    masked = str(context.mask({"log": text})["log"])
    summary = f"save {lines} lines of the log of {name}/{chosen} in {namespace}"
    return Rendering(summary, (File(path, masked.encode()),))
