"""Twelve healthy namespaces of different kinds: what runs at once, starts slowly, or waits for another."""

from __future__ import annotations

from dataclasses import dataclass

from tests.tools.diagnose.diagnose_faults import job, statefulset
from tests.tools.diagnose.rollout_faults import (
    autoscaler,
    budget,
    cron_job,
    deployment,
    requests,
    template,
    workload,
)
from tests.tools.diagnose.service_faults import service, web
from tools.json import Json


@dataclass(frozen=True)
class Healthy:
    """What is made, in this order; `ready`: how many pods are in the end; `slow`: what it is told of till then."""

    manifests: list[Json]
    ready: int
    slow: tuple[str, ...] = ()


_SERVE_LATE = "sleep 25; exec httpd -f -p 8080"
_TCP = {"tcpSocket": {"port": 8080}, "periodSeconds": 5}
_CALLS_DB = (
    "timeout 2 wget -q -O /dev/null http://db:8080/ 2>&1 | grep -q 404"
    " || { echo 'dial tcp db:8080: connect: connection refused'; exit 1; }; exec sleep 3600"
)
_WAITS_FOR_DB = "until wget -q -O /dev/null http://db:8080/ 2>&1 | grep -q 404; do sleep 2; done"
_SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"A": "b"}}
_CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}},
}
_DB = [deployment("db", _SERVE_LATE), service("db", {"app": "db"}, ports=[{"port": 8080, "targetPort": 8080}])]
_LATE_ONCE = "[ -f /run/once/failed ] && exec sleep 3600; touch /run/once/failed; exit 1"


def _waiting() -> Json:
    wait = {"name": "wait-db", "image": "busybox:1", "command": ["sh", "-c", _WAITS_FOR_DB]}
    return workload("Deployment", "shop", template("shop", initContainers=[wait]))


def _with_volumes() -> Json:
    container = {
        **requests("20m"),
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "volumeMounts": [{"name": "settings", "mountPath": "/settings"}],
    }
    volumes = [{"name": "settings", "configMap": {"name": "settings"}}]
    return workload("Deployment", "web", template("web", container=container, volumes=volumes))


def _with_claim() -> Json:
    container = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    return workload("Deployment", "web", template("web", container=container, volumes=volumes))


def _fails_once() -> Json:
    container = {"volumeMounts": [{"name": "once", "mountPath": "/run/once"}]}
    volumes = [{"name": "once", "emptyDir": {}}]
    return workload("Deployment", "web", template("web", _LATE_ONCE, container=container, volumes=volumes))


NAMESPACES: dict[str, Healthy] = {
    "plain": Healthy([deployment("web", replicas=2)], 2),
    "served": Healthy([service("web", {"app": "web"}), web("web"), budget("web", "web", maxUnavailable=1)], 1),
    "slow": Healthy(
        [deployment("web", _SERVE_LATE, container={"readinessProbe": _TCP})], 1, ("ReadinessProbeFailed",)
    ),
    "slow-startup": Healthy(
        [deployment("web", _SERVE_LATE, container={"startupProbe": {**_TCP, "failureThreshold": 12}})],
        1,
        ("StartupProbeFailed",),
    ),
    "set": Healthy([statefulset("db", {})], 1),
    "daemon": Healthy([workload("DaemonSet", "agent", template("agent"))], 1),
    "job": Healthy([job("load", "sleep 5"), job("again", "true")], 0),
    "cron": Healthy([cron_job("tick", run="sleep 2")], 0),
    "waits": Healthy([*_DB, _waiting()], 2, ("InitContainerStuck",)),
    "late-database": Healthy([*_DB, deployment("shop", _CALLS_DB)], 2, ("CrashLoopBackOff",)),
    "fails-once": Healthy([_fails_once()], 1, ("CrashLoopBackOff",)),
    "volumes": Healthy([_SETTINGS, _CLAIM, _with_volumes(), autoscaler("web", "web")], 1),
}
