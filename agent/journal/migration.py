"""A whole journal from one store into another: the same events, chains and approvals, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterable

from agent.errors import JournalError
from agent.journal.port import Approval, Row, Store, Writing

ASKED = "approval_asked"


def copy(source: Store, target: Store) -> None:
    """Fill `target`, a journal that was made with the root of `source` and has no events, all or nothing.

    The events' places among all sessions are counted anew, their chains are as they were.
    Raises `JournalError` where `target` has events or another root.
    """
    if target.root() != source.root():
        raise JournalError("There is another journal already. Next: name an empty database, or move that one away.")
    with target.writing() as writing:
        if target.rows():
            raise JournalError(
                "This journal has been copied there before, or has gone on there. Nothing was copied."
            )
        _fill(writing, source.stored(), {each.id: each for each in source.approvals()})


def _fill(writing: Writing, rows: Iterable[Row], approvals: dict[str, Approval]) -> None:
    for row in rows:
        seq = writing.insert(row)
        if row.type == ASKED and (asked := approvals.get(json.loads(row.body)["approval_id"])) is not None:
            _add(writing, seq, asked)


def _add(writing: Writing, seq: int, asked: Approval) -> None:
    writing.add_approval(
        seq,
        approval_id=asked.id,
        session=asked.session,
        call_id=asked.call_id,
        digest=asked.digest,
        requester=asked.requester,
        expires_at=asked.expires_at,
    )
    writing.swap(asked.id, asked.session, ("pending",), asked.status, asked.approver, asked.reason)
