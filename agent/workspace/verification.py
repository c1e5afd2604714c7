"""Whether the journal holds: its chains, and that all is there that git's commits name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.errors import BrokenJournal, HistoryError, JournalError, UsageError
from agent.journal.journal import Journal
from agent.redaction import Redactor
from agent.surfaces.documents import Missing, Verified
from agent.workspace.anchors import compare, described
from agent.workspace.history import History
from tools.plaintext import counted, plain


def verified_with(journal: Journal, history: Callable[[], History]) -> Verified:
    """What a check of the journal finds; `history` opens git's part: `UsageError` where there is none."""
    events, broken = _held(journal)
    try:
        compared = compare(journal, history())
    except (UsageError, HistoryError, JournalError) as error:
        return Verified(events=events, intact=not broken, fault=broken, not_compared=_shown(error))
    return Verified(
        events=events,
        intact=not (broken or compared.missing),
        fault="\n".join(filter(None, (broken, _fault(compared.missing)))),
        commits=compared.commits,
        commits_of_others=compared.of_others,
        missing=list(compared.missing),
    )


def told(verified: Verified) -> str:
    """An intact journal, in words."""
    said = f"The journal is intact: {counted(verified.events, 'event')}, each chained to its session's one before."
    if verified.not_compared:
        return f"{said} It was not compared with git's commits: {verified.not_compared}"
    others = verified.commits_of_others
    more = f" {others} commits name events of other journals." if others else ""
    return f"{said} All that {verified.commits} commits name is there.{more}"


def _held(journal: Journal) -> tuple[int, str]:
    """How many events hold, and what does not; empty when all do."""
    try:
        return journal.verify(), ""
    except BrokenJournal as broken:
        return broken.held, _shown(broken)


def _fault(missing: Sequence[Missing]) -> str:
    if not missing:
        return ""
    lines = "".join(f"\n- {described(each)}" for each in missing)
    return (
        f"Git's commits name events that the journal has not:{lines}\n"
        "They were cut off, or it is an older copy. Next: restore a newer copy of .desk/journal.db; what was "
        "done is in the commits: git log --grep '^Journal:'"
    )


def _shown(error: Exception) -> str:
    """What an error says, without secrets and control characters."""
    return plain(Redactor().text(str(error)))
