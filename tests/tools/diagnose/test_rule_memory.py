"""OOMKilled: what the limit should be, within what the namespace allows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import pod, snapshot, status, terminated
from tools.diagnose.diagnose import judge
from tools.json import Json

BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
OOM = terminated(137, "OOMKilled")


def killed(name: str = "shop-abc-1", limit: str = "100Mi", request: str | None = None, ended: Json = OOM) -> Json:
    resources = {"limits": {"memory": limit}, **({"requests": {"memory": request}} if request else {})}
    containers = [{"name": "app", "image": "shop:1", "resources": resources}]
    return pod(status(BACK_OFF, ended, restarts=2), name=name, spec={"containers": containers})


def quota(hard: str, used: str) -> Json:
    return {
        "metadata": {"name": "team"},
        "spec": {},
        "status": {"hard": {"limits.memory": hard}, "used": {"limits.memory": used}},
    }


def limit_range(kind: str = "Container", **limits: Json) -> Json:
    return {"metadata": {"name": "bounds"}, "spec": {"limits": [{"type": kind, **limits}]}}


def only(*pods: Json, **kinds: Any) -> Json:
    [found] = judge(snapshot(*pods, **kinds))["findings"]
    assert found["cause"] == "OOMKilled"
    result: Json = found
    return result


def test_the_limit_the_request_and_the_next() -> None:
    found = only(killed(request="64Mi"))

    assert found["summary"].endswith("its memory limit is 100Mi (request 64Mi); 256Mi is the next to try")


@pytest.mark.parametrize(
    ("hard", "used", "wanted"),
    [("2Gi", "200Mi", "256Mi"), ("400Mi", "200Mi", "200Mi"), ("260Mi", "200Mi", None), ("200Mi", "200Mi", None)],
)
def test_what_the_quota_leaves(hard: str, used: str, wanted: str | None) -> None:
    two = (killed("shop-abc-1"), killed("shop-abc-2"))
    [remedy] = only(*two, ResourceQuota=[quota(hard, used)])["remedies"]

    assert (remedy["arguments"] or {}).get("memory_limit") == wanted
    assert wanted or remedy["title"].startswith("Ask for a larger quota: ResourceQuota team has ")


def test_a_pods_maximum_counts_its_other_containers() -> None:
    this = killed()
    this["spec"]["containers"].append({"name": "side", "resources": {"limits": {"memory": "50Mi"}}})
    [remedy] = only(this, LimitRange=[limit_range("Pod", max={"memory": "200Mi"})])["remedies"]

    assert remedy["arguments"]["memory_limit"] == "150Mi"


def test_the_request_goes_along_where_their_ratio_is_bounded() -> None:
    bounds = limit_range(maxLimitRequestRatio={"memory": "2"})
    [remedy] = only(killed(request="64Mi"), LimitRange=[bounds])["remedies"]

    assert (remedy["arguments"]["memory_limit"], remedy["arguments"]["memory_request"]) == ("256Mi", "128Mi")


def test_a_process_in_it_was_killed() -> None:
    assert (
        "(a process in it; it then ended with exit code 4)"
        in only(killed(ended=terminated(4, "OOMKilled")))["summary"]
    )


def test_a_child_that_was_killed_in_a_container_that_survives_is_no_fault() -> None:
    done = status({"terminated": terminated(0, "OOMKilled")})

    assert judge(snapshot(pod(done, restart_policy="OnFailure")))["findings"] == []


def test_an_init_container_is_started_anew_even_after_exit_0() -> None:
    first = {"name": "first", "image": "shop:1", "resources": {"limits": {"memory": "16Mi"}}}
    ended = status({"terminated": terminated(0, "OOMKilled")}, restarts=2, name="first")
    waits = status({"waiting": {"reason": "PodInitializing"}})

    found = only(
        pod(waits, phase="Pending", spec={"initContainers": [first]}, status={"initContainerStatuses": [ended]})
    )
    assert found["container"] == "first"


@pytest.mark.parametrize(
    "ended", [OOM, terminated(128, "StartError", message="container init was OOM-killed (memory limit too low?)")]
)
def test_files_in_memory_count(ended: Json) -> None:
    pods = killed(limit="64Mi", ended=ended)
    pods["spec"]["containers"][0]["volumeMounts"] = [{"name": "cache", "mountPath": "/cache"}]
    pods["spec"]["volumes"] = [{"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}}]
    found = only(pods)

    assert (
        "what is in emptyDir cache (medium: Memory, sizeLimit 256Mi) at /cache counts as its memory"
        in found["summary"]
    )
    assert [each["command"].rpartition(" ")[2] for each in found["remedies"][:1]] == ["--limits=memory=512Mi"]


def test_files_on_disk_do_not_count() -> None:
    pods = killed()
    pods["spec"]["containers"][0]["volumeMounts"] = [{"name": "cache", "mountPath": "/cache"}]
    pods["spec"]["volumes"] = [{"name": "cache", "emptyDir": {"sizeLimit": "256Mi"}}]

    assert "emptyDir" not in only(pods)["summary"]


def test_a_limit_that_a_limit_range_gives() -> None:
    bare = {"metadata": {"name": "shop"}, "spec": {"template": {"spec": {"containers": [{"name": "app"}]}}}}
    found = only(killed(), Deployment=[bare], LimitRange=[limit_range(default={"memory": "100Mi"})])

    assert "100Mi, the default of LimitRange bounds, for it names none" in found["summary"]
