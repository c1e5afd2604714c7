"""When what is not well yet is judged: what time alone may still mend is a warning, so far, until then.

The budgets are Kubernetes' own: what a probe allows, the progress deadline of a rollout, the pause before the next
try of a pull. What no time mends is an error at once, but in the first moments of an object: what it names may be
applied together with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from msgspec.structs import replace

from tools.diagnose.facts.containers import parse_time
from tools.diagnose.terms import Finding, Json, Kind, ObjectRef, Snapshot, once

APPLIED_WITHIN = timedelta(seconds=3)
"""What is made together (a workload, its Service, its ConfigMap) comes in any order, and within this time."""
RUNS_WELL_AFTER = timedelta(seconds=10)
"""What fails at its start mostly does so at once; the kubelet's first pause, too, is as long.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts
"""
GONE_WITHIN = timedelta(seconds=10)
"""What a pod may need to go after its grace period, which `deletionTimestamp` is the end of."""
_LACKS_NOTHING: frozenset[str] = frozenset(("PodFailed",))
"""What nothing that is applied together with it could mend; and its pods, made anew at once, stay young."""
PROGRESS_DEADLINE_S = 600
"""A Deployment's default, taken for what has no deadline of its own, too.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds
"""


def so_far(finding: Finding, until: datetime | None, snapshot: Snapshot) -> Finding:
    """The finding as a warning, so far, while `until` has not come; else as it is."""
    if until is None or until <= snapshot.taken_at or finding.severity == "info":
        return finding
    return replace(finding, severity="warning", settles_at=until)


def just_applied(finding: Finding, snapshot: Snapshot) -> Finding:
    """The same for an object, or pods, that are so young that what they lack may be on its way."""
    if finding.so_far or finding.cause in _LACKS_NOTHING or (made := _made(finding, snapshot)) is None:
        return finding
    return so_far(finding, made + APPLIED_WITHIN, snapshot)


def rollout_ends(pod: Json, owner: ObjectRef, snapshot: Snapshot) -> datetime | None:
    """When the rollout that made a pod counts as failed; None where the API does not say when it was made."""
    made = created(pod)
    return made and made + timedelta(seconds=deadline_s(owner, snapshot))


def deadline_s(owner: ObjectRef, snapshot: Snapshot) -> int:
    """How long a workload's rollout may go without progress, in seconds."""
    item = snapshot.named("Deployment", owner.name) if owner.kind == "Deployment" else None
    return int(((item or {}).get("spec") or {}).get("progressDeadlineSeconds") or PROGRESS_DEADLINE_S)


@once
def gone_by(snapshot: Snapshot) -> datetime | None:
    """When the last of the pods that are being deleted is gone; None where none is."""
    due = (parse_time(pod["metadata"].get("deletionTimestamp")) for pod in snapshot.of("Pod"))
    last = max((each for each in due if each is not None), default=None)
    return last and last + GONE_WITHIN


def created(item: Json) -> datetime | None:
    """When the API server made an object."""
    return parse_time(item["metadata"].get("creationTimestamp"))


def after(moment: object, span: timedelta) -> datetime | None:
    """An API timestamp and some time; None where there is none."""
    parsed = parse_time(moment)
    return parsed and parsed + span


def _made(finding: Finding, snapshot: Snapshot) -> datetime | None:
    """When the object was made, or since when its pods suffer: the later of the two."""
    item = snapshot.named(cast("Kind", finding.object.kind), finding.object.name)
    pods = [pod for name in finding.affected if (pod := snapshot.named("Pod", name)) is not None]
    oldest = min((made for pod in pods if (made := created(pod)) is not None), default=None)
    moments = (created(item) if item else None, oldest)
    return max((each for each in moments if each is not None), default=None)
