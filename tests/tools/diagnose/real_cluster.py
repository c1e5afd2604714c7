"""The real cluster of DESK_TEST_KUBECONFIG: what the tests that make faults there share."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kubernetes.client import ApiClient, CoreV1Api, V1Namespace, V1ObjectMeta
from kubernetes.config import new_client_from_config

from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")
ON_A_CLUSTER = [
    pytest.mark.cluster,
    pytest.mark.skipif(not KUBECONFIG, reason="needs DESK_TEST_KUBECONFIG"),
]


def administrator() -> ApiClient:
    """Who makes the faults."""
    api: ApiClient = new_client_from_config(KUBECONFIG)
    return api


def diagnosed() -> HttpCluster:
    """The cluster as Desk sees it."""
    return connect(Where(kubeconfig=KUBECONFIG))


@contextmanager
def new_namespace(api: ApiClient, prefix: str) -> Iterator[str]:
    """A namespace of a name of its own; deleted afterwards."""
    namespaces, name = CoreV1Api(api), f"{prefix}-{uuid.uuid4().hex[:8]}"
    namespaces.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))
    try:
        yield name
    finally:
        namespaces.delete_namespace(name)
