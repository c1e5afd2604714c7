"""Liveness probes that cannot be made, which counts neither as a success nor as a failure.

Source: https://kubernetes.io/docs/concepts/workloads/pods/probes/
"""

from __future__ import annotations

import re
from typing import cast

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import about_pod, event_said
from tools.diagnose.facts.owners import current_pods, owner_of
from tools.diagnose.facts.probe_failures import meant_port
from tools.diagnose.rules.containers.probe_remedy import set_probe
from tools.diagnose.terms import Cause, Finding, Json, Kind, ObjectRef, Remedy, Snapshot, Subject
from tools.plaintext import one_line

LIVENESS_PROBE_FAILED = Cause(
    "LivenessProbeFailed",
    topic="debugging",
    means="The kubelet kills a container again and again because its liveness probe fails.",
    why=(
        "A liveness probe that fails failureThreshold times in a row makes the kubelet stop the container "
        "(SIGTERM, then SIGKILL after the grace period) and start it anew. Most often nothing is wrong with "
        "the application: the probe asks another port, path or scheme than it serves, begins before it has "
        "started, or waits too short a time."
    ),
    mend=(
        "Let the probe ask what the application serves. Give a slow start a startupProbe. A liveness probe "
        "should fail only when a restart would help: it must not depend on other services."
    ),
    example=(
        "container app of Deployment web is killed by its liveness probe, which asks GET :9090/healthz, and "
        "nothing listens on port 9090: the container declares 8080"
    ),
    source="https://kubernetes.io/docs/concepts/workloads/pods/probes/",
    called=r"\bliveness\b",
)

_CANNOT_ASK = re.compile(r'Liveness probe errored.*?(?:parsing "([^"]*)": invalid syntax|exec: "([^"]*)": )', re.S)


def never_asked(snapshot: Snapshot) -> list[Finding]:
    """Liveness probes that cannot be made: the container runs on, and nobody would notice that it hangs."""
    found: dict[tuple[ObjectRef, str], Finding] = {}
    for pod in current_pods(snapshot):
        for event in snapshot.events_of("Pod", str(pod["metadata"]["name"])):
            match = _CANNOT_ASK.search(str(event.get("message"))) if event.get("reason") == "Unhealthy" else None
            field = re.search(r"\{(.+)\}", str((event.get("involvedObject") or {}).get("fieldPath") or ""))
            if match is None or field is None:
                continue
            owner = owner_of(pod, snapshot)
            before = found.get((owner, field[1]))
            pods = (*(before.affected if before else ()), pod["metadata"]["name"])
            found[owner, field[1]] = _without_liveness(
                owner, _specified(owner, field[1], snapshot), match, event, tuple(dict.fromkeys(pods)), pod
            )
    return list(found.values())


def _specified(owner: ObjectRef, container: str, snapshot: Snapshot) -> Json:
    """The container in its workload's template, as far as that is known: a pod that runs is not read whole."""
    item = snapshot.named(cast("Kind", owner.kind), owner.name) or {}
    template = (item.get("spec") or {}).get("template") or {}
    specs = (template.get("spec") or {}).get("containers") or ()
    return next((each for each in specs if each["name"] == container), {"name": container})


def _without_liveness(
    owner: ObjectRef, spec: Json, match: re.Match[str], event: Json, pods: tuple[str, ...], pod: Json
) -> Finding:
    container = str(spec["name"])
    port, program = (one_line(part, 80) if part else "" for part in match.groups())
    what = f"asks port {port}, and no port of the container has that name" if port else ""
    what = what or f"runs {program}, which its image does not have"
    return Finding(
        cause=LIVENESS_PROBE_FAILED,
        object=owner,
        container=container,
        affected=pods,
        subject=Subject(f"the liveness probe of container {container}", owner),
        detail=f"cannot be made: it {what}",
        why=(
            "A probe that cannot be made counts neither as a success nor as a failure: the container runs, and is "
            "not restarted when it hangs."
        ),
        evidence=(about_pod("event", pod, event_said(event)),),
        remedies=(_correction(owner, spec, match[1]),),
        severity="warning",
    )


def _correction(owner: ObjectRef, spec: Json, asked: str | None) -> Remedy:
    """Another port, where the container declares the one that must be meant; `asked` is None for a command."""
    ports = [each for each in spec.get("ports") or () if (each.get("protocol") or "TCP") == "TCP"]
    names = {str(each["name"]): int(each["containerPort"]) for each in ports if each.get("name")}
    right = meant_port(asked, names, [each["containerPort"] for each in ports]) if asked else None
    if right is None:
        return edit(owner, "Correct what the liveness probe asks")
    return set_probe(owner, spec, "liveness", {"port": right}, f"Let the liveness probe ask port {right}")
