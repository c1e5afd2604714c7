"""Reading over real HTTP: what is asked of the API, and what becomes of a no."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.tools.diagnose.diagnose_objects import NOW, event, pod, replicaset, status, terminated
from tools.cluster import errors
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.diagnose.diagnose import diagnose
from tools.diagnose.reading import LOGS_AT_MOST, read_snapshot
from tools.diagnose.selection import Asked, narrowed

Json = dict[str, Any]

CORE = "/api/v1/namespaces/shop-dev"
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
GONE = "unable to retrieve container logs for containerd://0123"


class PlayedApi(ThreadingHTTPServer):
    """Answers GET: `answers` by path, or by path and `?previous`; empty lists for the rest."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Json | str]] = {"/api/v1/namespaces/shop-dev": (200, {})}
        self.asked: list[str] = []

    def serve(self, path: str, *items: Json) -> None:
        self.answers[path] = (200, {"items": list(items)})

    def cluster(self) -> HttpCluster:
        server = {"cluster": {"server": f"http://127.0.0.1:{self.server_port}"}, "name": "c"}
        context = {"context": {"cluster": "c", "user": "u"}, "name": "c"}
        user = {"name": "u", "user": {}}
        document = {"clusters": [server], "contexts": [context], "users": [user], "current-context": "c"}
        return connect(Where(document=document))


class _Handler(BaseHTTPRequestHandler):
    server: PlayedApi

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        previous = "?previous" if "previous" in parse_qs(url.query) else ""
        self.server.asked.append(url.path + previous)
        code, answer = self.server.answers.get(url.path + previous, (200, {"items": []}))
        body = answer if isinstance(answer, str) else json.dumps(answer)
        self.send_response(code)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def api() -> Iterator[PlayedApi]:
    with PlayedApi() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def crashing(name: str = "shop-abc-1", **changes: Any) -> Json:
    return pod(status(BACK_OFF, terminated(1), restarts=3), name=name, **changes)


def test_one_list_per_kind_whatever_there_is(api: PlayedApi) -> None:
    api.serve(f"{CORE}/pods", *(pod(name=f"shop-abc-{each}") for each in range(40)))

    read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert len(api.asked) == len(set(api.asked)) == 11
    assert not any("secrets" in path or "configmaps" in path for path in api.asked)


def test_no_such_namespace(api: PlayedApi) -> None:
    api.answers[CORE] = (404, {"message": 'namespaces "shop-dev" not found'})

    with pytest.raises(errors.NotFound, match='There is no namespace "shop-dev"'):
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
        ("po/shop-abc-1", {"shop-abc-1"}),
        ("pod/other", {"other"}),
        ("cronjobs/other", None),
        ("pod/shop", None),
        ("shopp", None),
    ],
)
def test_one_workload_or_pod_by_name(api: PlayedApi, name: str, pods: set[str] | None) -> None:
    api.serve(f"{CORE}/pods", pod(name="shop-abc-1"), pod(name="shop-abc-2"), pod(name="other", owner=[]))
    api.serve("/apis/apps/v1/namespaces/shop-dev/replicasets", replicaset("shop-abc", 1))
    api.serve("/apis/apps/v1/namespaces/shop-dev/deployments", {"metadata": {"name": "shop"}})

    if pods is None:
        with pytest.raises(errors.NotFound, match=f'no workload or pod "{name}" in shop-dev. Nearest: '):
            diagnose(api.cluster(), namespace="shop-dev", name=name)
    else:
        taken = read_snapshot(api.cluster(), "shop-dev", Asked(name), now=NOW)
        part = narrowed(taken, Asked(name), api.cluster())
        assert {each["metadata"]["name"] for each in part.of("Pod")} == pods


def test_events_are_newest_first(api: PlayedApi) -> None:
    first, second = event("a", "Old", ""), event("a", "New", "")
    first["lastTimestamp"] = "2026-01-02T11:00:00Z"
    api.serve(f"{CORE}/events", first, second)

    taken = read_snapshot(api.cluster(), "shop-dev", now=NOW)

    assert [each["reason"] for each in taken.events_of("Pod", "a")] == ["New", "Old"]
