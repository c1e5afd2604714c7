"""Crashes, probes, memory and forbidden calls, all at once on a real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kubernetes.utils import create_from_dict

from tests.tools.diagnose.diagnose_faults import deployment
from tests.tools.diagnose.event_lag import once_told, skip_if_late
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.diagnose.typed_remedies import not_working
from tools.cluster.client import HttpCluster
from tools.diagnose.diagnose import diagnose
from tools.json import Json

pytestmark = ON_A_CLUSTER

WITHIN_S = 200
"""An init container counts as stuck after two minutes; the rest comes sooner."""
EVERY_S = 3
RUN_ON = "trap 'exit 0' TERM; while true; do sleep 1; done"
TLS_ALERT = r"nc -ll -p 8443 -e printf '\025\003\001\000\002\002P'"
FOREIGN_PROGRAM = (
    r"printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\267\000\001\000\000\000' > /x/serve; "
    "head -c 400 /dev/zero >> /x/serve; chmod 755 /x/serve"
)


@dataclass(frozen=True)
class Case:
    """A broken Deployment: what must be said of it, and the first remedy's tool with some of its arguments."""

    name: str
    cause: str
    detail: str
    container: Json
    tool: str | None = None
    arguments: Json = field(default_factory=dict)
    pod: Json = field(default_factory=dict)
    object: tuple[str, str] | None = None
    """Kind and name of what is to be changed, where it is not the Deployment."""


def _script(script: str, **container: Any) -> Json:
    return {"command": ["sh", "-c", script], **container}


def _crash(name: str, detail: str, container: Json, **pod: Any) -> Case:
    return Case(name, "CrashLoopBackOff", detail, container, pod=pod)


def _web(**probe: Any) -> Json:
    return {"image": "desk/web:1", "command": None, "ports": [{"name": "http", "containerPort": 8080}], **probe}


def _http(port: int | str, path: str = "/healthz", scheme: str = "HTTP") -> Json:
    get = {"port": port, "path": path, "scheme": scheme}
    return {"httpGet": get, "periodSeconds": 1, "failureThreshold": 2}


def _liveness(name: str, detail: str, container: Json, **arguments: Any) -> Case:
    return Case(name, "LivenessProbeFailed", detail, container, "set_probe" if arguments else None, arguments)


def _readiness(name: str, detail: str, container: Json, **arguments: Any) -> Case:
    return Case(name, "ReadinessProbeFailed", detail, container, "set_probe" if arguments else None, arguments)


def _forbidden(
    name: str, detail: str, call: str, target: tuple[str, str], tool: str | None = None, **arguments: str
) -> Case:
    said = f'pods is forbidden: User "system:serviceaccount:NAMESPACE:{name}" cannot {call} in the namespace'
    script = f"""echo '{said} "NAMESPACE"'; exit 1"""
    pod = {"serviceAccountName": name}
    return Case(name, "RBACForbidden", detail, _script(script), tool, arguments, pod, target)


CASES = (
    _crash("clean", "ends with exit code 0 (a clean exit: its command ended)", _script("echo done")),
    _crash(
        "refused",
        "Connection refused\" (127.0.0.1 is the container's own pod)",
        _script("wget -O- http://127.0.0.1:5432/"),
    ),
    _crash(
        "nohost",
        "wget: bad address 'datbase'\" "
        "(no Service of this namespace is called datbase; the nearest there is: database",
        _script("wget -O- http://datbase/"),
    ),
    _crash("denied", "Permission denied", _script("touch /etc/x", securityContext={"runAsUser": 1000})),
    _crash(
        "readonly",
        'Read-only file system" (its readOnlyRootFilesystem is true)',
        _script("echo x > /data.txt || exit 1", securityContext={"readOnlyRootFilesystem": True}),
    ),
    _crash("inuse", "Address already in use", _script("nc -l -p 8080 & sleep 1; nc -l -p 8080")),
    _crash(
        "full",
        'No space left on device" (emptyDir cache is mounted at /cache, its sizeLimit is 1Mi)',
        _script(
            "dd if=/dev/zero of=/cache/x bs=1M count=3", volumeMounts=[{"name": "cache", "mountPath": "/cache"}]
        ),
        volumes=[{"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}],
    ),
    _crash(
        "variable",
        "its env sets DATABSE_URL, not DATABASE_URL",
        _script(": ${DATABASE_URL:?}", env=[{"name": "DATABSE_URL", "value": "x"}]),
    ),
    _crash(
        "file",
        'No such file or directory" (no volume of the container is mounted there)',
        _script("cat /etc/app/config.yaml"),
    ),
    _crash(
        "foreign",
        "exec /x/serve: exec format error",
        {"command": ["/x/serve"], "volumeMounts": [{"name": "x", "mountPath": "/x"}]},
        volumes=[{"name": "x", "emptyDir": {}}],
        initContainers=[
            {
                "name": "prepare",
                "image": "busybox:1",
                "command": ["sh", "-c", FOREIGN_PROGRAM],
                "volumeMounts": [{"name": "x", "mountPath": "/x"}],
            }
        ],
    ),
    _crash("directory", 'cannot start: exec: "/etc": permission denied', {"command": ["/etc"]}),
    _crash(
        "noexec",
        "ends with exit code 126 (the command is not executable)",
        _script("/etc/passwd"),
    ),
    _crash("nocmd", "ends with exit code 127 (the command was not found)", _script("foobarbaz --serve")),
    _crash(
        "segfault",
        "ends with exit code 139 (SIGSEGV, a segmentation fault)",
        _script("sh -c 'kill -SEGV $$$$'; exit $?"),
    ),
    _crash("aborted", "134 (ended by SIGABRT)", _script("sh -c 'kill -ABRT $$$$'; exit $?")),
    _crash(
        "hook",
        "is killed because its postStart hook fails: sh -c exit 3",
        _script(RUN_ON, lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "exit 3"]}}}),
    ),
    _crash(
        "sidecar",
        'sidecar proxy of Deployment sidecar ends with exit code 1 (an application error); its log says "no route"',
        _script(RUN_ON),
        initContainers=[
            {
                "name": "proxy",
                "image": "busybox:1",
                "command": ["sh", "-c", "echo no route; exit 1"],
                "restartPolicy": "Always",
            }
        ],
    ),
    Case(
        "memory",
        "OOMKilled",
        "its memory limit is 16Mi; 64Mi is the next to try",
        _script("sleep 1; exec tail /dev/zero", resources={"limits": {"memory": "16Mi"}}),
        "set_resources",
        {"memory_limit": "64Mi"},
    ),
    Case(
        "child",
        "OOMKilled",
        "(a process in it; it then ended with exit code 4)",
        _script("(tail /dev/zero); exit 4", resources={"limits": {"memory": "16Mi"}}),
        "set_resources",
        {"memory_limit": "64Mi"},
    ),
    _liveness(
        "l-port",
        "asks GET :9090/healthz, and nothing listens on port 9090: the container declares 8080",
        _web(livenessProbe=_http(9090)),
        probe="liveness",
        port="http",
    ),
    _liveness(
        "l-path",
        "gets 404: the server has no path /health; its other probe asks /healthz",
        _web(livenessProbe=_http(8080, "/health"), readinessProbe=_http(8080)),
        path="/healthz",
    ),
    _liveness(
        "l-https",
        "asks by HTTPS, and the server speaks plain HTTP there",
        _web(livenessProbe=_http("http", scheme="HTTPS")),
        scheme="HTTP",
    ),
    _liveness(
        "l-exec",
        "runs \"cat /tmp/healthy\", which fails: cat: can't open '/tmp/healthy': No such file or directory",
        _web(livenessProbe={"exec": {"command": ["cat", "/tmp/healthy"]}, "periodSeconds": 1}),
    ),
    _liveness(
        "l-early",
        "nothing listens on port 8080 in the 3 s that it allows",
        _script(
            "sleep 20; exec httpd -f -p 8080",
            ports=[{"containerPort": 8080}],
            livenessProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        ),
        initial_delay_s=30,
    ),
    _liveness(
        "l-name",
        "cannot be made: it asks port metrics, and no port of the container has that name",
        _web(livenessProbe=_http("metrics")),
        port="http",
    ),
    Case(
        "s-name",
        "StartupProbeFailed",
        "asks port web, and no port of the container has that name: it declares http (8080)",
        _web(startupProbe=_http("web")),
        "set_probe",
        {"probe": "startup", "port": "http"},
    ),
    Case(
        "s-port",
        "StartupProbeFailed",
        "by its startup probe, which asks TCP :9090, and nothing listens on port 9090",
        _web(startupProbe={"tcpSocket": {"port": 9090}, "periodSeconds": 1, "failureThreshold": 2}),
        "set_probe",
        {"probe": "startup", "port": "http"},
    ),
    _readiness(
        "r-port",
        "is not ready: its readiness probe asks GET :80/healthz, and nothing listens on port 80: "
        "the container declares 8080",
        _web(readinessProbe=_http(80)),
        port="http",
    ),
    _readiness(
        "r-path",
        "gets 404: the server has no path /ready",
        _web(readinessProbe=_http(8080, "/ready")),
    ),
    _readiness(
        "r-tls",
        "asks by plain HTTP, and the server speaks TLS there (port 8443)",
        _script(TLS_ALERT, readinessProbe=_http(8443)),
        scheme="HTTPS",
    ),
    _readiness(
        "r-exec",
        'runs "curl -f localhost", and the image does not have curl',
        _web(readinessProbe={"exec": {"command": ["curl", "-f", "localhost"]}, "periodSeconds": 1}),
    ),
    _readiness(
        "r-grpc",
        "asks gRPC :50051, and no gRPC server answers there within 1 s",
        _script(RUN_ON, readinessProbe={"grpc": {"port": 50051}, "periodSeconds": 1}),
    ),
    Case(
        "waits",
        "InitContainerStuck",
        " min, and its pod waits until it ends; its log says \"** server can't find absent.",
        _script(RUN_ON),
        pod={
            "initContainers": [
                {"name": "wait", "image": "busybox:1", **_script("until nslookup absent; do sleep 2; done")}
            ]
        },
    ),
    _forbidden(
        "lister",
        "may not list configmaps in namespace NAMESPACE: Role reader, which is bound to ServiceAccount lister, "
        "gives it only get",
        'list resource "configmaps" in API group ""',
        ("Role", "reader"),
        "allow",
        role="reader",
        verb="list",
        resource="configmaps",
        api_group="",
    ),
    _forbidden(
        "watcher",
        "Role pod-watcher allows that, and RoleBinding pod-watcher binds it to ServiceAccount wacther, not to "
        "ServiceAccount watcher of namespace NAMESPACE: subjects[0].name is wacther",
        'watch resource "pods" in API group ""',
        ("RoleBinding", "pod-watcher"),
    ),
    _forbidden(
        "scaler",
        "no Role is bound to ServiceAccount scaler",
        'patch resource "deployments" in API group "apps"',
        ("ServiceAccount", "scaler"),
    ),
)


def _role(name: str, verbs: list[str], resource: str, account: str) -> Iterator[Json]:
    api = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": [resource], "verbs": verbs}]
    yield {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules}
    yield {
        "apiVersion": f"{api}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": api, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account}],
    }


def _beside() -> Iterator[Json]:
    """What the faults need, and what is well."""
    bounds = [{"type": "Container", "max": {"memory": "64Mi"}}]
    yield {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "bounds"}, "spec": {"limits": bounds}}
    yield from _role("reader", ["get"], "configmaps", "lister")
    yield from _role("pod-watcher", ["get", "watch"], "pods", "wacther")
    for name in ("lister", "watcher", "scaler"):
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "database"},
        "spec": {"selector": {"app": "well"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    yield deployment("well", _web(livenessProbe=_http("http"), readinessProbe=_http(8080, "/readyz")))
    yield deployment("survivor", _script(f"(tail /dev/zero); {RUN_ON}", resources={"limits": {"memory": "16Mi"}}))


def _said_with(namespace: str, value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("NAMESPACE", namespace)
    if isinstance(value, list):
        return [_said_with(namespace, each) for each in value]
    return {key: _said_with(namespace, each) for key, each in value.items()} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    api = administrator()
    with new_namespace(api, "crashes") as name:
        for manifest in (*_beside(), *(deployment(case.name, case.container, **case.pod) for case in CASES)):
            create_from_dict(api, _said_with(name, manifest), namespace=name)
        yield name


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def found(cluster: HttpCluster, namespace: str) -> list[Json]:
    """What is found once all of it is found, or at the end."""

    def look() -> list[Json]:
        findings: list[Json] = diagnose(cluster, namespace=namespace)["findings"]
        return findings

    return once_told(
        cluster, look, lambda findings: all(_told(case, namespace, findings) for case in CASES), WITHIN_S
    )


def _told(case: Case, namespace: str, findings: list[Json]) -> bool:
    return any(
        each["cause"] == case.cause and _said_with(namespace, case.detail) in each["summary"]
        for each in _of(case, findings)
    )


def _of(case: Case, findings: list[Json]) -> list[Json]:
    """The findings whose pods are the case's."""
    return [each for each in findings if any(name.startswith(f"{case.name}-") for name in each["affected"])]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_fault_is_named_once(case: Case, namespace: str, found: list[Json], cluster: HttpCluster) -> None:
    mine = _of(case, found)
    if not _told(case, namespace, found):
        skip_if_late(cluster)

    assert [(each["cause"], each["object"]["kind"], each["object"]["name"]) for each in mine] == [
        (case.cause, *(case.object or ("Deployment", case.name)))
    ]
    assert _said_with(namespace, case.detail) in mine[0]["summary"]
    first = mine[0]["remedies"][0]
    assert first["tool"] == case.tool
    assert case.arguments.items() <= (first["arguments"] or {}).items()


def test_nothing_else_is_found(found: list[Json]) -> None:
    pods = {name.rsplit("-", 2)[0] for each in found for name in each["affected"]}
    assert pods <= {case.name for case in CASES}


def test_the_remedies_can_be_typed(found: list[Json], tmp_path: Path) -> None:
    assert not_working(found, tmp_path) == []
