"""The sandbox's control plane: fills the store, then plays controller, scheduler and kubelet on it."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kmock import resource

from agent.sandbox import kubelet, rollout
from agent.sandbox.store import Change, Key, Object, Store, Writer, admitted, timestamp
from agent.sandbox.workloads import NODE, WORKLOADS, app_of, surroundings
from tools.apimachinery import quantity

KINDS = {
    "Namespace": resource("", "v1", "namespaces"),
    "Node": resource("", "v1", "nodes"),
    "Pod": resource("", "v1", "pods"),
    "Event": resource("", "v1", "events"),
    "ConfigMap": resource("", "v1", "configmaps"),
    "Secret": resource("", "v1", "secrets"),
    "ReplicaSet": resource("apps", "v1", "replicasets"),
    "Deployment": resource("apps", "v1", "deployments"),
}

AGE = timedelta(minutes=4)
"""How long the workloads have been there: a container that crashes at once has restarted five times."""

CONTROLLER_DELAY_S, KUBELET_DELAY_S = 0.5, 0.5

_CONTROLLER = Writer("kube-controller-manager")
_KUBELET = Writer("kubelet", subresource="status")
_OPERATOR = Writer("kubectl-client-side-apply")


class Cluster:
    """A control plane over a Store; `run` keeps it going."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._seed(datetime.now(UTC))

    def _seed(self, now: datetime) -> None:
        then = now - AGE
        for item in surroundings(timestamp(then)):
            self._write(item, _OPERATOR, then)
        for workload in WORKLOADS:
            self._write(workload.manifest(), _OPERATOR, then)
        for namespace in {workload.namespace for workload in WORKLOADS}:
            self._control(namespace, then)
            self._run_pods(namespace, then, now)
            self._control(namespace, then)

    async def run(self) -> None:
        """Reacts to changes until it is cancelled."""
        async for change in self.store.follow(self.store.version):
            if _calls_for_action(change):
                self._wake(change.key[1] or "")

    def _wake(self, namespace: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(CONTROLLER_DELAY_S, self._now, self._control, namespace)
        loop.call_later(CONTROLLER_DELAY_S + KUBELET_DELAY_S, self._now, self._settle, namespace)

    def _now(self, act: Callable[[str, datetime], None], namespace: str) -> None:
        act(namespace, datetime.now(UTC))

    def _settle(self, namespace: str, now: datetime) -> None:
        self._run_pods(namespace, now, now)
        self._control(namespace, now)

    def _control(self, namespace: str, now: datetime) -> None:
        for deployment in self.store.items(KINDS["Deployment"], namespace):
            owned = list(self._owned("ReplicaSet", deployment))
            pods = [pod for each in owned for pod in self._owned("Pod", each)]
            writes = rollout.step(deployment, owned, pods, now)
            for item in writes.put:
                self._write(item, _CONTROLLER, now)
            for item in writes.delete:
                self.store.delete(_key(item))

    def _owned(self, kind: str, owner: Object) -> Iterator[Object]:
        for item in self.store.items(KINDS[kind], owner["metadata"]["namespace"]):
            owners = item["metadata"].get("ownerReferences", [])
            if any(each["uid"] == owner["metadata"]["uid"] for each in owners):
                yield item

    def _run_pods(self, namespace: str, since: datetime, now: datetime) -> None:
        for pod in self.store.items(KINDS["Pod"], namespace):
            after, events = kubelet.observed(pod, self._facts(namespace), since, now)
            for item in (after, *events):
                self._write(item, _KUBELET, now)

    def _facts(self, namespace: str) -> kubelet.Facts:
        kinds = ("ConfigMap", "Secret")
        names = {(kind, _key(item)[2]) for kind in kinds for item in self.store.items(KINDS[kind], namespace)}
        return kubelet.Facts(self._free(), frozenset(names))

    def _free(self) -> dict[str, Decimal]:
        node = self.store.get((KINDS["Node"], None, NODE))
        allocatable = node["status"]["allocatable"] if node else {}
        pods = [pod for pod in self.store.items(KINDS["Pod"]) if pod["spec"].get("nodeName")]
        return {
            name: quantity.parse(allocatable.get(name, "0"))
            - sum((kubelet.requested(pod, name) for pod in pods), Decimal(0))
            for name in ("cpu", "memory")
        }

    def _write(self, item: Object, writer: Writer, now: datetime) -> None:
        key = _key(item)
        self.store.put(key, admitted(item, self.store.get(key), writer, now))


def _key(item: Object) -> Key:
    return KINDS[item["kind"]], item["metadata"].get("namespace"), item["metadata"]["name"]


def _calls_for_action(change: Change) -> bool:
    match change.object["kind"]:
        case "Deployment":
            observed = change.object.get("status", {}).get("observedGeneration", 0)
            return bool(change.type != "DELETED" and observed < change.object["metadata"]["generation"])
        case "Pod":
            return change.type != "MODIFIED"
        case kind:
            return kind in ("ConfigMap", "Secret")


def pod_logs(pod: Object, container: str, previous: bool) -> tuple[int, str]:
    """The status and text (or error) that the API server answers for a container's logs.

    Source: `validateContainerLogStatus` of the kubelet.
    """
    images = {each["name"]: each["image"] for each in pod["spec"]["containers"]}
    name = container or next(iter(images))
    where = f'container "{name}" in pod "{pod["metadata"]["name"]}"'
    if name not in images:
        return 400, f"container {name} is not valid for pod {pod['metadata']['name']}"
    statuses = {each["name"]: each for each in pod["status"].get("containerStatuses", [])}
    if name not in statuses:
        return 204, ""
    ran = statuses[name]["lastState"] or (not previous and statuses[name]["state"].get("running"))
    if ran:
        return 200, "".join(f"{line}\n" for line in app_of(images[name]).log)
    if previous:
        return 400, f"previous terminated {where} not found"
    return 400, f"{where} is waiting to start: {_why_waiting(statuses[name])}"


def _why_waiting(status: Object) -> str:
    reason = str(status["state"]["waiting"]["reason"])
    return "trying and failing to pull image" if reason == "ImagePullBackOff" else reason


def pod_metrics(pod: Object, now: datetime) -> Object:
    """The PodMetrics of a running pod: three quarters of what its application needs, 3m CPU a container."""
    metadata = {name: pod["metadata"].get(name, {}) for name in ("name", "namespace", "labels")}
    usages = [
        {"name": each["name"], "usage": _usage(3, quantity.parse(app_of(each["image"]).needs_memory) * 3 / 4)}
        for each in pod["spec"]["containers"]
    ]
    return _sampled(metadata, now) | {"containers": usages}


def node_metrics(node: Object, pods: int, now: datetime) -> Object:
    """The NodeMetrics of a node that runs so many pods."""
    metadata = {name: node["metadata"].get(name, {}) for name in ("name", "labels")}
    return _sampled(metadata, now) | {"usage": _usage(150 + 3 * pods, Decimal(900 << 20))}


def _sampled(metadata: Object, now: datetime) -> Object:
    time = timestamp(now)
    return {"metadata": metadata | {"creationTimestamp": time}, "timestamp": time, "window": "10s"}


def _usage(millicores: int, memory_bytes: Decimal) -> dict[str, str]:
    return {"cpu": f"{millicores}m", "memory": f"{int(max(memory_bytes, Decimal(8 << 20))) >> 10}Ki"}
