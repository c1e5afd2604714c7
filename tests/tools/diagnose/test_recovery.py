"""The wait until a diagnosis finds nothing more on an object."""

import itertools
import logging

import pytest

from agent.sandbox import Sandbox
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import Unreachable
from tools.cluster.resources import ObjectRef
from tools.diagnose.wait import POLL_S, wait_until_mended
from tools.frame import Result, ToolContext
from tools.json import Json


def waited(cluster: HttpCluster, name: str) -> Result:
    """What a wait of a second says; each look at the clock takes one."""
    seconds = itertools.count()
    context = ToolContext(cluster, lambda _seconds: None, lambda: float(next(seconds)))
    return wait_until_mended(context, namespace="shop-dev", kind="Deployment", name=name, timeout_s=1)


def test_it_says_what_is_left() -> None:
    with Sandbox() as sandbox:
        cluster = connect(Where(document=sandbox.kubeconfig()))
        assert waited(cluster, "web") == Result("Deployment web in shop-dev: nothing is wrong with it any more.")
        left = waited(cluster, "checkout")
    assert not left.ok
    assert left.text.startswith("Deployment checkout in shop-dev, after 1 s: OOMKilled: ")


def test_what_only_starts_is_not_called_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a moment behind a change no fault shows, and the new pods are not ready yet."""

    def starts(*_cluster: HttpCluster, namespace: str, name: str = "") -> Json:
        said = {"Deployment/checkout": ["Deployment checkout has 0 of 1 pods ready"]}
        return {"findings": [], "settled": False, "starting": said.get(name, [])}

    monkeypatch.setattr("tools.diagnose.wait.diagnose", starts)
    with Sandbox() as sandbox:
        cluster = connect(Where(document=sandbox.kubeconfig()))
        left = waited(cluster, "checkout")
        assert waited(cluster, "web").ok  # what else starts in the namespace is nothing to wait for
    assert (left.ok, "0 of 1 pods ready" in left.text) == (False, True)


def test_what_nobody_could_see_at_the_end_is_not_called_mended_or_broken() -> None:
    with Sandbox() as sandbox:
        gone = connect(Where(document=sandbox.kubeconfig()))
    with pytest.raises(Unreachable):
        waited(gone, "web")


def test_it_is_diagnosed_again_when_something_has_changed(caplog: pytest.LogCaptureFixture) -> None:
    service = ObjectRef("v1", "Service", "shop-dev", "web")
    now, mended_at = 100.0, 116.0
    with Sandbox() as sandbox, caplog.at_level(logging.DEBUG, "tools.cluster.client"):
        cluster = connect(Where(document=sandbox.kubeconfig()))
        ports = [{"port": 80, "targetPort": 8080}]
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop-dev"}}
        cluster.create(service, {**body, "spec": {"selector": {"app": "nobody"}, "ports": ports}})

        def sleep(seconds: float) -> None:
            nonlocal now
            now += seconds
            if now == mended_at:
                cluster.patch(service, {"spec": {"selector": {"app": "web"}}})

        context = ToolContext(cluster, sleep, lambda: now)
        caplog.clear()
        done = wait_until_mended(context, namespace="shop-dev", kind="Service", name="web", timeout_s=60)
    assert done.ok, done.text
    assert now == mended_at
    asked = [record.getMessage().partition("?")[0] for record in caplog.records]
    assert asked.count("GET /api/v1/namespaces/shop-dev") == 3  # at once, after ten seconds, and mended
    looks = 1 + (mended_at - 100.0) / POLL_S
    assert asked.count("GET /api/v1/namespaces/shop-dev/services/web") == looks
    assert asked.count("GET /api/v1/namespaces/shop-dev/pods") == looks + 3


def test_what_it_has_no_right_to_or_is_not_there_has_nothing_that_changes() -> None:
    with Sandbox() as sandbox:
        cluster = connect(Where(document=sandbox.kubeconfig()))
        context = ToolContext(cluster, lambda _seconds: None, lambda: 0.0)
        gone = wait_until_mended(context, namespace="shop-dev", kind="Service", name="gone", timeout_s=1)
    assert gone.ok
