"""Asking the drivers about many changes: at once where a driver can be, else one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import TypeVar

from agent.session.context import Desk
from tools.changes.driver import Driver
from tools.changes.plan import Change

Said = TypeVar("Said")
Answer = Callable[[], Said]
"""Gives what a driver said of a change, or raises its error."""


def each(
    desk: Desk, changes: Sequence[Change], ask: Callable[[Driver, Change], Said]
) -> Iterator[tuple[Change, Answer[Said]]]:
    """The changes in their order, each with its driver's answer. What nobody takes may not have been asked for."""
    for _, group in groupby(changes, lambda change: change.system):
        of_system = tuple(group)
        driver = desk.driver(of_system[0])
        yield from zip(of_system, _answers(driver, of_system, ask), strict=True)


def _answers(
    driver: Driver, changes: Sequence[Change], ask: Callable[[Driver, Change], Said]
) -> Iterator[Answer[Said]]:
    many = min(driver.at_once, len(changes))
    if many == 1:
        yield from (partial(ask, driver, change) for change in changes)
        return
    pool = ThreadPoolExecutor(many)
    try:
        futures = [pool.submit(ask, driver, change) for change in changes]
        yield from (future.result for future in futures)
        pool.shutdown()
    finally:
        pool.shutdown(cancel_futures=True)  # what is left when nobody wants to know any more
