"""YAML as kubectl reads it, with the place of everything."""

from __future__ import annotations

from typing import Any

import pytest

from tools.validation.parsing import Mark, Node, Parsed, Unparsed, documents, resolved


def root(text: str) -> Node:
    """The only document's root."""
    (document,) = documents(text)
    assert isinstance(document, Parsed) and document.root is not None
    return document.root


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("yes", True),
        ("Off", False),
        ("n", False),
        ("~", None),
        ("Null", None),
        ("0o14", 12),
        ("014", 12),
        ("0x1F", 31),
        ("0b11", 3),
        ("-1_000", -1000),
        ("1e3", 1000.0),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("2026-01-01", "2026-01-01"),
        ("12:30", "12:30"),
        ("09", 9.0),
        ("-", "-"),
        ("100m", "100m"),
        ("yess", "yess"),
    ],
)
def test_plain_scalars_are_what_kubectl_takes_them_for(written: str, read: Any) -> None:
    value = resolved(written)
    assert (type(value), value) == (type(read), read)


def test_quotes_and_tags_make_text() -> None:
    assert root("a: 'yes'\nb: \"1\"\nc: !!str 1\nd: |\n  on\n").value == {
        "a": "yes",
        "b": "1",
        "c": "1",
        "d": "on\n",
    }


def test_each_field_has_its_place_in_the_file() -> None:
    text = "# first\na: 1\n---\nb:\n  - c: x\n    d: [1, {e: 2}]\n"
    _, second = documents(text)
    assert isinstance(second, Parsed) and second.root is not None
    assert second.root.mark(("b", 0, "d", 1, "e")) == Mark(6, 13, text.index("e: 2"))
    assert second.root.mark(("b", 0, "missing")).line == 5


def test_one_broken_document_hides_no_other() -> None:
    first, second, third = documents("a: 'b\n---\na: b: c\n---\nok: true\n")
    assert isinstance(first, Unparsed) and first.mark[:2] == (1, 4)
    assert isinstance(second, Unparsed) and second.mark[:2] == (3, 5)
    assert isinstance(third, Parsed)


def test_keys_that_stand_twice_are_told_with_both_values() -> None:
    (document,) = documents("a:\n  - b: 1\n    b: 2\n")
    assert isinstance(document, Parsed)
    (twice,) = document.twice
    assert (twice.path, twice.first.value, twice.second.value, twice.key.start.line) == (("a", 0, "b"), 1, 2, 3)


def test_json_with_tabs_and_numbers_for_keys() -> None:
    assert root('{"a":\t1,\n\t"b":\t[true]}').value == {"a": 1, "b": [True]}
    assert root("1: a\ntrue: b\n").value == {"1": "a", "true": "b"}


def test_anchors_and_merges() -> None:
    assert root("a: &a {b: 1}\nb: *a\nc:\n  <<: *a\n  d: 2\n").value["c"] == {"b": 1, "d": 2}


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "{" * 5_000,
        "a: *nowhere",
        "a: \x01",
        "[a, b]: c",
        "a: &a [" + "x," * 9 + "x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
        ),
    ],
    ids=["deep", "deep mappings", "no anchor", "control character", "a list for a key", "a billion laughs"],
)  # fmt: skip
def test_what_is_made_to_break_a_reader_is_refused(text: str) -> None:
    assert any(isinstance(document, Unparsed) for document in documents(text))


def test_nothing_is_no_document() -> None:
    assert [each for text in ("", "\n", "# a\n---\n# b\n", "\ufeff") for each in documents(text)] == []
