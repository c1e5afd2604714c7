"""The sandbox as the kubernetes client sees it, over HTTP."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from kubernetes import client, config, watch

from agent.sandbox import Sandbox

Object = dict[str, Any]
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
CHECKOUT = "/apis/apps/v1/namespaces/shop-dev/deployments/checkout"


class Api:
    """Raw calls by the REST transport of the real client."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.client = config.new_client_from_config_dict(sandbox.kubeconfig())
        self.apps, self.core = client.AppsV1Api(self.client), client.CoreV1Api(self.client)

    def call(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: Any
    ) -> Object:
        status, answer = self.status(method, path, body, kind, **query)
        assert status < 300, answer
        return answer

    def status(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: Any
    ) -> tuple[int, Object]:
        url = f"{self.client.configuration.host}{path}?{urlencode(query)}"
        text = body if isinstance(body, str) else None if body is None else json.dumps(body)
        answer = urllib3.request(method, url, body=text, headers={"Content-Type": kind})
        return answer.status, json.loads(answer.data)

    def pods(self, app: str, namespace: str = "shop-dev") -> list[Object]:
        path = f"/api/v1/namespaces/{namespace}/pods"
        items: list[Object] = self.call("GET", path, labelSelector=f"app={app}")["items"]
        return items

    def deployment(self, name: str) -> Object:
        return self.call("GET", f"/apis/apps/v1/namespaces/shop-dev/deployments/{name}")


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    """A sandbox for tests that only read."""
    with Sandbox() as sandbox:
        yield Api(sandbox)


@pytest.fixture
def api() -> Iterator[Api]:
    """A sandbox for one test that writes."""
    with Sandbox() as sandbox:
        yield Api(sandbox)


def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.05)


def memory(amount: str) -> Object:
    resources = {"limits": {"memory": amount}, "requests": {"memory": "16Mi"}}
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "resources": resources}]}}}}


def rolled_out(deployment: Object) -> bool:
    status, replicas = deployment["status"], deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
    return status["observedGeneration"] >= deployment["metadata"]["generation"] and counts == [replicas] * 4


def waiting(pod: Object) -> Object:
    state: Object = pod["status"]["containerStatuses"][0]["state"]
    return dict(state.get("waiting", {}))


def test_it_listens_until_it_is_stopped(shared: Api) -> None:
    http = urllib3.PoolManager(retries=False)
    with Sandbox() as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
        assert http.request("GET", f"{sandbox.url}/version").status == 200
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        http.request("GET", f"{sandbox.url}/api")


def test_it_stops_while_a_watch_is_open(shared: Api) -> None:
    with Sandbox() as sandbox:
        path = f"{sandbox.url}/api/v1/pods?watch=1"
        stream = urllib3.PoolManager().request("GET", path, preload_content=False)
        assert b"ADDED" in stream.read1()
    with pytest.raises(urllib3.exceptions.NewConnectionError):  # and nobody had to close the watch
        urllib3.PoolManager(retries=False).request("GET", f"{sandbox.url}/api")


def test_a_list_has_a_kind_a_version_and_typed_items(shared: Api) -> None:
    found = shared.call("GET", "/api/v1/namespaces/shop-dev/pods")
    assert (found["kind"], found["apiVersion"]) == ("PodList", "v1")
    assert int(found["metadata"]["resourceVersion"]) > 0
    typed = shared.client.sanitize_for_serialization(shared.core.list_namespaced_pod("shop-dev"))
    assert sorted({pod["metadata"]["labels"]["app"] for pod in typed["items"]}) == [
        "cart", "catalog", "checkout", "payments", "search", "web"
    ]  # fmt: skip


def test_every_object_has_the_servers_metadata(shared: Api) -> None:
    for path in ("/api/v1/pods", "/api/v1/events", "/api/v1/nodes", "/apis/apps/v1/replicasets"):
        for item in shared.call("GET", path)["items"]:
            names = {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}
            assert names <= item["metadata"].keys()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"labelSelector": "app=checkout"}, {"checkout"}),
        ({"labelSelector": "app in (cart, web),app!=web"}, {"cart"}),
        ({"labelSelector": "app notin (web,cart,catalog,checkout)"}, {"payments", "search"}),
        ({"labelSelector": "!app"}, set()),
        ({"fieldSelector": "status.phase=Pending"}, {"cart", "catalog", "search"}),
        ({"fieldSelector": "spec.nodeName!=sandbox"}, {"search"}),
    ],
)
def test_selectors_choose_pods(shared: Api, query: Object, expected: set[str]) -> None:
    items = shared.call("GET", "/api/v1/namespaces/shop-dev/pods", **query)["items"]
    assert {item["metadata"]["labels"]["app"] for item in items} == expected


def test_events_are_selected_by_what_they_are_about(shared: Api) -> None:
    (pod,) = shared.pods("search")
    query = f"involvedObject.name={pod['metadata']['name']},type=Warning,reason=FailedScheduling"
    (event,) = shared.call("GET", "/api/v1/events", fieldSelector=query)["items"]
    assert event["message"].startswith("0/1 nodes are available: 1 Insufficient memory.")
    assert event["reportingComponent"] == "default-scheduler"


def test_a_selector_that_cannot_be_read_is_a_bad_request(shared: Api) -> None:
    for query in ({"labelSelector": "a b"}, {"fieldSelector": "spec.foo=1"}):
        status, answer = shared.status("GET", "/api/v1/pods", **query)
        assert (status, answer["reason"]) == (400, "BadRequest")


def test_what_is_not_there_is_a_status_in_the_api_servers_words(shared: Api) -> None:
    status, answer = shared.status("GET", "/apis/apps/v1/namespaces/shop-dev/deployments/nope")
    assert (status, answer["kind"], answer["reason"]) == (404, "Status", "NotFound")
    assert answer["message"] == 'deployments.apps "nope" not found'
    assert answer["details"] == {"name": "nope", "kind": "deployments", "group": "apps"}
    for path in ("/apis/nope.io/v1/foos", "/apis/nope.io/v1", "/nope"):
        status, answer = shared.status("GET", path)
        assert (status, answer["reason"], answer["details"]) == (404, "NotFound", {})


@pytest.mark.parametrize(
    ("app", "reason", "message"),
    [
        ("checkout", "CrashLoopBackOff", "back-off 2m40s restarting failed container=app pod=checkout-"),
        ("payments", "CrashLoopBackOff", "back-off 2m40s restarting failed container=app pod=payments-"),
        (
            "catalog",
            "ImagePullBackOff",
            'Back-off pulling image "ghcr.io/shop/catalog:2.3.1": ErrImagePull: ',
        ),
        ("cart", "CreateContainerConfigError", 'configmap "cart-config" not found'),
    ],
)
def test_each_broken_workload_waits_for_its_own_reason(shared: Api, app: str, reason: str, message: str) -> None:
    (pod,) = shared.pods(app)
    assert waiting(pod)["reason"] == reason
    assert waiting(pod)["message"].startswith(message)


def test_checkout_was_oom_killed_in_every_environment(shared: Api) -> None:
    for namespace in ("shop-dev", "shop-staging", "shop-prod"):
        (pod,) = shared.pods("checkout", namespace)
        (status,) = pod["status"]["containerStatuses"]
        ended = status["lastState"]["terminated"]
        assert (ended["reason"], ended["exitCode"], status["restartCount"]) == ("OOMKilled", 137, 5)


def test_search_is_not_scheduled(shared: Api) -> None:
    (pod,) = shared.pods("search")
    (condition,) = pod["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "PodScheduled",
        "False",
        "Unschedulable",
    )
    assert "nodeName" not in pod["spec"]


def test_logs_of_the_crashed_and_of_those_that_never_ran(shared: Api) -> None:
    (pod,) = shared.pods("payments")
    name = pod["metadata"]["name"]
    text = shared.core.read_namespaced_pod_log(name, "shop-dev", previous=True)
    assert "cannot connect to postgres" in text
    last = shared.core.read_namespaced_pod_log(name, "shop-dev", container="app", tail_lines=1)
    assert last.splitlines() == text.splitlines()[-1:]
    assert len(shared.core.read_namespaced_pod_log(name, "shop-dev", limit_bytes=8)) == 8
    (pod,) = shared.pods("cart")
    status, answer = shared.status("GET", f"/api/v1/namespaces/shop-dev/pods/{pod['metadata']['name']}/log")
    assert (status, answer["reason"]) == (400, "BadRequest")
    expected = f'container "app" in pod "{pod["metadata"]["name"]}" is waiting to start: CreateContainerConfigError'
    assert answer["message"] == expected


def test_reviews_know_the_user_and_allow_everything(shared: Api) -> None:
    plain = shared.client.sanitize_for_serialization
    review = client.V1SelfSubjectReview()
    who = plain(client.AuthenticationV1Api(shared.client).create_self_subject_review(review))
    assert who["status"]["userInfo"] == {"username": "sandbox-user", "groups": ["system:authenticated"]}
    rights = client.AuthorizationV1Api(shared.client)
    attributes = client.V1ResourceAttributes(verb="patch", resource="deployments", namespace="shop-prod")
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    access = plain(rights.create_self_subject_access_review(client.V1SelfSubjectAccessReview(spec=spec)))
    assert access["status"] == {"allowed": True}
    rules = client.V1SelfSubjectRulesReview(spec=client.V1SelfSubjectRulesReviewSpec(namespace="shop-dev"))
    granted = plain(rights.create_self_subject_rules_review(rules))["status"]["resourceRules"]
    assert granted == [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


def test_version_discovery_and_metrics(shared: Api) -> None:
    assert client.VersionApi(shared.client).get_code().git_version.startswith("v1.34.")
    core = shared.call("GET", "/api/v1")
    pods = next(row for row in core["resources"] if row["name"] == "pods")
    assert (core["groupVersion"], pods["singularName"], pods["shortNames"]) == ("v1", "pod", ["po"])
    metrics = shared.call("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/shop-dev/pods")
    assert metrics["kind"] == "PodMetricsList"
    assert metrics["items"][0]["containers"][0]["usage"] == {"cpu": "3m", "memory": "24576Ki"}
    (node,) = shared.call("GET", "/apis/metrics.k8s.io/v1beta1/nodes")["items"]
    assert node["metadata"]["name"] == "sandbox"


def test_a_dry_run_answers_the_result_and_stores_nothing(api: Api) -> None:
    before = api.deployment("checkout")
    answer = api.call("PATCH", CHECKOUT, memory("64Mi"), STRATEGIC, dryRun="All", fieldManager="desk-agent")
    assert answer["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"memory": "64Mi"}
    assert answer["metadata"]["generation"] == 2
    api.call("DELETE", CHECKOUT, dryRun="All")
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "new"}}, dryRun="All")
    assert api.status("GET", "/api/v1/namespaces/new")[0] == 404
    assert api.deployment("checkout") == before


def test_the_server_names_what_has_the_beginning_of_a_name(api: Api) -> None:
    path = "/api/v1/namespaces/shop-dev/configmaps"
    named = api.call("POST", path, {"metadata": {"generateName": "desk-"}})["metadata"]["name"]
    assert re.fullmatch("desk-[a-z0-9]{5}", named)
    assert api.call("GET", f"{path}/{named}")["metadata"]["generateName"] == "desk-"
    assert api.status("POST", path, {"metadata": {}})[0] == 422


def test_a_stale_resource_version_conflicts(api: Api) -> None:
    status, answer = api.status(
        "PATCH", CHECKOUT, memory("64Mi") | {"metadata": {"resourceVersion": "1"}}, STRATEGIC
    )
    assert (status, answer["reason"]) == (409, "Conflict")
    assert answer["message"] == (
        'Operation cannot be fulfilled on deployments.apps "checkout": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    live = api.deployment("checkout")["metadata"]["resourceVersion"]
    api.call("PATCH", CHECKOUT, memory("64Mi") | {"metadata": {"resourceVersion": live}}, STRATEGIC)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("-5Mi", "must be greater than or equal to 0"),
        ("much", "quantities must match the regular expression"),
    ],
)
def test_a_wrong_quantity_is_invalid(shared: Api, amount: str, message: str) -> None:
    status, answer = shared.status("PATCH", CHECKOUT, memory(amount), STRATEGIC)
    assert (status, answer["reason"]) == (422, "Invalid")
    assert answer["message"].startswith('Deployment.apps "checkout" is invalid: ')
    assert answer["details"]["causes"][0]["field"] == "spec.template.spec.containers[0].resources.limits[memory]"
    assert message in answer["message"]


def test_enough_memory_rolls_out_to_healthy(api: Api) -> None:
    (old,) = api.pods("checkout")
    api.call("PATCH", CHECKOUT, memory("64Mi"), STRATEGIC, fieldManager="desk-agent")
    assert not rolled_out(api.deployment("checkout"))
    until(lambda: len(api.pods("checkout")) == 2)
    until(lambda: rolled_out(api.deployment("checkout")))
    (new,) = api.pods("checkout")
    assert new["metadata"]["labels"]["pod-template-hash"] != old["metadata"]["labels"]["pod-template-hash"]
    assert new["status"]["containerStatuses"][0]["ready"] is True
    after = api.deployment("checkout")
    assert after["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert "desk-agent" in [entry["manager"] for entry in after["metadata"]["managedFields"]]
    assert [each["reason"] for each in after["status"]["conditions"]] == [
        "MinimumReplicasAvailable", "NewReplicaSetAvailable"
    ]  # fmt: skip
    sets = api.call("GET", "/apis/apps/v1/namespaces/shop-dev/replicasets", labelSelector="app=checkout")["items"]
    assert sorted(each["spec"]["replicas"] for each in sets) == [0, 1]


def test_too_little_memory_is_killed_again_beside_the_old_pod(api: Api) -> None:
    api.call("PATCH", CHECKOUT, memory("32Mi"), STRATEGIC)
    until(lambda: [waiting(pod).get("reason") for pod in api.pods("checkout") if "nodeName" in pod["spec"]]
          == ["CrashLoopBackOff"] * 2)  # fmt: skip
    reasons = {
        pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] for pod in api.pods("checkout")
    }
    assert reasons == {"OOMKilled"}
    status = api.deployment("checkout")["status"]
    counts = (status["observedGeneration"], status["updatedReplicas"], status["unavailableReplicas"])
    assert counts == (2, 1, 2)
    api.call("PATCH", CHECKOUT, memory("48Mi"), STRATEGIC)
    until(lambda: rolled_out(api.deployment("checkout")))


def test_the_others_are_mended_by_what_they_lack(api: Api) -> None:
    deployments = "/apis/apps/v1/namespaces/shop-dev/deployments"
    image = [{"name": "app", "image": "ghcr.io/shop/catalog:2.3.0"}]
    api.call("PATCH", f"{deployments}/catalog", {"spec": {"template": {"spec": {"containers": image}}}}, STRATEGIC)
    resources = [{"op": "remove", "path": "/spec/template/spec/containers/0/resources"}]
    api.call("PATCH", f"{deployments}/search", resources, "application/json-patch+json")
    config_map = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="cart-config"), data={"currency": "EUR"})
    api.core.create_namespaced_config_map("shop-dev", config_map)
    restart = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}}}
    api.call("PATCH", f"{deployments}/payments", {"spec": {"template": restart}}, MERGE)
    for name in ("catalog", "search", "cart"):
        until(lambda name=name: rolled_out(api.deployment(name)))  # type: ignore[misc]
    until(lambda: len(api.pods("payments")) == 2)
    assert not rolled_out(api.deployment("payments"))


def test_a_restart_rolls_and_scaling_scales(api: Api) -> None:
    before = {pod["metadata"]["name"] for pod in api.pods("web")}
    restart = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}}}
    api.apps.patch_namespaced_deployment("web", "shop-dev", {"spec": {"replicas": 3, "template": restart}})
    until(lambda: rolled_out(api.deployment("web")))
    after = {pod["metadata"]["name"] for pod in api.pods("web")}
    assert len(after) == 3
    assert not before & after
    api.apps.patch_namespaced_deployment_scale("web", "shop-dev", {"spec": {"replicas": 1}})
    until(lambda: len(api.pods("web")) == 1)


def test_a_deleted_pod_is_replaced_and_a_deleted_deployment_takes_its_pods(api: Api) -> None:
    first = api.pods("web")[0]["metadata"]["name"]
    api.core.delete_namespaced_pod(first, "shop-dev")
    until(lambda: len(api.pods("web")) == 2 and first not in str(api.pods("web")))
    api.apps.delete_namespaced_deployment("web", "shop-dev")
    assert api.pods("web") == []


def test_server_side_apply_creates_then_merges(api: Api) -> None:
    path = "/api/v1/namespaces/shop-dev/configmaps/limits"
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\ndata: {a: one}\n"
    assert api.status("PATCH", path, body, APPLY)[0] == 422
    status, made = api.status("PATCH", path, body, APPLY, fieldManager="desk-agent", force="true")
    assert (status, made["metadata"]["managedFields"][0]["operation"]) == (201, "Apply")
    changed = api.call("PATCH", path, {"data": {"b": "two"}}, APPLY, fieldManager="desk-agent")
    assert changed["data"] == {"a": "one", "b": "two"}
    again = api.call("PATCH", path, {"data": {"b": "two"}}, APPLY, fieldManager="desk-agent")
    assert again["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


def test_objects_are_created_replaced_and_deleted(api: Api) -> None:
    collection = "/api/v1/namespaces/shop-dev/configmaps"
    made = api.call("POST", collection, {"metadata": {"name": "one"}, "data": {"a": "b"}})
    status, answer = api.status("POST", collection, {"metadata": {"name": "one"}})
    assert (status, answer["reason"]) == (409, "AlreadyExists")
    put = api.call("PUT", f"{collection}/one", made | {"data": {"c": "d"}})
    assert put["data"] == {"c": "d"}
    assert int(put["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert api.status("PUT", f"{collection}/one", made)[0] == 409
    api.call("DELETE", f"{collection}/one")
    assert api.status("GET", f"{collection}/one")[0] == 404
    assert api.status("POST", "/api/v1/namespaces/nope/configmaps", {"metadata": {"name": "one"}})[0] == 404


def test_a_watch_tells_what_changes(api: Api) -> None:
    version = api.call("GET", CHECKOUT)["metadata"]["resourceVersion"]
    listed = api.call("GET", "/api/v1/namespaces/shop-dev/pods")["metadata"]["resourceVersion"]
    assert int(listed) >= int(version)
    api.call("PATCH", CHECKOUT, memory("64Mi"), STRATEGIC)
    query = {"label_selector": "app=checkout", "resource_version": listed, "timeout_seconds": 2}
    events = watch.Watch().stream(api.core.list_namespaced_pod, "shop-dev", **query)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
