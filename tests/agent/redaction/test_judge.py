"""The redactor's judge: of all kinds of secrets none survives, and of thousands of ordinary lines none changes."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.redaction import MARK, Redactor
from tests.agent.redaction.ordinary import lines
from tests.agent.redaction.planted import BREAKS, CONTEXTS, ENCODINGS, Maker, Planted, readable

KEPT = Redactor()
ROOT = Path(__file__).parents[3]
WRITTEN = (
    "README.md",
    "AGENTS.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "prompts/*.md",
    "incidents/*.md",
    "working/*.md",
)
RECORDED = ROOT / "tests/tools/diagnose/recorded"


def by_kind() -> dict[str, list[Planted]]:
    kinds = defaultdict(list)
    for seed in range(2):
        for planted in Maker(seed).planted():
            kinds[planted.kind].append(planted)
    return kinds


KINDS = by_kind()


def left(planted: Planted, text: str) -> list[str]:
    return [text for secret in planted.secrets if secret in text]


def test_there_are_enough_kinds() -> None:
    assert len(KINDS) > 110


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_survives_in_any_text(kind: str) -> None:
    for planted in KINDS[kind]:
        for put in CONTEXTS.values():
            masked = KEPT.text(put(planted.text))
            assert left(planted, masked) == []
            assert MARK in masked and KEPT.text(masked) == masked
            value = KEPT.redact({"entries": [{"message": put(planted.text)}]})
            assert left(planted, json.dumps(value)) == [] and KEPT.redact(value) == value


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_survives_in_an_encoding_or_over_a_break(kind: str) -> None:
    for planted in KINDS[kind]:
        for put in ENCODINGS.values():
            masked = KEPT.text(put(planted.text))
            assert left(planted, readable(put(planted.text))) and left(planted, readable(masked)) == []
            assert MARK in masked and KEPT.text(masked) == masked
        for put in BREAKS.values() if "\n" not in planted.text else ():
            broken = put(planted.text)
            if left(planted, broken) == []:
                assert left(planted, readable(KEPT.text(broken))) == []


def ordinary() -> Iterator[str]:
    yield from lines(seed=7, count=2000)
    for pattern in WRITTEN:
        for file in ROOT.glob(pattern):
            yield from file.read_text().split("\n")
    for file in RECORDED.iterdir():
        yield from file.read_text().split("\n")


def test_nothing_that_a_cluster_printed_changes() -> None:
    """Two thousand lines: described objects, events, manifests, tables, the logs of its components."""
    text = (Path(__file__).parent / "observed.txt").read_text()
    observed = text.splitlines()
    assert len(observed) == 2000
    assert [line for line in observed if KEPT.text(line) != line] == []
    assert KEPT.text(text) == text


def test_no_ordinary_line_changes() -> None:
    changed = [(line, KEPT.text(line)) for line in ordinary() if KEPT.text(line) != line]
    assert changed == []


@pytest.mark.parametrize("before", ["10:00:00 checkout ", "    ", "+", "-", "> "])
def test_no_ordinary_line_changes_behind_a_prefix(before: str) -> None:
    changed = [line for line in lines(seed=8, count=600) if KEPT.text(before + line) != before + line]
    assert changed == []


def test_no_ordinary_text_changes_as_a_whole() -> None:
    text = "\n".join(lines(seed=9, count=2000))
    masked = KEPT.text(text)
    assert [pair for pair in zip(text.split("\n"), masked.split("\n"), strict=False) if pair[0] != pair[1]] == []
    assert masked == text


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json")), ids=lambda file: file.name)
def test_recorded_objects_stay_as_they_are(file: Path) -> None:
    value = json.loads(file.read_text())
    assert KEPT.redact(value) == value


def test_a_megabyte_of_ordinary_lines_takes_seconds() -> None:
    text = "\n".join(lines(seed=10, count=14_000))
    begin = time.process_time()
    KEPT.text(text)
    assert len(text) > 900_000 and time.process_time() - begin < 20
