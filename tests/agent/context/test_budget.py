"""What fits into the context window, and how it is estimated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.context import tokens
from agent.context.budget import ANSWER_TOKENS, LEAST_RATIO, MOST_RATIO, USUAL_RATIO, Budget, Ratio
from agent.context.tokens import BYTES_A_TOKEN, COUNTED_BYTES, estimate

# Source: OpenAI's own counts with cl100k_base.
COUNTED = {"": 0, "hello world": 2, "tiktoken is great!": 6, "antidisestablishmentarianism": 6, "2 + 2 = 4": 7}


@pytest.fixture
def vocabulary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where the vocabulary is looked for: a folder that is empty."""
    monkeypatch.setattr(tokens, "files", lambda _package: tmp_path)
    tokens._encoding.cache_clear()
    yield tmp_path / tokens.VOCABULARY
    tokens._encoding.cache_clear()


@pytest.mark.parametrize("text", COUNTED)
def test_a_text_is_counted_as_its_vocabulary_has_it(text: str) -> None:
    assert estimate(text) == COUNTED[text]


def test_a_long_text_is_extrapolated_from_its_beginning() -> None:
    line = "2026-01-31T12:00:00Z INFO request served path=/orders status=200\n"
    long = line * (3 * COUNTED_BYTES // len(line))
    each = estimate(line * 100) / 100
    assert estimate(long) == pytest.approx(each * long.count("\n"), rel=0.02)


@pytest.mark.parametrize("text", ["\ud800 half a letter", "\x00\x01", "語" * 1000, "a" * COUNTED_BYTES])
def test_any_text_is_counted(text: str) -> None:
    assert 0 < estimate(text) <= len(text.encode(errors="replace"))


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"\xfd7zXZ\x00 torn"])
def test_without_its_vocabulary_bytes_are_counted(vocabulary: Path, content: bytes | None) -> None:
    if content is not None:
        vocabulary.write_bytes(content)
    assert estimate("x" * 4 * 25) == 25
    assert estimate("x") == 1
    assert BYTES_A_TOKEN == 4


def test_a_vocabulary_that_is_another_is_not_used(vocabulary: Path) -> None:
    import lzma

    vocabulary.write_bytes(lzma.compress(b"YQ== 0\nYg== 1\n"))
    assert estimate("ab" * 50) == 25


@pytest.mark.parametrize(
    ("used", "coming", "full"),
    [
        (0, [], False),
        (8_000, [], False),
        (8_001, [], True),
        (7_000, ["word " * 500], False),
        (7_000, ["word " * 900], True),
        (1_000, ["word " * 2_000] * 4, True),
        (1_000, ["word " * 1_000] * 4, False),
    ],
)
def test_what_comes_is_counted_before_it_is_sent(used: int, coming: list[str], full: bool) -> None:
    assert Budget(10_000, 1_000, used, coming).is_full is full


def test_the_turn_that_is_asked_for_has_its_room() -> None:
    assert Budget(10_000, 4_000, 6_001).is_full
    assert not Budget(10_000, 4_000, 6_000).is_full
    assert not Budget(10_000, 32_000, 4_000).is_full, "more than the window cannot be reserved"


def test_a_session_teaches_its_own_ratio() -> None:
    ratio = Ratio()
    assert ratio.value == USUAL_RATIO
    text = "word " * 1_000
    ratio.learn(1_500, [text])
    assert ratio.value == pytest.approx(1_500 / (1_000 + ANSWER_TOKENS), rel=0.01)
    assert Budget(10_000, 1_000, 0, [text], ratio).expected == pytest.approx(1_500, rel=0.01)


@pytest.mark.parametrize(("counted", "value"), [(1, LEAST_RATIO), (1_000_000, MOST_RATIO), (-5, USUAL_RATIO)])
def test_a_ratio_that_cannot_be_is_bounded(counted: int, value: float) -> None:
    ratio = Ratio()
    ratio.learn(counted, ["word " * 1_000])
    assert ratio.value == value
