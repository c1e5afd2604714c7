"""A new version that waits for the volume which the one before still has.

Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes and
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
"""

from __future__ import annotations

import json
import re

from msgspec.structs import replace

from tools.diagnose.facts.naming import about_owner, said
from tools.diagnose.facts.owners import controller, deployment_of
from tools.diagnose.facts.remedies import patched
from tools.diagnose.facts.rollback import is_ready
from tools.diagnose.facts.statuses import conditions_of
from tools.diagnose.terms import Evidence, Finding, Json, Snapshot

_LOCKED = re.compile(
    r"\block(?:s|ed|file)?\b|\.lock\b|\blck\b|already (?:in use|open(?:ed)?|running|held|being used)"
    r"|resource temporarily unavailable|in use by another|another (?:process|instance|program|server)"
    r"|WouldBlock|EAGAIN|is (?:the )?(?:database|store|data directory) in use|exclusive access",
    re.IGNORECASE,
)
_ATTACHED = re.compile(r"Multi-Attach|ReadWriteOncePod|already (?:used|attached|in-use)|volume is being used", re.I)
_OF_ONE = ("ReadWriteOnce", "ReadWriteOncePod")


def shared_claim(finding: Finding, item: Json, snapshot: Snapshot) -> Finding | None:
    """The finding with the strategy that lets the old pod go first; None where no claim is what it waits for.

    The workload is one whose earlier version serves, and none of whose pods may go before a new one is ready.
    """
    claims = _claims(item, snapshot)
    if not claims or not _waits_for_it(finding, snapshot):
        return None
    ref, (name, mode) = finding.object, claims[0]
    holder = _holder(finding, snapshot)
    return replace(
        finding,
        severity="error",
        settles_at=None,
        passing="",
        detail=f"{finding.detail}; {holder} of the version before holds "
        f"PersistentVolumeClaim {name} ({mode}), which both mount, and goes only when the new one is ready: "
        "with a rolling update neither ever is",
        why="A rolling update starts the new pod before it ends the old one. What only one of them may have at a "
        "time, a lock on a volume or the volume itself, the new one never gets: strategy Recreate ends the old pod "
        "first.",
        evidence=(
            *finding.evidence,
            about_owner("spec", ref, f"strategy: {json.dumps(item['spec'].get('strategy'))}"),
            Evidence("spec", f"PersistentVolumeClaim {name}", f"accessModes: {mode}"),
        ),
        remedies=(
            patched(
                ref,
                "Let the old pod end before the new one starts: strategy Recreate",
                {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}},
            ),
            *(each for each in finding.remedies if each.risk == "read"),
        ),
    )


def _claims(item: Json, snapshot: Snapshot) -> list[tuple[str, str]]:
    """The claims of its template that are for one node, or one pod, at a time, with their mode."""
    volumes = ((item["spec"].get("template") or {}).get("spec") or {}).get("volumes") or ()
    names = [str((each.get("persistentVolumeClaim") or {}).get("claimName") or "") for each in volumes]
    found = []
    for name in names:
        modes = ((snapshot.named("PersistentVolumeClaim", name) or {}).get("spec") or {}).get("accessModes") or ()
        found += [(name, str(mode)) for mode in modes[:1] if mode in _OF_ONE]
    return found


def _waits_for_it(finding: Finding, snapshot: Snapshot) -> bool:
    """Whether a log speaks of a lock, or the scheduler or the kubelet of a volume that another pod has."""
    if any(each.source == "log" and _LOCKED.search(each.text) for each in finding.evidence):
        return True
    pods = [pod for name in finding.affected if (pod := snapshot.named("Pod", name)) is not None]
    told = [str(each.get("message")) for pod in pods for each in conditions_of(pod)]
    told += [each.text for each in finding.evidence if each.source == "event"]
    return any(_ATTACHED.search(each) for each in told)


def _holder(finding: Finding, snapshot: Snapshot) -> str:
    """The pod of the version before that runs."""
    for pod in snapshot.of("Pod"):
        direct = controller(pod)
        of = deployment_of(pod, direct) if direct is not None and direct["kind"] == "ReplicaSet" else None
        if of == finding.object.name and is_ready(pod) and pod["metadata"]["name"] not in finding.affected:
            return f"pod {pod['metadata']['name']}"
    return f"a pod of {said(finding.object)}"
