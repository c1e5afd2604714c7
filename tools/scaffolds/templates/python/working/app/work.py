"""The work. It greets, as an example: put your own in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
#% if serves

from prometheus_client import Counter
#% endif
#% if database != "none"

from app import database
#% endif

log = logging.getLogger("app.work")
#% if serves

DONE = Counter("work_items", "Items of work, by how they ended.", ["result"])
#% endif


def items() -> Iterator[str]:
    """What is to be done now."""
    yield from ("Ann", "Bob")


def work(item: str) -> None:
    """Do one item. It may be done again, when the process ends in the middle of it."""
#% if database != "none"
    database.execute("INSERT INTO greetings (name) VALUES (:name)", name=item)
#% endif
    log.info("greeted", extra={"greeted": item})


def run_once(is_stopping: Callable[[], bool]) -> bool:
    """Do what is to be done, item by item, until told to stop; whether all of it went well."""
    well = True
    for item in items():
        if is_stopping():
            log.info("stopped before the end")
            break
        try:
            work(item)
#% if serves
            DONE.labels("done").inc()
#% endif
        except Exception:
            log.exception("failed", extra={"item": item})
#% if serves
            DONE.labels("failed").inc()
#% endif
            well = False
    return well
