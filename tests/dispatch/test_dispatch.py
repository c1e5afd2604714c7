"""Sessions as Jobs on the real cluster: one pod is killed, one is drained, one approval is decided."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import yaml

from tests.dispatch.run import Asked, dispatch, doubled_jobs, drive, judge, tell
from tests.dispatch.stand import KUBECONFIG, Stand, kubectl, stand

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(not KUBECONFIG, reason="DESK_TEST_KUBECONFIG is not set")]
ASKED = (Asked("T-17 $(HOSTNAME) 'one'\n", "dev", "web"), Asked("T-18", "qa", "shop"))


@pytest.fixture(scope="module")
def ready() -> Iterator[Stand]:
    with stand({"dev": ["web"], "qa": ["shop"]}) as made:
        yield made


def test_sessions_go_on_through_a_kill_a_drain_and_an_approval(ready: Stand) -> None:
    with ready.dispatchers(2):
        first = dispatch(ready, ASKED)
        assert dispatch(ready, ASKED) == first
        done = drive(ready, ASKED, kills=1, drains=1, within_s=2, chance=random.Random(7), timeout_s=240)
    assert done.faults == [], tell(ready)
    assert (done.killed, done.drained, done.approved) == (1, 1, 1)
    assert judge(ready, ASKED) == [], tell(ready)
    assert doubled_jobs(ready) == []


def test_a_key_stands_for_one_task(ready: Stand) -> None:
    arguments = ("dispatch", "-n", ready.namespace("dev"), "--read-only")
    assert ready.desk(*arguments, "why is web slow?", "--session-key", "T-19").returncode == 0
    other = ready.desk(*arguments, "delete web", "--session-key", "T-19")
    assert other.returncode == 2
    assert "stands for another task: 'why is web slow?'" in other.stderr


def test_pods_are_restricted_and_no_secret_is_in_a_job(ready: Stand) -> None:
    key = "password=Qdl1-correct-horse"
    told = ready.desk("dispatch", f"why is web slow? {key}", "--session-key", "T-20", "-n", ready.namespace("dev"))
    assert told.returncode == 0
    assert "Warning" not in told.stderr  # what the API server says of a pod that is not restricted
    jobs = kubectl("get", "jobs", "-n", ready.jobs, "-o", "yaml")
    assert "correct-horse" not in jobs
    for each in yaml.safe_load(jobs)["items"]:
        pod = each["spec"]["template"]["spec"]
        assert pod["serviceAccountName"] == "desk-session"
        assert all(one["securityContext"]["readOnlyRootFilesystem"] for one in pod["containers"])
