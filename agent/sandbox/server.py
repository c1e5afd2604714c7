"""The Kubernetes API of the sandbox over HTTP: kmock's emulator with an API server's manners."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp.web import BaseRequest, Response, Server, ServerRunner, StreamResponse, TCPSite, json_response
from kmock import KubernetesEmulator, KubernetesError, KubernetesNotFoundError, Request, ResourceInfo

from agent.sandbox import patching
from agent.sandbox.cluster import KINDS, Cluster, node_metrics, pod_logs, pod_metrics
from agent.sandbox.requests import (
    Route,
    already_exists,
    conflict,
    decoded,
    failure,
    invalid,
    not_found,
    parse_path,
    unknown_resource,
    wrong_quantities,
)
from agent.sandbox.rollout import is_ready
from agent.sandbox.selectors import Predicate, SelectorError, field_selector, label_selector
from agent.sandbox.store import Object, Store, Writer, admitted
from agent.sandbox.workloads import DEPLOYMENT_DEFAULTS

USER = "sandbox-user"
VERSION = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.0+sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "gc",
    "platform": "linux/amd64",
}
APPLY = "application/apply-patch+yaml"
PATCHES: Mapping[str, Callable[[Any, Any], Any]] = {
    "application/strategic-merge-patch+json": patching.strategic_merge_patch,
    "application/merge-patch+json": patching.merge_patch,
    "application/json-patch+json": patching.json_patch,
    APPLY: patching.strategic_merge_patch,
}
REVIEWS: Mapping[str, Object] = {
    "selfsubjectaccessreviews": {"allowed": True},
    "localsubjectaccessreviews": {"allowed": True},
    "subjectaccessreviews": {"allowed": True},
    "selfsubjectreviews": {"userInfo": {"username": USER, "groups": ["system:authenticated"]}},
    "selfsubjectrulesreviews": {
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    },
}
NEW_STATUS: Mapping[str, Object] = {"Namespace": {"phase": "Active"}, "Pod": {"phase": "Pending"}}
RETURNED_ON_DELETE = frozenset({"Namespace", "Pod"})
"""Kinds that go gracefully: deleting one answers the object, deleting another a Status."""

SHUTDOWN_TIMEOUT_S = 0.1
"""How long open requests (a watch never ends by itself) may go on when the server stops."""


class SandboxApi(KubernetesEmulator):
    """Serves objects by itself, since kmock merges bluntly; resources, storage and discovery are kmock's."""

    def __init__(self) -> None:
        super().__init__()
        self.resources.load_bundled()
        self.store = Store(self.objects)
        self.cluster = Cluster(self.store)

    async def __call__(self, raw_request: BaseRequest) -> StreamResponse:
        """Answers one request."""
        route = parse_path(raw_request.path)
        if raw_request.path.rstrip("/") == "/version":
            return json_response(VERSION)
        if route is None:
            return await super().__call__(raw_request)
        try:
            return await self._serve(raw_request, route)
        except KubernetesError as error:
            return await self._render_error(error)

    async def _serve_version(self, request: Request) -> Object:
        """Discovery of one group version; kmock's has no name for the core group, and short names for all."""
        wanted = (request.resource.group, request.resource.version) if request.resource else None
        kinds = [(each, self.resources[each]) for each in self.resources if (each.group, each.version) == wanted]
        if not kinds:
            raise unknown_resource()
        rows = [row for each, info in kinds for row in _discovered(str(each.plural), info)]
        name = request.url.path.strip("/").partition("/")[2]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": rows}

    async def _render_error(self, exc: Exception) -> StreamResponse:
        error = exc if isinstance(exc, KubernetesError) else failure(500, "InternalError", repr(exc))
        if isinstance(exc, KubernetesNotFoundError):
            error = unknown_resource()
        told = {
            "reason": error.reason,
            "message": error.message,
            "details": error.details,
            "code": error.status,
        }
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        return json_response(status | told, status=error.status)

    async def _serve(self, request: BaseRequest, route: Route) -> StreamResponse:
        if route.resource not in self.resources:
            raise unknown_resource()
        if request.method == "GET":
            return await self._read(request, route)
        body = decoded(await request.text(), request.content_type)
        match request.method, bool(route.name):
            case "POST", False if route.resource.plural in REVIEWS:
                return self._review(route, body)
            case ("POST", False) | ("PUT" | "PATCH", True):
                return self._write(request, route, body)
            case "DELETE", True:
                return self._delete(request, route, body)
        raise failure(405, "MethodNotAllowed", f"the server does not allow {request.method} on {request.path}")

    async def _read(self, request: BaseRequest, route: Route) -> StreamResponse:
        if route.resource.group == "metrics.k8s.io":
            return self._metrics(route)
        if route.name:
            return self._get(request, route)
        if request.query.get("watch", "").lower() in ("true", "1"):
            return await self._watch(request, route)
        return self._list(request, route)

    def _kind(self, route: Route) -> str:
        return str(self.resources[route.resource].kind)

    def _review(self, route: Route, body: Object) -> Response:
        head = {"kind": self._kind(route), "apiVersion": route.api_version, "metadata": {}}
        return json_response(head | body | {"status": REVIEWS[str(route.resource.plural)]}, status=201)

    def _metrics(self, route: Route) -> Response:
        now = datetime.now(UTC)
        running = [pod for pod in self.store.items(KINDS["Pod"], route.namespace) if is_ready(pod)]
        if route.resource.plural == "nodes":
            items = [node_metrics(node, len(running), now) for node in self.store.items(KINDS["Node"])]
        else:
            items = [pod_metrics(pod, now) for pod in running]
        if not route.name:
            return self._page(route, items)
        one = next((item for item in items if item["metadata"]["name"] == route.name), None)
        if one is None:
            raise not_found(route)
        return json_response({"kind": self._kind(route), "apiVersion": route.api_version} | one)

    def _page(self, route: Route, items: list[Object]) -> Response:
        bare = [
            {name: value for name, value in item.items() if name not in ("kind", "apiVersion")} for item in items
        ]
        head = {"kind": f"{self._kind(route)}List", "apiVersion": route.api_version}
        return json_response(head | {"metadata": {"resourceVersion": str(self.store.version)}, "items": bare})

    def _list(self, request: BaseRequest, route: Route) -> Response:
        wanted = _selected(request)
        items = [item for item in self.store.items(route.resource, route.namespace) if wanted(item)]
        items.sort(key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))
        return self._page(route, items)

    async def _watch(self, request: BaseRequest, route: Route) -> StreamResponse:
        wanted, response = _selected(request), StreamResponse(headers={"Content-Type": "application/json"})
        since = int(request.query.get("resourceVersion") or 0)
        start = since or self.store.version
        present = [] if since else list(self.store.items(route.resource, route.namespace))
        await response.prepare(request)
        try:
            async with asyncio.timeout(float(request.query.get("timeoutSeconds") or 1800)):
                for item in filter(wanted, present):
                    await response.write(_watch_line("ADDED", item))
                async for change in self.store.follow(start):
                    here = change.key[0] == route.resource and route.namespace in (None, change.key[1])
                    if here and wanted(change.object):
                        await response.write(_watch_line(change.type, change.object))
        except (TimeoutError, ConnectionError):
            pass
        return response

    def _live(self, route: Route) -> Object:
        if (found := self.store.get(route.key)) is None:
            raise not_found(route)
        return found

    def _get(self, request: BaseRequest, route: Route) -> Response:
        found = self._live(route)
        match route.subresource:
            case "log":
                return _logs(request, found)
            case "scale":
                return json_response(_scale_of(found))
            case "" | "status":
                return json_response(found)
        raise unknown_resource()

    def _write(self, request: BaseRequest, route: Route, body: Any) -> Response:
        """Creates, replaces or patches: from the request to the admitted object, and into the store."""
        applied = request.method == "PATCH" and request.content_type == APPLY
        if applied and not request.query.get("fieldManager"):
            raise failure(422, "Invalid", "fieldManager: Required value: is required for apply patch")
        if request.method == "POST":
            route = replace(route, name=_name_of(body.get("metadata") or {}))
        made = request.method == "POST" or (applied and self.store.get(route.key) is None)
        old = None if made else self._live(route)
        new = self._created(route, body) if old is None else self._changed(request, route, old, body)
        if problems := list(wrong_quantities(new)):
            raise invalid(self._kind(route), route, problems)
        stored = admitted(new, old, _writer(request, route, applied), datetime.now(UTC))
        if not _is_dry_run(request, body):
            stored = self.store.put(route.key, stored)
        answer = _scale_of(stored) if route.subresource == "scale" else stored
        return json_response(answer, status=201 if made else 200)

    def _created(self, route: Route, body: Object) -> Object:
        namespace = Route(KINDS["Namespace"], None, route.namespace or "", "")
        if route.namespace and self.store.get(namespace.key) is None:
            raise not_found(namespace)
        if not route.name:
            raise invalid(self._kind(route), route, [("metadata.name", "Required value: name is required")])
        if self.store.get(route.key) is not None:
            raise already_exists(route)
        new = self._named(route, body)
        if new["kind"] == "Deployment":
            new["spec"] = patching.merge_patch(DEPLOYMENT_DEFAULTS, new.get("spec", {}))
        if "status" in self.resources[route.resource].subresources:
            new["status"] = NEW_STATUS.get(new["kind"], {})
        return new

    def _named(self, route: Route, body: Object) -> Object:
        metadata = {**(body.get("metadata") or {}), "name": route.name}
        if route.namespace:
            metadata["namespace"] = route.namespace
        return body | {"apiVersion": route.api_version, "kind": self._kind(route), "metadata": metadata}

    def _changed(self, request: BaseRequest, route: Route, old: Object, body: Any) -> Object:
        target = _scale_of(old) if route.subresource == "scale" else old
        new = self._named(route, body) if request.method == "PUT" else _patched(request, target, body)
        if new["metadata"].get("resourceVersion") not in (None, "", old["metadata"]["resourceVersion"]):
            raise conflict(route)
        match route.subresource:
            case "scale":
                return old | {"spec": old["spec"] | {"replicas": new["spec"]["replicas"]}}
            case "status":
                return old | {"status": new.get("status", {})}
            case _ if "status" in self.resources[route.resource].subresources:
                return new | {"status": old.get("status", {})}
        return dict(new)

    def _delete(self, request: BaseRequest, route: Route, body: Object) -> Response:
        found = self._live(route)
        wanted = body.get("preconditions") or {}
        if any(found["metadata"][field] != value for field, value in wanted.items()):
            raise conflict(route)
        if not _is_dry_run(request, body):
            self.store.delete(route.key)
        if found["kind"] in RETURNED_ON_DELETE:
            return json_response(found)
        details = {"name": route.name, "kind": route.resource.plural, "uid": found["metadata"]["uid"]}
        head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return json_response(head | {"details": details})


def _discovered(plural: str, info: ResourceInfo) -> Iterator[Object]:
    row = {"namespaced": bool(info.namespaced), "kind": info.kind, "verbs": sorted(info.verbs)}
    yield {"name": plural, "singularName": info.singular or "", "shortNames": sorted(info.shortnames), **row}
    for subresource in sorted(info.subresources):
        yield {"name": f"{plural}/{subresource}", "singularName": "", **row}


def _patched(request: BaseRequest, target: Object, body: Any) -> Object:
    if (patch := PATCHES.get(request.content_type)) is None:
        raise failure(415, "UnsupportedMediaType", f"the body can't be of type {request.content_type}")
    try:
        result: Object = patch(target, body)
    except patching.PatchError as error:
        raise failure(422, "Invalid", f"the patch can't be applied: {error}") from error
    return result


def _writer(request: BaseRequest, route: Route, applied: bool) -> Writer:
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    manager = request.query.get("fieldManager") or agent
    return Writer(manager, "Apply" if applied else "Update", route.subresource)


def _name_of(metadata: Object) -> str:
    """The name of what is created: as given, else `generateName` with five letters behind it."""
    begins = metadata.get("generateName") or ""
    return str(metadata.get("name") or (begins and f"{begins}{uuid.uuid4().hex[:5]}"))


def _is_dry_run(request: BaseRequest, body: Any) -> bool:
    options = body.get("dryRun") if isinstance(body, dict) and body.get("kind") == "DeleteOptions" else None
    return "All" in request.query.getall("dryRun", []) or "All" in (options or [])


def _selected(request: BaseRequest) -> Predicate:
    try:
        labels = label_selector(request.query.get("labelSelector", ""))
        fields = field_selector(request.query.get("fieldSelector", ""))
    except SelectorError as error:
        raise failure(400, "BadRequest", str(error)) from error
    return lambda item: labels(item) and fields(item)


def _watch_line(kind: str, item: Object) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


def _scale_of(item: Object) -> Object:
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = {"replicas": item["spec"].get("replicas", 1)}
    labels = item["spec"]["selector"]["matchLabels"]
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    status = {"replicas": item.get("status", {}).get("replicas", 0), "selector": selector}
    metadata = {name: item["metadata"][name] for name in names}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": replicas,
        "status": status,
    }


def _logs(request: BaseRequest, pod: Object) -> Response:
    previous = request.query.get("previous") in ("true", "True", "1")
    status, text = pod_logs(pod, request.query.get("container", ""), previous)
    if status == 400:
        raise failure(400, "BadRequest", text)
    if (tail := request.query.get("tailLines")) is not None:
        lines = text.splitlines(keepends=True)
        text = "".join(lines[len(lines) - min(int(tail), len(lines)) :])
    limit_bytes = int(request.query.get("limitBytes") or len(text.encode()))
    return Response(body=text.encode()[:limit_bytes], status=status, content_type="text/plain")


async def serve(started: Callable[[int], None], stopped: asyncio.Event) -> None:
    """Serves on a free port of 127.0.0.1, told to `started`, until `stopped` is set.

    kmock's own Server is not used: it redirects aiohttp's resolver for the whole process.
    """
    async with SandboxApi() as api:
        control = asyncio.create_task(api.cluster.run())
        runner = ServerRunner(Server(api, access_log=None), shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        await runner.setup()
        await TCPSite(runner, "127.0.0.1", 0).start()
        started(runner.addresses[0][1])
        await stopped.wait()
        control.cancel()
        await runner.cleanup()
