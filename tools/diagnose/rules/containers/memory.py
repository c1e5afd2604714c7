"""OOMKilled: a container needed more memory than it may have.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/
"""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import msgspec

from tools.apimachinery import quantity
from tools.diagnose.facts import memory_bounds
from tools.diagnose.facts.containers import Container, broken, crash, parse_time
from tools.diagnose.facts.covers import Cover, cover_of
from tools.diagnose.facts.edits import change
from tools.diagnose.facts.limit_ranges import bounds
from tools.diagnose.facts.memory_bounds import Bound
from tools.diagnose.facts.naming import TEMPLATE_KINDS, about_owner, about_pod, pod_names, subject_of, typed
from tools.diagnose.facts.present import anything
from tools.diagnose.facts.remedies import by_tool, template_patched
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Kind, Known, Remedy, Rule, Snapshot

OOM_KILLED = Cause(
    "OOMKilled",
    topic="scaling",
    means="The kernel killed a container because it needed more memory than it may have.",
    why=(
        "A container that needs more memory than its limit is killed with SIGKILL (exit code 137) at once: it "
        "cannot catch that, and its log often ends in mid-sentence. Without a limit it is killed when its node "
        "has no memory left. A limit that is too low, a leak, or a runtime whose heap is larger than the "
        "limit are the usual reasons."
    ),
    mend=(
        "Raise the limit to what the container really needs at its peak, or bound what the program takes (the "
        "heap of a JVM or of Node.js). When the use grows without end, it leaks: a larger limit only delays it."
    ),
    example=(
        "container app of Deployment checkout is OOMKilled: its memory limit is 128Mi (request 64Mi); 256Mi "
        "would be the next to try"
    ),
    source="https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/",
    called=r"\boom\w*|\bout of memory\b|\bmemory kill\w*",
)

_BUMP_UP_RATIO = Decimal("1.2")
_MIN_BUMP_UP_BYTES = 100 * quantity.MIB
_KILLED_CODE = 137
_STARTED = "container init was OOM-killed"


MEASURED_AFTER = timedelta(seconds=60)


def oom_killed(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Containers killed by the kernel for want of memory."""
    return [_finding(group, snapshot) for group in broken(snapshot, "OOMKilled")]


def next_limit_bytes(limit_bytes: int) -> int:
    """The memory limit to try after an OOM kill at `limit_bytes`: 16Mi, 128Mi, 256Mi, 512Mi.

    The larger of limit * 1.2 and limit + 100Mi, as the Vertical Pod Autoscaler bumps up after an OOM
    (its --oom-bump-up-ratio and --oom-min-bump-up-bytes), rounded up to a power of two of Mi.
    Source: https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/flags.md
    """
    needed = max(int(limit_bytes * _BUMP_UP_RATIO), limit_bytes + _MIN_BUMP_UP_BYTES)
    whole_mi = -(-needed // quantity.MIB)
    return quantity.MIB * (1 << (whole_mi - 1).bit_length())


def _finding(group: list[Container], snapshot: Snapshot) -> Finding:
    container = group[0]
    limit = container.memory_limit()
    plan = _plan(container, len(group), snapshot)
    held = _in_memory(container)
    return Finding(
        cause=OOM_KILLED,
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        subject=subject_of(container),
        detail=_detail(container, limit, plan, snapshot)
        + "".join(f"; {_counts(each)} as its memory" for each in held),
        why=_WHY_IN_MEMORY if held and limit else _why(limit),
        evidence=_evidence(container, limit, plan, snapshot)
        + tuple(about_owner("spec", container.owner, f"{each.said}: {json.dumps(each.source)}") for each in held),
        remedies=(*_remedies(container, limit, plan), *(_on_disk(each, container) for each in held)),
    )


_WHY_IN_MEMORY = (
    "What is written into an emptyDir with medium: Memory counts as memory of the container that writes it, and "
    "stays there when the container is started anew: then even its start may be killed. It goes with the pod."
)


def _in_memory(container: Container) -> list[Cover]:
    """The emptyDirs in memory that it mounts."""
    mounted = (cover_of(str(each.get("mountPath")), container) for each in container.spec.get("volumeMounts") or ())
    return [each for each in mounted if each and each.kind == "emptyDir" and each.source.get("medium") == "Memory"]


def _counts(cover: Cover) -> str:
    size = cover.source.get("sizeLimit")
    limit = f", sizeLimit {size}" if size else ", without a sizeLimit"
    return f"what is in emptyDir {cover.name} (medium: Memory{limit}) at {cover.at} counts"


def _on_disk(cover: Cover, container: Container) -> Remedy:
    volume = {"name": cover.name, "emptyDir": {"medium": ""}}
    return template_patched(container.owner, f"Or keep {cover.name} on the node's disk", {"volumes": [volume]})


def _with_files(limit_bytes: int, container: Container) -> int:
    """What a limit must hold beside: the files that its emptyDirs in memory may have."""
    sizes = (each.source.get("sizeLimit") for each in _in_memory(container))
    return limit_bytes + sum(int(quantity.parse(str(size))) for size in sizes if size)


class _Plan(msgspec.Struct, frozen=True):
    """The limit to try next and the request it takes along; `new_bytes` None: nothing larger is allowed."""

    new_bytes: int | None
    request_bytes: int | None
    bound: Bound | None


def _plan(container: Container, pods: int, snapshot: Snapshot) -> _Plan | None:
    """None when the container has no limit."""
    limit, request = container.memory_limit(), _request(container)
    if limit is None:
        return None
    limit_bytes = int(quantity.parse(limit))
    wanted = next_limit_bytes(_with_files(limit_bytes, container))
    bound = memory_bounds.smallest(container, limit_bytes, pods, snapshot)
    if bound is not None and bound.limit_bytes < wanted:
        wanted = bound.limit_bytes // quantity.MIB * quantity.MIB
    else:
        bound = None
    if wanted <= limit_bytes:
        return _Plan(None, None, bound)
    request_bytes = None if request is None else int(quantity.parse(request))
    return _Plan(wanted, memory_bounds.request_for(wanted, request_bytes, snapshot), bound)


def _request(container: Container) -> str | None:
    requests = (container.spec.get("resources") or {}).get("requests") or {}
    return str(requests["memory"]) if "memory" in requests else None


def _detail(container: Container, limit: str | None, plan: _Plan | None, snapshot: Snapshot) -> str:
    what = "is OOMKilled"
    ended = crash(container, snapshot.taken_at)
    if ended is not None and _STARTED not in ended.message and ended.exit_code not in (None, _KILLED_CODE):
        what += f" (a process in it; it then ended with exit code {ended.exit_code})"
    if limit is None or plan is None:
        return f"{what}: it has no memory limit, its node ran out of memory"
    request = _request(container)
    asks = f" (request {request})" if request and request != limit else ""
    asks += _default_said(container, limit, snapshot)
    if plan.new_bytes is None:
        return f"{what}: its memory limit is {limit}{asks}, and may not be larger: {_bound_said(plan)}"
    return f"{what}: its memory limit is {limit}{asks}; {quantity.memory(plan.new_bytes)} is the next to try"


def _default_said(container: Container, limit: str, snapshot: Snapshot) -> str:
    """`, the default of LimitRange sizing, for it names none`; empty where the template has a limit of its own."""
    owner = container.owner
    item = snapshot.named(cast("Kind", owner.kind), owner.name) if owner.kind in TEMPLATE_KINDS else None
    template = (((item or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
    own: Json = next((each for each in template.get("containers") or () if each.get("name") == container.name), {})
    if not own or "memory" in ((own.get("resources") or {}).get("limits") or {}):
        return ""
    given = (
        name
        for name, each in bounds(snapshot, "Container")
        if (default := (each.get("default") or {}).get("memory"))
        and quantity.parse(default) == quantity.parse(limit)
    )
    name = next(given, "")
    return f", the default of LimitRange {name}, for it names none" if name else ""


def _bound_said(plan: _Plan) -> str:
    return plan.bound.said if plan.bound else ""


def _why(limit: str | None) -> str:
    if limit is None:
        return (
            "When a node has no memory left, the kernel kills what uses much more than it requested. "
            "A request that matches the use makes the scheduler place the pod where there is room."
        )
    return (
        "The kernel kills a container the moment it needs more memory than its limit, with SIGKILL: it "
        "cannot catch that, and its log often ends in mid-sentence. Either it needs more, or it leaks."
    )


def _evidence(
    container: Container, limit: str | None, plan: _Plan | None, snapshot: Snapshot
) -> tuple[Evidence, ...]:
    ended = crash(container, snapshot.taken_at)
    code = ended.exit_code if ended else None
    evidence = [
        about_pod(
            "status",
            container.pod,
            f"container {container.name} was OOMKilled, exit code {code}; restarts: {container.restarts}",
        )
    ]
    if limit is not None:
        request = _request(container)
        asks = f", requests.memory: {request}" if request else ""
        evidence.append(about_owner("spec", container.owner, f"resources.limits.memory: {limit}{asks}"))
    if plan is not None and plan.bound is not None:
        evidence.append(about_owner("spec", container.owner, plan.bound.said))
    if use := _memory_use(container, snapshot):
        evidence.append(about_pod("metric", container.pod, f"memory in use now: {use}"))
    return tuple(evidence)


def _memory_use(container: Container, snapshot: Snapshot) -> str | None:
    metrics = snapshot.named("PodMetrics", container.pod_name) or {}
    for measured in metrics.get("containers") or ():
        if measured.get("name") == container.name:
            return str((measured.get("usage") or {}).get("memory") or "") or None
    return None


def _remedies(container: Container, limit: str | None, plan: _Plan | None) -> tuple[Remedy, ...]:
    if limit is None or plan is None:
        return (_see_nodes(),)
    if plan.new_bytes is None:
        return (_bounded_out(plan.bound),) if plan.bound else ()
    return (_raise(container, limit, quantity.memory(plan.new_bytes), plan.request_bytes),)


def _raise(container: Container, old: str, new: str, request_bytes: int | None) -> Remedy:
    owner = container.owner
    can_do = owner.kind in TEMPLATE_KINDS and not container.init
    request: dict[str, Any] = {} if request_bytes is None else {"memory_request": quantity.memory(request_bytes)}
    with_request = f" --requests=memory={request['memory_request']}" if request else ""
    and_request = f", and the request to {request['memory_request']}" if request else ""
    remedy = change(
        owner,
        f"Raise the memory limit from {old} to {new}{and_request}",
        f"kubectl set resources {typed(owner)} -c {container.name} --limits=memory={new}{with_request}",
    )
    if not can_do:
        return remedy
    return by_tool(remedy, "set_resources", owner, container=container.name, memory_limit=new, **request)


def _see_nodes() -> Remedy:
    return Remedy(
        title="See which node is short of memory, and give the container a request that matches its use",
        command="kubectl top nodes",
        risk="read",
    )


def _bounded_out(bound: Bound) -> Remedy:
    return Remedy(title=f"Ask for {bound.ask_for}: {bound.said}", command=bound.command, risk="read")


def _runs_again(snapshot: Snapshot) -> bool:
    """Only what has run for a while is measured: of a container that has just started the use says nothing."""
    started = (
        parse_time(container.running.get("startedAt"))
        for group in broken(snapshot, "OOMKilled")
        for container in group
        if container.running
    )
    return any(moment is not None and snapshot.taken_at - moment > MEASURED_AFTER for moment in started)


RULE = Rule(
    causes=(OOM_KILLED,),
    find=oom_killed,
    reads={"LimitRange": anything, "ResourceQuota": anything, "PodMetrics": _runs_again},
)
