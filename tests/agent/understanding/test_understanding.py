"""What people say is understood, and nothing is changed that they did not ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.understanding.languages import english, german
from agent.understanding.lexicon import lexicons, phrases_of
from agent.understanding.understand import understand
from agent.understanding.wishes import Call
from agent.understanding.world import World
from tests.agent.understanding.mutations import mutations
from tests.agent.understanding.outcome import (
    HELD_OUT,
    MORE,
    SCHEMAS,
    TUNED,
    WORDINGS,
    changes,
    is_right,
    mutated_effect,
    understood,
    world,
)
from tools.intents import INTENTS
from tools.json import Json


def judged(wordings: list[Json]) -> tuple[float, list[str]]:
    """The share that is right, and the texts that would change what was not asked for."""
    found = [(wording, understood(wording)) for wording in wordings]
    right = [is_right(wording, came) for wording, came in found]
    unasked = [w["text"] for (w, came), ok in zip(found, right, strict=True) if not ok and changes(came)]
    return sum(right) / len(found), unasked


@pytest.mark.parametrize(
    ("wordings", "least"), [(TUNED, 0.97), (HELD_OUT, 0.92), (MORE, 0.9)], ids=["tuned", "held out", "more"]
)
def test_wordings_come_to_what_they_ask_for_and_to_nothing_else(wordings: list[Json], least: float) -> None:
    share, unasked = judged(wordings)
    assert unasked == []
    assert share >= least


def test_what_is_no_order_changes_nothing() -> None:
    """Headings, retractions, reports, conditions, ranges, facts, code, odd commands: a line each."""
    lines = (Path(__file__).parent / "changes_nothing.txt").read_text().splitlines()
    done = {
        line: made for line in lines if (made := changes(understand(line.replace("\\n", "\n"), world(), SCHEMAS)))
    }
    assert done == {}


@pytest.mark.parametrize(
    "task",
    [
        "restart web instead of cart", "stop restarting web", "restart everything besides web",
        "Bob will restart web", "restart web in shop-dev but not shop-prod", "remove 1 replica from web",
        "kill one of web", "restart web at 5pm", "restart web --dry-run", "prevent restart of web",
    ],
)  # fmt: skip
def test_what_a_task_does_not_order_is_not_told_the_gate(task: str) -> None:
    found = understand(task, world(), SCHEMAS)
    assert found.wishes == ()
    assert [order for order in found.orders if "web" in order.names] == []


@pytest.mark.parametrize(
    "task",
    ["restart web\n" * 150, " " * 1500 + "restart web", "hi" + "\n" * 1500, "1," * 900, "a " * 900, "x" * 5000],
)
def test_a_long_task_is_no_order(task: str) -> None:
    found = understand(task, world(), SCHEMAS)
    assert len(changes(found)) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_a_word_that_alters_the_meaning_never_leaves_the_old_effect(seed: int) -> None:
    same = [
        mutation.text
        for mutation in mutations(WORDINGS, seed, 2000)
        if mutated_effect(
            understand(mutation.text, world(mutation.namespace or ""), SCHEMAS),
            [dict(call) for call in mutation.wrong],
        )
    ]
    assert same == []


@pytest.mark.parametrize("tool", sorted(INTENTS))
def test_an_intent_is_found_by_its_examples_and_not_by_its_near_misses(tool: str) -> None:
    intent = INTENTS[tool]
    for example in intent.examples:
        found = understand(example, world(), SCHEMAS)
        meant = (*found.wishes, *found.advice)
        assert tool in [getattr(wish, "tool", "diagnose") for wish in meant], (example, found)
    for miss in intent.near_misses:
        found = understand(miss, world(), SCHEMAS)
        assert tool not in [getattr(wish, "tool", "diagnose") for wish in found.wishes], (miss, found)


def test_each_reading_means_itself_and_nothing_else() -> None:
    for wording in (*WORDINGS, *MORE):
        here = world(wording.get("namespace", ""))
        for wish in understood(wording).wishes:
            if isinstance(wish, Call) and not wish.is_said_whole:
                continue  # its reading is the call itself
            again = understand(wish.words, here, SCHEMAS)
            assert again.wishes == (wish,), (wording["text"], wish.words, again)


def test_no_word_both_leaves_an_order_as_it_is_and_changes_its_meaning() -> None:
    for language in (english, german):
        fillers = set(phrases_of(language.FILLERS))
        blockers = {phrase for table in language.BLOCKERS.values() for phrase in phrases_of(table)}
        assert fillers & blockers == set()


def test_every_concept_of_an_intent_has_words() -> None:
    for words in lexicons():
        known = {(tag.sort, tag.concept) for tags in words.phrases.values() for tag in tags}
        for tool, intent in INTENTS.items():
            for way in intent.ways:
                assert {("verb", verb) for verb in way.verbs.split()} <= known, tool
                assert {("noun", noun) for noun in (*way.nouns.split(), *way.may.split())} <= known, tool


def test_what_may_not_be_listed_is_taken_at_its_word() -> None:
    unlisted = World("shop-dev", ("shop-dev", "shop-prod"))
    (wish,) = understand("restart anything-goes", unlisted, SCHEMAS).wishes
    assert getattr(wish, "arguments", {})["name"] == "anything-goes"
    assert understand("restart one-thing when-ready", unlisted, SCHEMAS).wishes == ()
