"""Much to read at once: no request over the window, no answer lost, memory within bounds. A small sample."""

from __future__ import annotations

from tests.windows.weight import Log, weigh

PODS = 20
"""`python -m tests.windows.weight` reads 300."""


def test_much_is_read_in_a_window_that_does_not_hold_it() -> None:
    weighed = weigh(Log(200, boundless=True), PODS, window_tokens=40_000)
    print(weighed)
    assert weighed.faults(PODS) == []
