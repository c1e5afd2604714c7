"""Reading over real HTTP: what is asked of the API, and what becomes of a no."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.conftest import PlayedApi
from tests.tools.diagnose.diagnose_objects import NOW, event, pod, replicaset, status, terminated
from tools.cluster import errors
from tools.diagnose.diagnose import diagnose
from tools.diagnose.reading.read import LOGS_AT_MOST, read_snapshot
from tools.diagnose.selection import Asked, narrowed
from tools.json import Json

CORE = "/api/v1/namespaces/shop-dev"
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
GONE = "unable to retrieve container logs for containerd://0123"


def crashing(name: str = "shop-abc-1", **changes: Any) -> Json:
    return pod(status(BACK_OFF, terminated(1), restarts=3), name=name, **changes)


def test_one_list_per_kind_whatever_there_is(api: PlayedApi) -> None:
    api.serve(f"{CORE}/pods", *(pod(name=f"shop-abc-{each}") for each in range(40)))

    read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert len(api.asked) == len(set(api.asked)) == 14
    assert not any("secrets" in path or "configmaps" in path for path in api.asked)


def test_no_such_namespace(api: PlayedApi) -> None:
    api.answers[CORE] = (404, {"message": 'namespaces "shop-dev" not found'})
    with pytest.raises(errors.NotFound, match="kubectl get namespaces lists them"):
        diagnose(api.cluster(), namespace="shop-dev")

    api.serve("/api/v1/namespaces", *({"metadata": {"name": name}} for name in ("shop-div", "default")))
    with pytest.raises(errors.NotFound, match=r'There is no namespace "shop-dev" .* Did you mean shop-div'):
        diagnose(api.cluster(), namespace="shop-dev")


def test_pods_are_indispensable(api: PlayedApi) -> None:
    api.answers[f"{CORE}/pods"] = (403, {"message": "pods is forbidden"})

    with pytest.raises(errors.Forbidden, match="pods is forbidden"):
        diagnose(api.cluster(), namespace="shop-dev")


def test_what_may_not_be_read_is_said(api: PlayedApi) -> None:
    api.answers[CORE] = (403, {"message": "no"})
    api.answers[f"{CORE}/services"] = (403, {"message": "no"})
    api.answers["/apis/batch/v1/namespaces/shop-dev/cronjobs"] = (404, "404 page not found")
    api.serve(f"{CORE}/pods", crashing())
    api.answers[f"{CORE}/pods/shop-abc-1/log?previous"] = (403, {"message": "no"})

    report = diagnose(api.cluster(), namespace="shop-dev")

    assert report["not_checked"] == [
        "cronjobs: not served by this cluster",
        "services: forbidden",
        "the namespace itself: forbidden",
        "log of shop-abc-1/app: forbidden",
    ]
    assert [found["cause"] for found in report["findings"]] == ["CrashLoopBackOff"]
    assert "Service" not in report["checked"]


def test_a_complete_reading_leaves_nothing_unchecked(api: PlayedApi) -> None:
    assert "not_checked" not in diagnose(api.cluster(), namespace="shop-dev")


@pytest.mark.parametrize(
    ("state", "restarts", "asked"),
    [
        (BACK_OFF, 3, ["previous"]),
        ({"running": {"startedAt": "2026-01-02T11:59:58Z"}}, 3, ["previous"]),
        ({"terminated": terminated(1)}, 3, ["current"]),
        ({"terminated": terminated(1)}, 0, ["previous"]),
    ],
)
def test_the_log_is_that_of_the_run_that_failed(
    api: PlayedApi, state: Json, restarts: int, asked: list[str]
) -> None:
    api.serve(f"{CORE}/pods", pod(status(state, terminated(1), restarts=restarts)))
    log = f"{CORE}/pods/shop-abc-1/log"
    api.answers[log], api.answers[f"{log}?previous"] = (200, "current"), (200, "previous")

    taken = read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert list(taken.logs.values()) == asked


@pytest.mark.parametrize("answer", [(200, ""), (200, GONE), (400, {"message": "previous container not found"})])
def test_where_that_run_left_no_log_the_other_is_taken(api: PlayedApi, answer: tuple[int, Any]) -> None:
    api.serve(f"{CORE}/pods", crashing())
    api.answers[f"{CORE}/pods/shop-abc-1/log?previous"] = answer
    api.answers[f"{CORE}/pods/shop-abc-1/log"] = (200, "boom")

    taken = read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert taken.logs == {("shop-abc-1", "app"): "boom"}
    assert taken.not_checked == ()


def test_one_log_for_the_pods_of_one_owner(api: PlayedApi) -> None:
    api.serve(f"{CORE}/pods", *(crashing(f"shop-abc-{each}") for each in range(5)))
    api.serve("/apis/apps/v1/namespaces/shop-dev/replicasets", replicaset("shop-abc", 1))

    read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert len({path for path in api.asked if "/log" in path}) <= 2
    assert all("shop-abc-0" in path for path in api.asked if "/log" in path)


def test_logs_are_bounded_in_number(api: PlayedApi) -> None:
    api.serve(f"{CORE}/pods", *(crashing(f"bare-{each:03}", owner=[]) for each in range(LOGS_AT_MOST + 7)))

    taken = read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert taken.not_checked == (f"logs of 7 more containers: {LOGS_AT_MOST} at most",)


def test_of_configmaps_only_the_keys_and_only_when_one_is_missed(api: PlayedApi) -> None:
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": 'configmap "a" not found'}}
    api.serve(f"{CORE}/pods", pod(status(waiting), phase="Pending"))
    api.serve(
        f"{CORE}/configmaps", {"metadata": {"name": "b"}, "data": {"HOST": "db"}, "binaryData": {"K": "eA=="}}
    )

    taken = read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert taken.of("ConfigMap") == ({"metadata": {"name": "b"}, "data": {"HOST": "", "K": ""}},)


@pytest.mark.parametrize(
    ("name", "pods"),
    [
        ("shop", {"shop-abc-1", "shop-abc-2"}),
        ("shop-abc", {"shop-abc-1", "shop-abc-2"}),
        ("shop-abc-2", {"shop-abc-2"}),
        ("deployment/shop", {"shop-abc-1", "shop-abc-2"}),
        ("deploy/shop", {"shop-abc-1", "shop-abc-2"}),
        ("deployment.apps/shop", {"shop-abc-1", "shop-abc-2"}),
        ("Deployments/shop", {"shop-abc-1", "shop-abc-2"}),
        ("po/shop-abc-1", {"shop-abc-1"}),
        ("pod/other", {"other"}),
        ("svc/front", {"other"}),
        ("sts/scaled-to-none", set()),
        ("scaled-to-none", set()),
    ],
)
def test_one_workload_or_pod_by_name(api: PlayedApi, name: str, pods: set[str]) -> None:
    serve_shop(api)

    taken = read_snapshot(api.cluster(), "shop-dev", Asked(name), now=NOW)
    part = narrowed(taken, Asked(name), api.cluster())

    assert {each["metadata"]["name"] for each in part.of("Pod")} == pods


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shopp", 'There is no workload or pod "shopp" in shop-dev. Did you mean deployment/shop'),
        ("sho", 'There is no workload or pod "sho" in shop-dev. Did you mean deployment/shop'),
        ("pod/shop", 'There is no pod "shop" in shop-dev. Did you mean deployment/shop'),
        ("cronjobs/other", 'There is no cronjob "other" in shop-dev. Did you mean pod/other?'),
        ("deplyment/shop", 'There is no type "deplyment". Did you mean deployment'),
        ("deploy", "It is a type: name an object of it. Did you mean deployment/shop?"),
        (
            "quite-another",
            "kubectl get deployments,statefulsets,daemonsets,jobs,pods -n shop-dev lists what there is.",
        ),
    ],
)
def test_what_is_not_there_is_said_with_what_may_be_meant(api: PlayedApi, name: str, said: str) -> None:
    serve_shop(api)

    with pytest.raises(errors.NotFound) as raised:
        diagnose(api.cluster(), namespace="shop-dev", name=name)
    assert said in str(raised.value)


def serve_shop(api: PlayedApi) -> None:
    """A Deployment of two pods, a pod of nobody's, and a StatefulSet without pods."""
    apps = "/apis/apps/v1/namespaces/shop-dev"
    fronting = pod(name="other", owner=[])
    fronting["metadata"]["labels"] = {"app": "front"}
    api.serve(
        f"{CORE}/pods",
        pod(name="shop-abc-1"),
        pod(name="shop-abc-2"),
        fronting,
    )
    api.serve(f"{CORE}/services", {"metadata": {"name": "front"}, "spec": {"selector": {"app": "front"}}})
    api.serve(f"{apps}/replicasets", replicaset("shop-abc", 1))
    api.serve(f"{apps}/deployments", {"metadata": {"name": "shop"}})
    api.serve(f"{apps}/statefulsets", {"metadata": {"name": "scaled-to-none"}})
    for which in ("statefulsets", "replicasets", "cronjobs", "deployments"):
        for name in ("shopp", "sho", "quite-another", "deploy", "other", "shop"):
            api.answers[f"{apps}/{which}/{name}"] = (404, {})


def test_events_are_newest_first(api: PlayedApi) -> None:
    first, second = event("a", "Old", ""), event("a", "New", "")
    first["lastTimestamp"] = "2026-01-02T11:00:00Z"
    api.serve(f"{CORE}/events", first, second)

    taken = read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert [each["reason"] for each in taken.events_of("Pod", "a")] == ["New", "Old"]


UNRESOLVED = "lookup catalog.staging.svc.cluster.local on 10.96.0.10:53: no such host"


def test_what_a_rule_asks_beyond_the_namespace_is_read_once(api: PlayedApi) -> None:
    api.serve(f"{CORE}/pods", crashing())
    api.serve(f"{CORE}/services", {"metadata": {"name": "catalog"}, "spec": {}})
    api.answers[f"{CORE}/pods/shop-abc-1/log?previous"] = (200, UNRESOLVED)
    api.answers["/api/v1/namespaces/staging"] = (404, {"message": "not found"})

    [found] = diagnose(api.cluster(), namespace="shop-dev")["findings"]

    assert "there is no namespace staging; Service catalog is in this namespace" in found["summary"]
    assert api.asked.count("/api/v1/namespaces/staging") == 1


def test_what_may_not_be_asked_is_said_and_nothing_is_claimed(api: PlayedApi) -> None:
    api.serve(f"{CORE}/pods", crashing())
    api.answers[f"{CORE}/pods/shop-abc-1/log?previous"] = (200, UNRESOLVED)
    api.answers["/api/v1/namespaces/staging"] = (403, {"message": "no"})

    report = diagnose(api.cluster(), namespace="shop-dev")

    assert report["not_checked"] == ["namespaces/staging: forbidden"]
    assert "there is no namespace" not in report["findings"][0]["summary"]


def test_no_value_of_a_secret_that_is_looked_into_is_kept(api: PlayedApi) -> None:
    variable = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    spec = {"containers": [{"name": "app", "image": "shop:1", "env": [variable]}]}
    api.serve(f"{CORE}/pods", crashing(spec=spec))
    api.answers[f"{CORE}/pods/shop-abc-1/log?previous"] = (200, 'password authentication failed for user "shop"')
    api.answers[f"{CORE}/secrets/db"] = (
        200,
        {"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": "aHVudGVyMgo="}},
    )

    report = diagnose(api.cluster(), namespace="shop-dev")

    assert "key password of Secret db, and that value ends with a newline" in report["findings"][0]["summary"]
    assert "hunter2" not in str(report)
    assert "aHVudGVyMgo" not in str(report)
