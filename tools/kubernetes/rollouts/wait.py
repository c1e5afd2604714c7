"""Wait until a workload's rollout is complete and its pods stay up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from tools.cluster.errors import PASSING, Forbidden
from tools.diagnose.reading.snapshot import event_time
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import Workload
from tools.kubernetes.rollouts.blocks import (
    NO_ROOM_S,
    UNSURE_PROBE_S,
    Block,
    allowed_s,
    blocks,
    certain_mount,
    certain_probe,
    fits_somewhere,
    is_about,
)
from tools.kubernetes.rollouts.state import (
    Progress,
    Restarts,
    Seen,
    judge,
    see,
)
from tools.plaintext import one_line

POLL_S = 1.0


def wait_for_rollout(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Workload = "Deployment",
    timeout_s: Annotated[int, Field(ge=1, le=1800, description="How long to wait at most, in seconds.")] = 120,
    stable_s: Annotated[
        int, Field(ge=0, le=600, description="How long it must stay healthy without a restart, in seconds.")
    ] = 10,
) -> Result:
    """Wait until every pod is of the newest template, available, and stays so without a restart.

    A crash of a new pod ends the wait at once, and so does, after some seconds, whatever does not pass by itself
    (refused pods, a missing image, no node that would do): diagnose tells more. Without pods there is nothing that
    could crash, and the wait ends as well.
    """
    deadline = context.monotonic() + timeout_s
    settled: Restarts | None = None
    steady_since: float | None = None
    standing = Standing()
    needed_s = stable_s
    while True:
        blocked = ""
        try:
            seen = see(context, kind, name, namespace)
            needed_s = stable_s if seen.pods else 0
            settled = seen.settled() if settled is None else settled
            progress = judge(seen.workload, seen.pods, seen.newest, settled)
            if progress.state == "progressing":
                blocked = blocked_by(context, seen, standing)
        except PASSING as error:
            if context.monotonic() >= deadline:
                raise  # nobody knows how far it is
            progress = Progress("progressing", f"the cluster does not answer: {error}")
        now = context.monotonic()
        steady_since = (now if steady_since is None else steady_since) if progress.state == "complete" else None
        if steady_since is not None and now - steady_since >= needed_s:
            return Result(f"{kind} {name} in {namespace} is rolled out and healthy: {progress.why}.")
        if blocked:
            return _bad_news(kind, name, namespace, "is blocked", blocked)
        if progress.state == "failed" or now >= deadline:
            return _bad_news(kind, name, namespace, _reached(progress, timeout_s), progress.why)
        context.progress(f"{kind} {name}: {progress.why}")
        context.sleep(POLL_S)


class Standing:
    """Since when each block of a rollout has been seen without a break."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def seen_for(self, found: Sequence[Block], now: float) -> list[tuple[Block, float]]:
        """The blocks with how long each has stood; those that are gone are forgotten."""
        self._since = {block.key: self._since.get(block.key, now) for block in found}
        return [(block, now - self._since[block.key]) for block in found]


def blocked_by(context: ToolContext, seen: Seen, standing: Standing) -> str:
    """What blocks a rollout for good and has stood for long enough; empty where time may still help."""
    for block, stood_s in standing.seen_for(list(blocks(seen)), context.monotonic()):
        if stood_s >= block.after_s and (why := _confirmed(context, seen, block, stood_s)):
            return why
    return ""


def _confirmed(context: ToolContext, seen: Seen, block: Block, stood_s: float) -> str:
    """Why a block that has stood stays; empty where what else there is to read speaks against it."""
    match block.sort:
        case "unplaced":
            return block.why if _stays_unplaced(context, block, stood_s) else ""
        case "probe":
            return _failing_probe(context, block, stood_s)
        case "uncreated":
            said = _last_event(context, seen.workload, "FailedCreate")
            return f"{block.why}: {said}" if said else ""
        case "mount":
            said = _last_event(context, block.pod or {}, "FailedMount")
            return f"{block.why}: {said}" if certain_mount(said) else ""
        case _:
            return block.why


def _stays_unplaced(context: ToolContext, block: Block, stood_s: float) -> bool:
    """Whether no node will take a pod: none joins for it, and nothing is about to make room."""
    pod = block.pod or {}
    if any(event.get("reason") == "TriggeredScaleUp" for event in _events(context, pod)):
        return False
    if stood_s >= NO_ROOM_S:
        return True
    try:
        return "Insufficient" not in block.why or not fits_somewhere(
            pod, block.why, context.cluster.list("nodes", None)
        )
    except Forbidden:
        return False


def _failing_probe(context: ToolContext, block: Block, stood_s: float) -> str:
    unhealthy = (each for each in _events(context, block.pod or {}) if is_about(each, block))
    said = str(next(unhealthy, {}).get("message", ""))
    is_late = stood_s >= max(UNSURE_PROBE_S, 2 * allowed_s(block.probe))
    if not said or not (is_late or certain_probe(said, block.probe, block.spec)):
        return ""
    return f"{block.why}: {one_line(said)}"


def _last_event(context: ToolContext, about: Json, reason: str) -> str:
    """What the last event about an object says, if it is for that reason."""
    events = _events(context, about)
    return one_line(str(events[0].get("message"))) if events and events[0].get("reason") == reason else ""


def _events(context: ToolContext, about: Json) -> list[Json]:
    """The events about an object, newest first."""
    metadata = about["metadata"]
    selector = f"involvedObject.uid={metadata['uid']}"
    happened = context.cluster.list("events", metadata["namespace"], field_selector=selector)
    return sorted(happened, key=event_time, reverse=True)


def _reached(progress: Progress, timeout_s: int) -> str:
    return {
        "failed": "failed",
        "progressing": f"is not complete after {timeout_s} s",
        "complete": f"is complete, but was not healthy for long enough within {timeout_s} s",
    }[progress.state]


def _bad_news(kind: str, name: str, namespace: str, reached: str, why: str) -> Result:
    text = f"The rollout of {kind} {name} in {namespace} {reached}: {why.rstrip('.')}. Diagnose it to learn why."
    return Result(text, ok=False)
