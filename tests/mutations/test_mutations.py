"""The mutations, each of one object; and a few of them on a real cluster, from a healthy namespace and back."""

from __future__ import annotations

from random import Random

import pytest

from tests.mutations.mutations import HARMFUL, HARMLESS, mutate
from tests.mutations.run import Ground, chosen, healthy, outcome
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, new_namespace
from tools.json import Json

SAMPLE = ("service_selector", "policy_pods", "ingress_port")
"""What is named without a pod that has to be made."""


@pytest.mark.parametrize("name", [*HARMFUL, *HARMLESS])
def test_each_mutation_changes_one_object(name: str) -> None:
    objects = healthy("shop")

    for seed in range(20):
        mutation = mutate(name, objects, Random(seed))

        assert len(mutation.touched) == 1
        assert mutation.what
        assert {*mutation.restart} <= objects.keys()


def test_a_seed_gives_the_same_mutations_and_each_kind_once_before_any_again() -> None:
    names = [name for name, _ in chosen(100, 3)]

    assert names == [name for name, _ in chosen(100, 3)]
    harmful = [name for name in names if name in HARMFUL]
    assert len({*harmful[: len(HARMFUL)]}) == len(HARMFUL)
    assert sum(name in HARMLESS for name in names) == 20


def _finding(kind: str, name: str, summary: str, *, so_far: bool = False) -> Json:
    there = {"kind": kind, "name": name}
    return {"object": there, "summary": summary, "severity": "error", "cause": "X", "so_far": so_far}


def test_how_the_mutated_object_is_named() -> None:
    mutation = mutate("range_lowered", healthy("shop"), Random(1))
    on_it = _finding("LimitRange", "bounds", "it forbids")
    beside = _finding("Deployment", "web", "Deployment web breaks LimitRange bounds: the maximum is 48Mi")
    other = _finding("Service", "api", "Service api has no endpoint")

    assert outcome(mutation, [beside, on_it], 1).by == "object"
    assert outcome(mutation, [beside], 1).by == "words"
    assert outcome(mutation, [beside, other], 1).blamed == ("error X Service/api: Service api has no endpoint",)
    assert not outcome(mutation, [_finding("Service", "api", "x", so_far=True)], 1).blamed
    assert not outcome(mutation, [other], 1).by


@pytest.mark.cluster
@ON_A_CLUSTER[1]
def test_a_few_on_a_real_cluster() -> None:
    with new_namespace(administrator(), "mutated") as namespace:
        ground = Ground(namespace)
        outcomes = []
        for name in SAMPLE:
            outcomes.append(ground.mutated(name, Random(namespace)))
            if name != SAMPLE[-1]:
                ground.put_back(outcomes[-1].mutation)

    assert [(each.by, each.blamed) for each in outcomes] == [("object", ())] * len(SAMPLE)
