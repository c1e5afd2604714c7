"""Workloads that Argo CD delivers: what is changed of them and not in git does not stay.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
"""

from __future__ import annotations

from typing import cast

from msgspec.structs import replace

from tools.diagnose.facts.naming import about_owner
from tools.diagnose.terms import Finding, Json, Kind, Remedy, Rule, Snapshot

_TRACKING_ID = "argocd.argoproj.io/tracking-id"
_INSTANCE = "argocd.argoproj.io/instance"
_OF_DELIVERY: tuple[str, ...] = ("ImagePullBackOff", "ProgressDeadlineExceeded", "RolloutBlocked")
"""What a wrong image, or a new version that does not come up, shows as: its delivery says where it came from."""


def delivered(findings: list[Finding], snapshot: Snapshot) -> list[Finding]:
    """The findings; those on what Argo CD delivers say so, and where to look for the delivery."""
    return [_with_application(finding, snapshot) for finding in findings]


def _with_application(finding: Finding, snapshot: Snapshot) -> Finding:
    item = snapshot.named(cast("Kind", finding.object.kind), finding.object.name)
    app = application_of(item) if item is not None else ""
    if not app:
        return finding
    said = f"Application {app} of Argo CD delivers it: a change that is not in git may be undone by its next sync"
    look = Remedy("See where its delivery is broken", f"desk why-not-live {app} -n {snapshot.namespace}", "read")
    return replace(
        finding,
        evidence=(*finding.evidence, about_owner("spec", finding.object, said)),
        remedies=(*finding.remedies, *((look,) if finding.cause in _OF_DELIVERY else ())),
    )


def application_of(item: Json) -> str:
    """The Application that an object is of: by `NAME:GROUP/KIND:NAMESPACE/NAME`, or by a label; empty for none."""
    metadata = item["metadata"]
    tracked = str((metadata.get("annotations") or {}).get(_TRACKING_ID) or "").partition(":")[0]
    named = tracked or str((metadata.get("labels") or {}).get(_INSTANCE) or "")
    return named.rpartition("_")[2]


RULE = Rule(retell=delivered)
