"""Mutations are the same for the same seed, all different, and never what they were made from."""

from __future__ import annotations

import pytest

from tests.agent.understanding.mutations import CHANGING, Wording, mutations
from tests.agent.understanding.outcome import WORDINGS

RESTART: Wording = {
    "text": "restart web",
    "do": [{"restart": {"namespace": "shop-dev", "name": "web"}}],
    "tags": [],
}
SCALE: Wording = {
    "text": "scale cart to 3 please",
    "do": [{"scale": {"namespace": "shop-dev", "name": "cart", "replicas": 3}}],
    "tags": [],
}
LOGS: Wording = {"text": "logs of web", "do": [{"logs": {"namespace": "shop-dev", "pod": "web"}}], "tags": []}


def texts(*wordings: Wording, count: int) -> set[str]:
    return {mutation.text for mutation in mutations(wordings, seed=1, count=count)}


def test_the_same_seed_gives_the_same_mutations_and_another_seed_others() -> None:
    once = list(mutations(WORDINGS, seed=7, count=500))
    assert once == list(mutations(WORDINGS, seed=7, count=500))
    assert once != list(mutations(WORDINGS, seed=8, count=500))


def test_as_many_as_asked_for_all_different_and_none_its_original() -> None:
    found = list(mutations(WORDINGS, seed=1))
    assert len({mutation.text for mutation in found}) == len(found) == 2000
    assert not {mutation.text for mutation in found} & {wording["text"] for wording in WORDINGS}


def test_each_says_which_calls_would_be_wrong() -> None:
    originals = {wording["text"]: wording for wording in WORDINGS}
    for mutation in mutations(WORDINGS, seed=1):
        original = originals[mutation.original]
        assert mutation.wrong == original["do"]
        assert mutation.namespace == original.get("namespace")
        assert any(tool in CHANGING for call in mutation.wrong for tool in call)


def test_every_kind_of_mutation_is_among_them() -> None:
    assert {mutation.kind for mutation in mutations(WORDINGS, seed=1)} == {
        *("negation", "maybe", "time", "condition", "exception", "report", "question", "alternative", "by"),
        *("other name", "other namespace", "other number", "other unit"),
        *("dropped name", "dropped number", "dropped negation"),
    }


def test_words_stand_where_people_put_them() -> None:
    found = texts(RESTART, SCALE, count=80)
    assert {"don't restart web", "restart web tomorrow", "should I restart web?"} <= found
    assert {"scale cart by 3 please", "scale cart to 3 at midnight please", "scale cart to 3 or 4 please"} <= found
    assert {"restart cart", "restart web or cart", "scale to 3 please", "scale cart to please"} <= found


def test_what_still_means_the_same_is_no_mutation() -> None:
    cores: Wording = {
        "text": "set cpu limit of web to 2 cores",
        "do": [{"set_resources": {"namespace": "shop-dev", "name": "web", "cpu_limit": "2"}}],
        "tags": [],
    }
    found = texts(cores, count=44)
    assert "set cpu limit of web to 2 millicores" in found
    assert "set cpu limit of web to 2" not in found


def test_who_is_not_excepted_any_more_is_meant_as_well() -> None:
    one: Wording = {"text": "restart web but not cart", "do": RESTART["do"], "tags": ["exception"]}
    assert "restart web and cart" in texts(one, count=37)


def test_what_changes_nothing_is_not_mutated() -> None:
    with pytest.raises(ValueError, match="have 0 mutations, not 1"):
        list(mutations([LOGS], seed=1, count=1))
