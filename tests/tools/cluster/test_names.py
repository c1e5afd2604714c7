"""The names a task may be about: one round of lists, each of metadata only, as far as we may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agent.sandbox import Sandbox
from tools.cluster.client import HttpCluster, Pages
from tools.cluster.connect import Where, connect
from tools.cluster.errors import Forbidden, Unreachable
from tools.cluster.names import ALWAYS, AT_MOST, read_names


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        yield connect(Where(document=sandbox.kubeconfig()))


class Watched:
    """A cluster that counts the lists, and refuses some."""

    def __init__(self, cluster: HttpCluster, refused: type[Exception] | None = None, *kinds: str) -> None:
        self._cluster, self._refused, self._kinds = cluster, refused, kinds
        self.asked: list[tuple[str, str | None, bool]] = []

    def pages(self, word: str, namespace: str | None, *, names_only: bool = False, **_given: Any) -> Pages:
        self.asked.append((word, namespace, names_only))
        if self._refused is not None and word in self._kinds:
            raise self._refused(f"list {word}")
        return self._cluster.pages(word, namespace, names_only=names_only)


def test_the_names_of_one_namespace_are_read_in_one_round_of_metadata(cluster: HttpCluster) -> None:
    watched = Watched(cluster)
    found = read_names(watched, ["shop-dev"], [])  # type: ignore[arg-type]
    assert {"web", "checkout", "payments"} <= set(found["shop-dev"]["Deployment"])
    assert any(name.startswith("web-") for name in found["shop-dev"]["Pod"])
    assert "web-config" in found["shop-dev"]["ConfigMap"]
    assert len(watched.asked) == AT_MOST
    assert {(namespace, names_only) for _, namespace, names_only in watched.asked} == {("shop-dev", True)}


def test_the_kinds_that_a_task_speaks_of_go_first(cluster: HttpCluster) -> None:
    watched = Watched(cluster)
    found = read_names(watched, ["shop-dev"], ["Node", "PersistentVolumeClaim"])  # type: ignore[arg-type]
    assert [kind for kind, _, _ in watched.asked if kind not in ALWAYS] != []
    assert {kind for kind, _, _ in watched.asked} == {*ALWAYS, "Node", "PersistentVolumeClaim"}
    assert found[""]["Node"] == ["sandbox"]


def test_of_several_namespaces_the_lists_are_of_all_and_what_is_kept_is_theirs(cluster: HttpCluster) -> None:
    watched = Watched(cluster)
    found = read_names(watched, ["shop-dev", "shop-staging"], [])  # type: ignore[arg-type]
    assert set(found) <= {"", "shop-dev", "shop-staging"}
    assert "Pod" not in found["shop-dev"]
    assert len(watched.asked) == AT_MOST
    assert {namespace for _, namespace, _ in watched.asked} == {None}


def test_what_may_not_be_listed_is_not_known(cluster: HttpCluster) -> None:
    watched = Watched(cluster, Forbidden, "Secret", "Service")
    found = read_names(watched, ["shop-dev"], [])  # type: ignore[arg-type]
    assert not {"Secret", "Service"} & set(found["shop-dev"])
    assert "Deployment" in found["shop-dev"]


def test_a_cluster_that_does_not_answer_is_not_taken_for_one_without_names(cluster: HttpCluster) -> None:
    with pytest.raises(Unreachable):
        read_names(Watched(cluster, Unreachable, "Pod"), ["shop-dev"], [])  # type: ignore[arg-type]
