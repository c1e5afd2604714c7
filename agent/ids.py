"""The ids of new sessions, and ids as people type them: the beginning of one, or of its last part."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.errors import UsageError

SHOWN = 5


def new_session() -> str:
    """The id of a new session: when it was made, and a few random digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def the_one(said: str, known: Sequence[str], kind: str, command: str) -> str:
    """The known id that is meant; raises `UsageError` when it is none or could be several.

    `20261129-1259` and `977a` both mean `20261129-125954-977a0d`. `command` lists those there are.
    """
    if said in known:
        return said
    meant = [each for each in known if said and _begins(each, said)]
    if len(meant) == 1:
        return meant[0]
    if not meant:
        raise UsageError(f'There is no {kind} "{said}". `{command}` shows those there are.')
    more = f" and {len(meant) - SHOWN} more" if len(meant) > SHOWN else ""
    raise UsageError(f'"{said}" may be {len(meant)} {kind}s: {", ".join(meant[:SHOWN])}{more}. Type more of it.')


def _begins(known: str, said: str) -> bool:
    return known.startswith(said) or known.rpartition("-")[2].startswith(said)
