"""Objects as the API gives them, small: what the rules' tests change one thing of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tools.diagnose.reading.snapshot import Snapshot
from tools.json import Json

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
DEPLOYMENT_RS = "shop-abc"


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def owned_by(api_version: str, kind: str, name: str) -> list[Json]:
    return [{"apiVersion": api_version, "kind": kind, "name": name, "controller": True}]


def replicaset(name: str, revision: int, deployment: str = "shop") -> Json:
    return {
        "metadata": {
            "name": name,
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": owned_by("apps/v1", "Deployment", deployment),
        }
    }


def job(name: str, *, created: str = "", cronjob: str | None = None, complete: bool = False) -> Json:
    owner = {"ownerReferences": owned_by("batch/v1", "CronJob", cronjob)} if cronjob else {}
    conditions = [{"type": "Complete", "status": "True"}] if complete else []
    return {
        "metadata": {"name": name, "creationTimestamp": created, **owner},
        "spec": {},
        "status": {"conditions": conditions},
    }


def terminated(code: int, reason: str = "Error", *, ended_s_ago: float = 30, message: str = "") -> Json:
    return {
        "exitCode": code,
        "reason": reason,
        "message": message,
        "startedAt": ago(ended_s_ago + 5),
        "finishedAt": ago(ended_s_ago),
    }


def status(
    state: Json, last: Json | None = None, *, restarts: int = 0, ready: bool = False, name: str = "app"
) -> Json:
    return {
        "name": name,
        "state": state,
        "lastState": {"terminated": last} if last else {},
        "restartCount": restarts,
        "ready": ready,
    }


def pod(
    *statuses: Json,
    name: str = "shop-abc-1",
    owner: list[Json] | None = None,
    limit: str | None = None,
    phase: str = "Running",
    **changes: Any,
) -> Json:
    """A pod of Deployment shop (by its ReplicaSet shop-abc) with one container, app."""
    resources = {"limits": {"memory": limit}} if limit else {}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": ago(600),
            "labels": {"pod-template-hash": "abc"},
            "ownerReferences": owned_by("apps/v1", "ReplicaSet", DEPLOYMENT_RS) if owner is None else owner,
            **changes.pop("metadata", {}),
        },
        "spec": {
            "restartPolicy": changes.pop("restart_policy", "Always"),
            "containers": [{"name": "app", "image": "shop:1", "resources": resources}],
            **changes.pop("spec", {}),
        },
        "status": {"phase": phase, "containerStatuses": list(statuses), **changes.pop("status", {})},
    }


def event(subject: str, reason: str, message: str, *, container: str = "app", kind: str = "Pod") -> Json:
    return {
        "metadata": {"name": f"{subject}.{reason}"},
        "involvedObject": {
            "kind": kind,
            "name": subject,
            "fieldPath": f"spec.containers{{{container}}}",
        },
        "reason": reason,
        "message": message,
        "lastTimestamp": ago(10),
    }


def snapshot(*pods: Json, logs: dict[tuple[str, str], str] | None = None, **kinds: list[Json]) -> Snapshot:
    objects: Any = {"ReplicaSet": [replicaset(DEPLOYMENT_RS, 1)], **kinds, "Pod": pods}
    return Snapshot(
        cluster="sha256:test",
        namespace="shop-dev",
        taken_at=NOW,
        objects={kind: tuple(items) for kind, items in objects.items()},
        logs=logs or {},
    )
