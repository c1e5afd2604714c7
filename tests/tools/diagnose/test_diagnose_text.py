"""Small pure parts: safe text, the decisive line, quantities, exit codes, the report's text."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tools.apimachinery import quantity
from tools.diagnose.facts.exits import meaning
from tools.diagnose.logs.decisive import decisive_line
from tools.diagnose.render import render
from tools.diagnose.report import report
from tools.plaintext import one_line


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("a\n b\t c", "a b c"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("nul\x00 bell\x07 bidi\u202e.", "nul bell bidi."),
        ("x" * 20, "x" * 9 + "…"),
    ],
)
def test_one_line(raw: str, plain: str) -> None:
    assert one_line(raw, 10 if raw.startswith("xx") else 400) == plain


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("one\ntwo\n\n", "two"),
        ("starting\nERROR: no database\nbye\n", "ERROR: no database"),
        ("Traceback:\n  File \"a.py\", line 1, in fail\nKeyError: 'PORT'\n", "KeyError: 'PORT'"),
        ("Exception in thread main\n\tat com.a.Failing.run(A.java:3)\n", "Exception in thread main"),
        ("panic: nil map\n\ngoroutine 1 [running]:\nmain.fail()\n\t/a/error.go:7 +0x1d\n", "panic: nil map"),
    ],
)
def test_decisive_line(log: str, line: str) -> None:
    assert decisive_line(log) == line


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("100m", "0.1"),
        ("2", "2"),
        ("16Mi", str(16 * 2**20)),
        ("1.5Gi", str(3 * 2**29)),
        ("1e3", "1000"),
        ("2E", "2e18"),
    ],
)
def test_quantities(text: str, number: str) -> None:
    assert quantity.parse(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "Mi", "1 Gi", "1Mib", "None"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        quantity.parse(text)


def test_quantities_as_people_write_them() -> None:
    assert quantity.memory(128 * quantity.MIB) == "128Mi"
    assert [quantity.cpu(Decimal(cores)) for cores in ("2", "0.5", "1.25")] == ["2", "500m", "1250m"]


def test_signals_by_name() -> None:
    assert meaning(130) == "ended by SIGINT"
    assert meaning(42) == "an error of the application's own"
    assert meaning(128 + 33) == "ended by signal 33"


def test_text_of_a_healthy_namespace_says_what_was_not_checked() -> None:
    document = report([], cluster="c", namespace="shop-dev", checked={"Pod": 1}, not_checked=["nodes: forbidden"])

    assert render(document) == "shop-dev: nothing wrong (1 pod checked)\n\nNot checked:\n  nodes: forbidden"
