"""JobHeldBySidecar: a Job whose work has ended, and whose pod does not, for another container runs on.

Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-and-jobs
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tools.diagnose import timing
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import about_pod
from tools.diagnose.facts.owners import controller, current_pods, owner_of
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.report import moment
from tools.diagnose.terms import Cause, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/"
JOB_HELD_BY_SIDECAR = Cause(
    "JobHeldBySidecar",
    topic="debugging",
    means="A Job's work has ended well, and the Job does not: another container of its pod runs on.",
    why=(
        "A Job is complete when its pod is, and a pod when all its containers have ended. A proxy or agent "
        "beside the work (istio-proxy, cloud-sql-proxy) never ends by itself."
    ),
    mend=(
        "Make it a native sidecar: an init container with restartPolicy: Always is ended with the others. Or "
        "have the work end it, or leave it out; then create the Job anew."
    ),
    example=(
        "Job export cannot complete: container export ended with exit code 0 at 2026-01-02T11:00:00Z, and "
        "container istio-proxy of the same pod runs on"
    ),
    source=_DOC + "#sidecar-containers-and-jobs",
    called=r"\bside-?cars?\b|\bnever (ends|completes|finishes)\b",
)

ENDED_WITHIN = timedelta(seconds=30)
"""What the work tells to end (by /quitquitquit) has ended by then."""
LONGER_THAN = timedelta(minutes=2)
_SIDECAR = re.compile(
    r"proxy|envoy|sidecar|agent|linkerd|istio|vault|fluent|filebeat|vector|promtail|collector|exporter|shipper|"
    r"reloader|git-?sync|dapr|consul|tailscale|wireguard|vpn|tunnel|forwarder|logger|log-|metrics",
    re.IGNORECASE,
)
"""Names of what runs beside the work, and is not the work."""
_INJECTED = {"istio-proxy": 'sidecar.istio.io/inject: "false"', "linkerd-proxy": "linkerd.io/inject: disabled"}
_QUITS = {
    "istio-proxy": "curl -fsS -X POST http://localhost:15020/quitquitquit",
    "linkerd-proxy": "curl -fsS -X POST http://localhost:4191/shutdown",
}


def held_jobs(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Jobs whose pods are held by a container that runs on, one finding each."""
    found: dict[str, Finding] = {}
    for pod in current_pods(snapshot):
        direct = controller(pod)
        if direct is None or direct["kind"] != "Job" or known.tells_of_pod(str(pod["metadata"]["name"])):
            continue
        if (finding := _held(pod, str(direct["name"]), snapshot)) is not None:
            found.setdefault(str(direct["name"]), finding)
    return list(found.values())


def _held(pod: Json, job: str, snapshot: Snapshot) -> Finding | None:
    status = status_of(pod)
    states = {str(each["name"]): each.get("state") or {} for each in status.get("containerStatuses") or ()}
    ended = {name: state["terminated"] for name, state in states.items() if state.get("terminated")}
    running = {name: state["running"] for name, state in states.items() if state.get("running")}
    well = all(each.get("exitCode") == 0 for each in ended.values())
    if (
        status.get("phase") != "Running"
        or not ended
        or not running
        or not well
        or len(ended) + len(running) < len(states)
    ):
        return None
    ends = [at for each in ended.values() if (at := parse_time(each.get("finishedAt"))) is not None]
    if not ends:
        return None
    beside = [name for name in running if _is_beside(name, pod)]
    surely = len(beside) == len(running)
    at = max(ends)
    if not surely and not _is_much_longer(at, ended, snapshot):
        return None
    return _finding(
        pod, job, list(ended), beside if surely else list(running), at, surely=surely, snapshot=snapshot
    )


def _is_beside(name: str, pod: Json) -> bool:
    """Whether a container is, by its name or image, what runs beside the work."""
    containers: list[Json] = pod["spec"].get("containers") or []
    spec: Json = next((each for each in containers if each.get("name") == name), {})
    image = str(spec.get("image") or "").rpartition("/")[2].partition("@")[0].partition(":")[0]
    return bool(_SIDECAR.search(name) or _SIDECAR.search(image))


def _is_much_longer(at: datetime, ended: dict[str, Json], snapshot: Snapshot) -> bool:
    """Whether the rest runs on for much longer than what has ended took: it may be work of its own."""
    begun = [moment for each in ended.values() if (moment := parse_time(each.get("startedAt"))) is not None]
    took = at - min(begun) if begun else timedelta(0)
    return snapshot.taken_at - at > max(LONGER_THAN, 2 * took)


def _finding(
    pod: Json, job: str, ended: list[str], running: list[str], at: datetime, *, surely: bool, snapshot: Snapshot
) -> Finding:
    owner, ref = owner_of(pod, snapshot), ObjectRef("batch/v1", "Job", snapshot.namespace, job)
    of_cron = f" of CronJob {owner.name}" if owner.kind == "CronJob" else ""
    work, beside = _named(ended), _named(running)
    finding = Finding(
        cause=JOB_HELD_BY_SIDECAR,
        object=owner,
        container=running[0],
        affected=(str(pod["metadata"]["name"]),),
        detail=(
            f"Job {job}{of_cron} {'cannot' if surely else 'does not'} complete: {work} ended with exit code 0 at "
            f"{moment(at)}, and {beside} of the same pod {'runs' if len(running) == 1 else 'run'} on"
        ),
        why=(
            "A pod, and with it a Job, is complete when all its containers have ended; only those among "
            "initContainers with restartPolicy: Always are ended with the others."
        ),
        evidence=(
            about_pod("status", pod, f"{work}: terminated, exitCode 0, finishedAt {moment(at)}"),
            about_pod("status", pod, f"{beside}: running"),
        ),
        remedies=tuple(_remedies(pod, owner, running[0])),
        severity="error" if surely else "warning",
        concerns=(ref,) if owner != ref else (),
    )
    return timing.so_far(finding, at + ENDED_WITHIN, snapshot)


def _named(names: list[str]) -> str:
    return f"container{'' if len(names) == 1 else 's'} {one_line(', '.join(names), 160)}"


def _remedies(pod: Json, owner: ObjectRef, beside: str) -> list[Remedy]:
    native = edit(owner, f"Make {beside} a native sidecar: move it to initContainers, with restartPolicy: Always")
    where = f"{pod['metadata']['name']} -n {owner.namespace}"
    quits = _QUITS.get(beside, "kill -TERM 1")
    end = Remedy(
        f"Let this run complete: end {beside} now", f"kubectl exec {where} -c {beside} -- {quits}", "change"
    )
    left_out = (
        [edit(owner, f"Or leave it out: label the pod template {_INJECTED[beside]}")] if beside in _INJECTED else []
    )
    return [native, end, *left_out]


RULE = Rule(causes=(JOB_HELD_BY_SIDECAR,), find=held_jobs)
