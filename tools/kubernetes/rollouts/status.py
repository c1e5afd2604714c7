"""How far a workload's rollout is, seen once: nothing is waited for."""

from __future__ import annotations

from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import Workload, where
from tools.kubernetes.rollouts.blocks import TENTATIVE, blocks
from tools.kubernetes.rollouts.state import (
    Seen,
    alive,
    counts,
    is_newest,
    judge,
    see,
)


def rollout_status(
    context: ToolContext, *, namespace: Namespace, name: Name, kind: Workload = "Deployment"
) -> Result:
    """How far a workload's rollout is now, without waiting: pods updated, ready, available, and what holds it up.

    wait_for_rollout waits for its end, and rollout_history tells what was before.
    """
    seen = see(context, kind, name, namespace)
    progress = judge(seen.workload, seen.pods, seen.newest, seen.settled())
    data = status_of(seen)
    holds = next((block.why for block in blocks(seen) if block.sort not in TENTATIVE), "")
    why = progress.why if progress.state == "failed" else holds
    return Result(f"{sentence(data, progress.state, where(seen.workload))}{_rest(data, why)}", data)


def status_of(seen: Seen) -> Json:
    """The figures of a rollout as data. Pure."""
    live, pods = seen.workload, alive(seen.pods)
    spec, status = live["spec"], live.get("status") or {}
    wanted, updated, available = counts(live, status)
    strategy = (spec.get("updateStrategy") or {}).get("type", "")
    return {
        "wanted": wanted,
        "updated": updated,
        "ready": int(status.get("numberReady" if live["kind"] == "DaemonSet" else "readyReplicas", 0)),
        "available": available,
        "old_left": sum(not is_newest(pod, seen.newest) for pod in pods),
        "paused": bool(spec.get("paused")),
        "strategy": strategy,
        "partition": ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0,
        "deadline_s": spec.get("progressDeadlineSeconds"),
        "generation": live["metadata"].get("generation", 0),
        "observed_generation": status.get("observedGeneration", 0),
    }


def sentence(data: Json, state: str, what: str) -> str:
    """The state and its figures, in a sentence. Pure."""
    said = {"complete": "complete", "progressing": "not complete", "failed": "failing"}[state]
    old = data["old_left"]
    left = f", {old} old pod{'' if old == 1 else 's'} left" if old else ""
    return (
        f"The rollout of {what} is {said}: {data['updated']} of {data['wanted']} pods updated, "
        f"{data['ready']} ready, {data['available']} available{left}."
    )


def _rest(data: Json, why: str) -> str:
    """What else decides how it goes on."""
    told = []
    if data["observed_generation"] < data["generation"]:
        told.append(f"its controller has seen generation {data['observed_generation']} of {data['generation']}")
    elif why:
        told.append(why)
    if data["paused"] and "paused" not in why:
        told.append("it is paused")
    if data["partition"]:
        told.append(f"pods below ordinal {data['partition']} keep the old template (partition)")
    elif data["deadline_s"] and data["updated"] < data["wanted"]:
        told.append(f"it counts as failed after {data['deadline_s']} s without progress")
    text = "; ".join(told)
    return f" {text[0].upper()}{text[1:]}." if text else ""
