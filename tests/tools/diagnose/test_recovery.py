"""The wait until a diagnosis finds nothing more on an object."""

import itertools

import pytest

from agent.sandbox import Sandbox
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import Unreachable
from tools.diagnose.wait import wait_until_mended
from tools.frame import Result, ToolContext


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


def test_what_nobody_could_see_at_the_end_is_not_called_mended_or_broken() -> None:
    with Sandbox() as sandbox:
        gone = connect(Where(document=sandbox.kubeconfig()))
    with pytest.raises(Unreachable):
        waited(gone, "web")
