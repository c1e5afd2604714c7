"""Snapshots of a real cluster, kept as JSON, and the reports they must give.

Record them anew, with DESK_TEST_KUBECONFIG set: python tests/tools/diagnose/diagnose_recordings.py
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kubernetes.client import CoreV1Api, V1Namespace, V1ObjectMeta
from kubernetes.config import new_client_from_config
from kubernetes.utils import create_from_dict
from msgspec.structs import replace

from tests.tools.diagnose.diagnose_faults import MANIFESTS
from tools.cluster.client import Cluster
from tools.cluster.connect import Where, connect
from tools.diagnose.diagnose import judge
from tools.diagnose.reading.read import read_snapshot
from tools.diagnose.reading.snapshot import Snapshot
from tools.diagnose.render import render
from tools.json import Json

RECORDED = Path(__file__).parent / "recorded"
HEADINGS = ("oom", "crash", "image", "pending", "config", "healthy")
_SHARED_KINDS = ("Node", "LimitRange")
_SETTLED_AFTER_S = 40


def load(heading: str) -> Snapshot:
    """The snapshot recorded under a heading."""
    document = json.loads((RECORDED / f"{heading}.snapshot.json").read_text())
    return Snapshot(
        cluster=document["cluster"],
        namespace=document["namespace"],
        taken_at=datetime.fromisoformat(document["taken_at"]),
        objects={kind: tuple(items) for kind, items in document["objects"].items()},
        logs={(one["pod"], one["container"]): one["text"] for one in document["logs"]},
        not_checked=tuple(document["not_checked"]),
    )


def write_expected(heading: str) -> None:
    """Write down what the rules say now of a recorded snapshot."""
    report = judge(load(heading))
    (RECORDED / f"{heading}.report.json").write_text(_pretty(report))
    (RECORDED / f"{heading}.report.txt").write_text(render(report) + "\n")


@contextmanager
def broken_namespace(kubeconfig: str, name: str) -> Iterator[str]:
    """A namespace with every fault in it; deleted afterwards."""
    api = new_client_from_config(kubeconfig)
    namespaces = CoreV1Api(api)
    namespaces.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))
    try:
        for manifest in MANIFESTS:
            create_from_dict(api, manifest, namespace=name)
        yield name
    finally:
        namespaces.delete_namespace(name)


def record(cluster: Cluster, namespace: str) -> None:
    """Keep what the cluster shows now, one snapshot a heading."""
    snapshot = replace(read_snapshot(cluster, namespace), cluster="sha256:recorded", namespace="shop-dev")
    for heading in HEADINGS:
        (RECORDED / f"{heading}.snapshot.json").write_text(_pretty(_part(snapshot, heading, namespace)))
        write_expected(heading)


def _part(snapshot: Snapshot, heading: str, namespace: str) -> Json:
    objects = {
        kind: [_trimmed(item) for item in items if kind in _SHARED_KINDS or _subject(item).startswith(heading)]
        for kind, items in snapshot.objects.items()
    }
    logs = [
        {"pod": pod, "container": container, "text": text}
        for (pod, container), text in snapshot.logs.items()
        if pod.startswith(heading)
    ]
    document = {
        "cluster": snapshot.cluster,
        "namespace": snapshot.namespace,
        "taken_at": snapshot.taken_at.isoformat(timespec="seconds"),
        "objects": {kind: items for kind, items in objects.items() if items},
        "logs": logs,
        "not_checked": list(snapshot.not_checked),
    }
    renamed: Json = json.loads(json.dumps(document).replace(namespace, snapshot.namespace))
    return renamed


def _subject(item: Json) -> str:
    about = item.get("involvedObject") or item["metadata"]
    return str(about["name"])


def _trimmed(item: Json) -> Json:
    unread = ("managedFields", "selfLink", "generateName")
    metadata = {key: value for key, value in item["metadata"].items() if key not in unread}
    status = {key: value for key, value in (item.get("status") or {}).items() if key != "images"}
    return {**item, "metadata": metadata, **({"status": status} if status else {})}


def _pretty(document: Json) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    kubeconfig = os.environ["DESK_TEST_KUBECONFIG"]
    with broken_namespace(kubeconfig, "diag-record") as made:
        time.sleep(_SETTLED_AFTER_S)
        record(connect(Where(kubeconfig=kubeconfig)), made)
