"""debug-pod with few rights: what can be checked is, the rest is said, and nothing is made up."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cluster.conftest import Workspace, kubectl

pytestmark = pytest.mark.cluster

KubeconfigOf = Callable[[str, str], str]


def pod_of(namespace: str) -> str:
    return kubectl("get", "pods", "-n", namespace, "-o", "jsonpath={.items[0].metadata.name}")


def test_rights_from_view_to_none(
    broken: Callable[[str], str], kubeconfig_of: KubeconfigOf, workspace: Workspace
) -> None:
    namespace = broken("dev")
    getter, nobody = f"{namespace}-getter", f"{namespace}-nobody"
    kubectl("create", "clusterrole", getter, "--verb=get", "--resource=pods")
    kubectl("create", "clusterrole", nobody, "--verb=get", "--resource=leases.coordination.k8s.io")
    try:
        view = kubeconfig_of(namespace, "view")
        seen = workspace.desk("debug-pod", namespace, "--kubeconfig", view, "-o", "json")
        report = json.loads(seen.stdout)
        assert [finding["cause"] for finding in report["findings"]] == ["OOMKilled"]
        assert seen.returncode == 1
        assert set(report.get("not_checked", [])) <= {"nodes: forbidden"}

        get_only = kubeconfig_of(namespace, getter)
        seen = workspace.desk("debug-pod", namespace, pod_of(namespace), "--kubeconfig", get_only, "-o", "json")
        report = json.loads(seen.stdout)
        assert [finding["cause"] for finding in report["findings"]] == ["OOMKilled"]
        assert {"events: forbidden", "deployments: forbidden", "services: forbidden"} <= set(report["not_checked"])
        seen = workspace.desk("debug-pod", namespace, "--kubeconfig", get_only)
        assert (seen.returncode, seen.stdout) == (1, "")
        assert "forbidden" in seen.stderr

        seen = workspace.desk("debug-pod", namespace, "--kubeconfig", kubeconfig_of(namespace, nobody))
        assert (seen.returncode, seen.stdout) == (1, "")
        assert "list pods" in seen.stderr
        assert "forbidden" in seen.stderr
        assert "Traceback" not in seen.stderr
    finally:
        kubectl("delete", "clusterrole", getter, nobody)
