"""`diagnose` as a tool."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.diagnose import diagnose as diagnosis
from tools.diagnose.render import render
from tools.frame import Namespace, Result, ToolContext

LOOK_AGAIN_S = 2.0


def diagnose(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Annotated[
        str | None, Field(max_length=300, description="A workload or pod: its name, or TYPE/NAME; else everything.")
    ] = None,
    patience_s: Annotated[
        int,
        Field(
            ge=0, le=300, description="Look again for so long while something is starting and no fault shows yet."
        ),
    ] = 0,
) -> Result:
    """Find out why workloads of a namespace do not run, and what would mend them.

    Looks at pods, workloads, jobs, Services, Ingresses, NetworkPolicies, autoscalers, claims and quotas. Names the
    cause, the object to change, the evidence, and remedies; a remedy with a tool can be called with its arguments
    as they stand. No findings means that nothing it knows is wrong; what it was not allowed to see, it says.
    """
    deadline = context.monotonic() + patience_s
    while True:
        report = diagnosis.diagnose(context.cluster, namespace=namespace, name=name)
        if report["findings"] or report["settled"] or context.monotonic() >= deadline:
            return Result(render(report, for_model=True), report)
        context.progress(f"no fault shows yet, and not all is settled: {'; '.join(report['starting'])}")
        context.sleep(LOOK_AGAIN_S)
