"""Changes of a template that the API server would refuse are not proposed."""

from __future__ import annotations

import pytest

from tests.tools.diagnose.diagnose_objects import event, job, owned_by, pod, snapshot, status, terminated
from tools.cluster.resources import ObjectRef
from tools.diagnose.diagnose import findings_of
from tools.diagnose.facts.edits import change, edit
from tools.json import Json

WITHOUT = {"Job": " | sed '/controller-uid: /d'", "Pod": ""}
REFUSED = {"Job": ("edit", "patch", "set"), "Pod": ("edit", "patch", "set resources")}


def waiting(reason: str, message: str) -> Json:
    return {"name": "app", "state": {"waiting": {"reason": reason, "message": message}}, "restartCount": 0}


MISSING_IMAGE = waiting("ErrImagePull", "failed to resolve reference: not found")
NO_SECRET = waiting("CreateContainerConfigError", 'secret "db" not found')
AS_ROOT = waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root")
NO_COMMAND = waiting("CreateContainerError", "failed to generate container spec: no command specified")
ODD = waiting("CreateContainerError", "the moon is in the wrong house")
NOT_FOUND = status(
    {"waiting": {"reason": "CrashLoopBackOff"}},
    terminated(128, "StartError", message='exec: "srv": executable file not found in $PATH'),
    restarts=3,
)
FAULTS = [MISSING_IMAGE, NO_SECRET, AS_ROOT, NO_COMMAND, ODD, NOT_FOUND]


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_changed_is_made_anew(fault: Json, kind: str) -> None:
    owner = owned_by("batch/v1", "Job", "shop") if kind == "Job" else []
    broken = pod(fault, name="shop", owner=owner, phase="Pending", restart_policy="OnFailure")
    [finding] = findings_of(
        snapshot(broken, Job=[job("shop")], Secret=[{"metadata": {"name": "db-1"}, "data": {}}])
    )

    commands = [remedy.command for remedy in finding.remedies]
    assert finding.object.kind == kind
    refused = tuple(f"kubectl {verb} {kind.lower()}" for verb in REFUSED[kind])
    assert not [command for command in commands if command.startswith(refused)]
    if fault is not MISSING_IMAGE or kind == "Job":
        [anew] = [remedy for remedy in finding.remedies if f"delete {kind.lower()}" in remedy.command]
        assert anew.risk == "delete"
        assert f"delete the {kind.replace('Pod', 'pod')} and create it anew" in anew.title
        kept = f"kubectl get {kind.lower()}/shop -n shop-dev -o yaml{WITHOUT[kind]} > shop.yaml"
        assert anew.command == f"{kept} && kubectl delete {kind.lower()}/shop -n shop-dev"


def test_the_image_of_a_bare_pod_can_be_set() -> None:
    [finding] = findings_of(snapshot(pod(MISSING_IMAGE, name="shop", owner=[], phase="Pending")))

    assert finding.remedies[0].command.startswith("kubectl set image pod/shop -n shop-dev ")


@pytest.mark.parametrize("kind", ["Deployment", "CronJob", "ReplicaSet"])
def test_what_can_be_changed_is(kind: str) -> None:
    owner = ObjectRef("", kind, "shop-dev", "shop")

    assert edit(owner).command == f"kubectl edit {kind.lower()}/shop -n shop-dev"
    assert change(owner, "Scale it", "kubectl scale").command == "kubectl scale"


def test_a_job_that_a_limit_range_refuses_is_made_anew_within_the_bounds() -> None:
    template = {"spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "1Gi"}}}]}}
    refused = {"metadata": {"name": "shop"}, "spec": {"template": template}, "status": {}}
    message = 'pods "shop-x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi'
    [finding] = findings_of(
        snapshot(Job=[refused], Event=[event("shop", "FailedCreate", f"Error creating: {message}", kind="Job")])
    )

    assert finding.remedies[0].tool is None
    assert finding.remedies[0].title.startswith("Keep within the bounds (--limits=memory=64Mi); delete the Job")
