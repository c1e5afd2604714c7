"""Git anchors the journal: each of Desk's commits carries the head of its session's chain as it was then.

A chain shows what was changed in it, but not that its end was cut off, or that a whole session was taken away. The
commits still name what was there, and so do other clones that have them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.surfaces.documents import Missing

if TYPE_CHECKING:
    from agent.journal.journal import Head, Journal
    from agent.workspace.history import CommitLine, History

TRAILER = "Journal"
ROOT_DIGITS = 16
"""So much of its root names a journal."""

_WRITTEN = re.compile(r"([0-9a-f]{16})/([1-9][0-9]{0,17})/([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the journal stands to the history."""

    commits: int
    """How many name an event of this journal."""
    of_others: int
    """How many name another's."""
    missing: tuple[Missing, ...]


def described(missing: Missing) -> str:
    """What is missing, in a sentence."""
    who = f"session {missing.session}: commit {missing.commit[:10]} of {missing.committed_at}"
    who += f" names event {missing.last}"
    if missing.replaced:
        return f"{who}, and the journal has another in its place"
    if missing.first == 1:
        return f"{who}, and the journal has no event of that chain"
    return f"{who}, and events {missing.first} to {missing.last} are missing"


def trailer(head: Head | None) -> str:
    """The trailer's value: ROOT/NUMBER/HASH; empty without a head."""
    return f"{head.root[:ROOT_DIGITS]}/{head.number}/{head.hash}" if head else ""


def compare(journal: Journal, history: History) -> Comparison:
    """Look for the event that each commit names; of a session's commits that miss theirs, the farthest counts.

    A workspace may be shared: commits of sessions that another journal has are not this one's.
    """
    commits = of_others = 0
    missing: dict[str, Missing] = {}
    for commit, trailers in history.all_with_trailer(TRAILER):
        session, written = trailers.get("Session", ""), _WRITTEN.fullmatch(trailers[TRAILER])
        if not session or not written:
            continue
        last = journal.head(session)
        if last is None and written[1] != journal.root[:ROOT_DIGITS]:
            of_others += 1
            continue
        commits += 1
        there = last.number if last else 0
        found = _missing(
            commit, session, int(written[2]), there, journal.hash_of(session, int(written[2])), written[3]
        )
        if found and (session not in missing or missing[session].last < found.last):
            missing[session] = found
    return Comparison(commits, of_others, tuple(missing.values()))


def _missing(
    commit: CommitLine, session: str, number: int, there: int, found: str, expected: str
) -> Missing | None:
    if found == expected:
        return None
    first = number if found else there + 1
    return Missing(
        session=session,
        first=first,
        last=number,
        commit=commit.sha,
        committed_at=commit.time,
        replaced=bool(found),
    )
