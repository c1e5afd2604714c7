"""Lifecycle hooks that fail.

Source: https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

from datetime import timedelta

from tools.diagnose.facts.containers import Container, parse_time
from tools.diagnose.facts.probing import events_about
from tools.diagnose.reading.snapshot import event_time
from tools.diagnose.terms import Json, Snapshot

_BEFORE = timedelta(seconds=2)
_BRIEF = timedelta(seconds=45)
"""A run that a failing hook ends lasts no longer: the hook's own time, and the grace period's usual 30 s."""


def failed_post_start(container: Container, snapshot: Snapshot) -> Json | None:
    """The event that says the container's postStart hook failed in its last run, or a later one; else None.

    Of an earlier run, where the last one was as brief: a kubelet sends 25 events about a pod, then one each five
    minutes (client-go's EventSourceObjectSpamFilter). Where only the container's state says so, an empty event.
    """
    if not post_start(container):
        return None
    if container.waiting.get("reason") == "PostStartHookError":
        return {}
    ended = container.terminated or container.last_terminated
    started, finished = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
    is_brief = started is not None and finished is not None and finished - started <= _BRIEF
    for event in events_about(container, snapshot):
        seen = parse_time(event_time(event))
        if event.get("reason") == "FailedPostStartHook" and started and seen:
            return event if is_brief or seen >= started - _BEFORE else None
    return None


def post_start(container: Container) -> str:
    """What the postStart hook does, as its spec says it; empty when there is none."""
    hook = (container.spec.get("lifecycle") or {}).get("postStart") or {}
    if command := (hook.get("exec") or {}).get("command"):
        return " ".join(map(str, command))
    if get := hook.get("httpGet"):
        return f"GET :{get.get('port')}{get.get('path') or '/'}"
    return next(iter(hook), "")
