"""A finding on what Argo CD delivers says so, from what was read anyway."""

from __future__ import annotations

import pytest

from tests.tools.diagnose.diagnose_objects import owned_by, pod, replicaset, snapshot, status
from tools.diagnose.diagnose import findings_of
from tools.diagnose.findings import Finding
from tools.json import Json

TRACKED = {"annotations": {"argocd.argoproj.io/tracking-id": "argocd_checkout:apps/Deployment:shop-dev/shop"}}
LABELLED = {"labels": {"argocd.argoproj.io/instance": "checkout"}}


def found(metadata: Json) -> Finding:
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "shop:9: not found"}}
    deployment = {"metadata": {"name": "shop", **metadata}, "spec": {}, "status": {}}
    broken = pod(status(waiting), phase="Pending", owner=owned_by("apps/v1", "ReplicaSet", "shop-abc"))
    [finding] = findings_of(snapshot(broken, ReplicaSet=[replicaset("shop-abc", 1)], Deployment=[deployment]))
    return finding


@pytest.mark.parametrize("metadata", [TRACKED, LABELLED])
def test_it_names_the_application_and_where_to_look(metadata: Json) -> None:
    finding = found(metadata)

    assert finding.evidence[-1].text.startswith("Application checkout of Argo CD delivers it")
    assert finding.remedies[-1].command == "desk why-not-live checkout -n shop-dev"


def test_of_others_it_says_nothing() -> None:
    finding = found({})

    assert not any("Argo CD" in each.text for each in finding.evidence)
    assert not any("why-not-live" in each.command for each in finding.remedies)
