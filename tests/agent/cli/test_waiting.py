"""--wait: how its time is written, and until when a command looks again."""

from __future__ import annotations

from typing import Any

import click
import pytest

from agent.cli.waiting import EVERY_S, Span, settled
from tests.agent.conftest import InProcess

SHOP = ("shop-dev", "--sandbox", "-o", "json")


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("2m", 120), ("1m30s", 90), ("1h", 3600), ("45", 45), ("0", 0)]
)
def test_times_are_written_as_kubectl_takes_them(text: str, seconds: float) -> None:
    assert Span().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1.5m", "30x", "s"])
def test_what_is_no_time_says_how_one_is_written(text: str) -> None:
    with pytest.raises(click.BadParameter, match="Write it as 30s, 2m or 1h30m"):
        Span().convert(text, None, None)


@pytest.mark.parametrize(
    ("settles_at_look", "for_s", "looks", "slept"),
    [(0, 30.0, 0, 0.0), (2, 30.0, 2, 2 * EVERY_S), (99, 5.0, 3, 5.0), (99, 0.0, 0, 0.0)],
)
def test_it_looks_until_settled_or_for_that_time(
    settles_at_look: int, for_s: float, looks: int, slept: float
) -> None:
    now, looked = [0.0], [0]

    def look() -> dict[str, Any]:
        looked[0] += 1
        return {"settled": looked[0] >= settles_at_look}

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = settled({"settled": settles_at_look == 0}, look, for_s, monotonic=lambda: now[0], sleep=sleep)

    assert (looked[0], now[0], report["settled"]) == (looks, slept, settles_at_look <= looks)


def test_a_word_behind_it_is_a_namespace(in_process: InProcess) -> None:
    assert in_process("debug-pod", "--wait", *SHOP).returncode == 1
    assert in_process("debug-pod", "--wait=1s", *SHOP).returncode == 1


@pytest.mark.parametrize(
    ("words", "said"), [(["--wait", "--watch"], "Give --wait or --watch"), (["--wait=x"], "'x' is no time")]
)
def test_what_cannot_be_waited_for(in_process: InProcess, words: list[str], said: str) -> None:
    done = in_process("debug-pod", *SHOP, *words)

    assert done.returncode == 2
    assert said in done.stderr
