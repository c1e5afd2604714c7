"""What is left on nodes, by what the pods of all namespaces request; and when that is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.conftest import PlayedApi
from tests.tools.diagnose.test_rule_pending import DB, node, one, unplaced
from tools.diagnose.diagnose import diagnose
from tools.diagnose.reading import needs
from tools.json import Json

SHORT = "0/2 nodes are available: 2 Insufficient cpu."
SHORT_OF_BOTH = "0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient memory."


def asks(**requests: str) -> Json:
    return {"containers": [{"name": "app", "resources": {"requests": requests}}]}


def placed(where: str, **spec: Any) -> Json:
    return {"metadata": {"name": "other"}, "spec": {"nodeName": where, **spec}}


def test_the_node_with_most_room_is_named_with_what_it_has_left() -> None:
    others = [placed("one", **asks(cpu="1500m")), placed("two", **asks(cpu="800m")), placed("two", **asks(cpu="1"))]
    finding = one(unplaced(SHORT, spec=asks(cpu="1")), Node=[node("one"), node("two")], PlacedPod=others)

    assert finding.summary.endswith("(it asks for cpu 1; the node that comes nearest, one, has cpu 500m free)")
    assert "cpu: 2 allocatable, 1500m requested by 1 pod" in [each.text for each in finding.evidence]


def test_of_several_resources_the_node_that_comes_nearest_to_all() -> None:
    others = [placed("one", **asks(cpu="1900m")), placed("two", **asks(memory="3Gi"))]
    finding = one(
        unplaced(SHORT_OF_BOTH, spec=asks(cpu="1", memory="2Gi")), Node=[node("one"), node("two")], PlacedPod=others
    )

    assert finding.summary.endswith(
        "(it asks for cpu 1 and memory 2Gi; the node that comes nearest, two, has cpu 2 and memory 1Gi free)"
    )


def test_what_no_node_could_give_is_said_beside_what_is_promised() -> None:
    others = [placed("one", **asks(cpu="1900m"))]
    finding = one(unplaced(SHORT_OF_BOTH, spec=asks(cpu="1", memory="8Gi")), Node=[node("one")], PlacedPod=others)

    assert finding.summary.endswith(
        "(it asks for memory 8Gi, the largest node has 4Gi; "
        "it asks for cpu 1; the node that comes nearest, one, has cpu 100m free)"
    )


@pytest.mark.parametrize(
    ("spec", "free"),
    [
        ({"containers": [{}, {"resources": {"requests": None}}]}, "2"),
        ({**asks(cpu="1"), "initContainers": [{"resources": {"requests": {"cpu": "1500m"}}}]}, "500m"),
        ({**asks(cpu="1"), "initContainers": [{"resources": {"requests": {"cpu": "100m"}}}]}, "1"),
        (
            {
                **asks(cpu="1"),
                "initContainers": [{"restartPolicy": "Always", "resources": {"requests": {"cpu": "700m"}}}],
            },
            "300m",
        ),
        ({**asks(cpu="1"), "overhead": {"cpu": "250m"}}, "750m"),
        ({**asks(cpu="1"), "resources": {"requests": {"cpu": "1200m"}}}, "800m"),
        ({**asks(cpu="5")}, "0"),
    ],
    ids=["nothing", "init container", "small init container", "sidecar", "overhead", "of the pod", "overcommitted"],
)
def test_all_that_a_pod_takes_counts(spec: Json, free: str) -> None:
    finding = one(
        unplaced("0/1 nodes are available: 1 Insufficient cpu.", spec=asks(cpu="2001m")),
        Node=[node("one", allocatable={"cpu": "2"}), node("two", taints=[DB], allocatable={"cpu": "64"})],
        PlacedPod=[placed("one", **spec)],
    )
    assert "the largest node has 2)" in finding.summary

    finding = one(
        unplaced("0/1 nodes are available: 1 Insufficient cpu.", spec=asks(cpu="2")),
        Node=[node("one")],
        PlacedPod=[placed("one", **spec), placed("gone", **asks(cpu="1"))],
    )
    said = "too much of it promised" if free == "2" else f"one, has cpu {free} free)"
    assert said in finding.summary


def test_only_nodes_that_would_take_the_pod_are_named() -> None:
    chosen = {**asks(cpu="1"), "nodeSelector": {"disktype": "ssd"}}
    nodes = [
        node("hdd"),
        node("ssd", labels={"disktype": "ssd"}),
        node("cordoned", labels={"disktype": "ssd"}, unschedulable=True),
    ]
    others = [placed("hdd", **asks(cpu="1100m")), placed("ssd", **asks(cpu="1700m"))]

    assert (
        "nearest, ssd, has cpu 300m free" in one(unplaced(SHORT, spec=chosen), Node=nodes, PlacedPod=others).summary
    )


def served(api: PlayedApi, *, cpu: str) -> None:
    waiting = unplaced("0/1 nodes are available: 1 Insufficient cpu.", spec=asks(cpu=cpu))
    api.serve("/api/v1/namespaces/shop-dev/pods", waiting)
    api.serve("/api/v1/nodes", node("one"))
    api.serve("/api/v1/pods", placed("one", **asks(cpu="1500m")))


@pytest.mark.parametrize(("cpu", "times"), [("1", 1), ("100", 0)])
def test_all_pods_are_asked_for_only_where_an_empty_node_would_do(api: PlayedApi, cpu: str, times: int) -> None:
    served(api, cpu=cpu)

    diagnose(api.cluster(), namespace="shop-dev")

    assert api.asked.count("/api/v1/pods") == times


def test_who_may_not_see_other_pods_is_told_less(api: PlayedApi) -> None:
    served(api, cpu="1")
    api.answers["/api/v1/pods"] = (403, {"message": "no"})

    report = diagnose(api.cluster(), namespace="shop-dev")

    [finding] = report["findings"]
    assert finding["summary"].endswith("the largest node has 2, too much of it promised to other pods already)")
    assert report["not_checked"] == ["what the pods of all namespaces request: forbidden"]


def test_a_very_large_cluster_is_not_read_to_its_end(api: PlayedApi) -> None:
    served(api, cpu="1")
    every = [placed("one", **asks(cpu="1m"))] * needs.PLACED_PODS_AT_MOST
    api.answers["/api/v1/pods"] = (200, {"items": every, "metadata": {"continue": "more"}})

    report = diagnose(api.cluster(), namespace="shop-dev")

    assert report["not_checked"] == ["what the pods of all namespaces request: there are more than 20000"]
    assert api.asked.count("/api/v1/pods") == 1
