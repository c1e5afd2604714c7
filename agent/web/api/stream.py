"""What happens in a session, as server-sent events: the journal's events, each with its `seq` as id.

Whoever lost the connection asks again with the header Last-Event-ID, and gets what came since, once.
Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool

from agent.web.api.handlers import told

if TYPE_CHECKING:
    from agent.journal.journal import Entry
    from agent.web.site import Site
    from agent.web.visits import Visit

LOOKS_EVERY_S = 0.3
SAYS_EVERY_S = 15.0
MOST_STREAMS = 64
TELLING = frozenset({"session_closed", "session_paused", "launch_failed", "session_ordered", "committed"})
"""The events behind which there may come no more."""


async def events(site: Site, session: str, visit: Visit, after: int) -> AsyncIterator[str]:
    """The events behind `after`; `end` when nothing more happens by itself, `over` when the token is."""
    site.streams.append(session)
    looks, said_at = True, time.monotonic()
    try:
        while not site.ending.is_set():
            if visit.ends_at <= site.now():
                yield "event: over\ndata: {}\n\n"
                return
            entries = await run_in_threadpool(_since, site, session, after)
            for entry in entries:
                after = entry.seq
                yield f"id: {entry.seq}\ndata: {json.dumps(entry.to_json())}\n\n"
            looks = looks or any(entry.type in TELLING for entry in entries)
            if not entries and looks:
                if (end := await run_in_threadpool(_end, site, session)) is not None:
                    yield f"event: end\ndata: {end}\n\n"
                    return
                looks = _may_rest_without_a_word(site, session)
            if entries:
                said_at = time.monotonic()
            elif time.monotonic() - said_at >= SAYS_EVERY_S:
                said_at, looks = time.monotonic(), True
                yield ": still here\n\n"
            await asyncio.sleep(LOOKS_EVERY_S)
    finally:
        site.streams.remove(session)


def _since(site: Site, session: str, after: int) -> list[Entry]:
    request, newest = site.requests.of_session(session), site.journal.newest()
    chains = [request.chain, *request.sessions] if request else [session]
    found = [entry for chain in chains for entry in site.journal.entries(chain, after=after) if entry.seq <= newest]
    return sorted(found, key=lambda entry: entry.seq)


def _end(site: Site, session: str) -> str | None:
    """How it stands, as JSON, once nothing more happens by itself and no process is at work; None until then."""
    document, rests = told(site, session)
    if not rests:
        return None
    standing = {"id": document.id, "status": document.status, "exit_code": document.exit_code}
    return msgspec.json.encode(standing).decode()


def _may_rest_without_a_word(site: Site, session: str) -> bool:
    """A process that ends lets go of its lease behind its last event."""
    request = site.requests.of_session(session)
    return request is None or request.rests
