"""What tools found, where it is too long for a model to be given whole: kept for the session, and read in parts.

It lies beside the journal, masked, for this user only, ignored by git; it goes with the end of its session.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.errors import ToolFailed
from tools.frame import Result, Tool, ToolContext
from tools.risk import Risk

READ_RESULT = "read_result"
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LINES = 200
_LINE_CHARACTERS = 2_000


class Results:
    """The results of one session that are kept whole, in `.desk/sessions/SESSION/results`."""

    def __init__(self, state: Path, session: str) -> None:
        self._session = state / "sessions" / session
        self._folder = self._session / "results"

    def keep(self, call_id: str, text: str) -> None:
        """Keep a text that is masked already, readable by this user only."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._file(call_id)
        beside = file.with_suffix(".part")
        beside.unlink(missing_ok=True)
        beside.touch(0o600)
        beside.write_text(text, errors="replace")
        beside.replace(file)

    def lines(self, call_id: str) -> list[str] | None:
        """The lines of a text; None where it is not kept."""
        try:
            return self._file(call_id).read_text().splitlines()
        except FileNotFoundError:
            return None

    def forget(self) -> None:
        """Remove what was kept for the session, which is over."""
        shutil.rmtree(self._session, ignore_errors=True)

    def _file(self, call_id: str) -> Path:
        name = call_id if _PLAIN.fullmatch(call_id) else hashlib.sha256(call_id.encode()).hexdigest()
        return self._folder / f"{name}.txt"


def read_result_tool(results: Results) -> Tool:
    """The tool `read_result` of a session."""

    def read_result(
        _context: ToolContext,
        *,
        result: Annotated[str, Field(min_length=1, max_length=200, description="Its id, as the result names it.")],
        search: Annotated[
            str, Field(max_length=200, description="Only lines that hold this text, in any case.")
        ] = "",
        from_line: Annotated[int, Field(ge=1, description="The first line, counted from 1.")] = 1,
        lines: Annotated[int, Field(ge=1, le=_LINES, description="So many lines at most.")] = _LINES,
    ) -> Result:
        """Read more of an earlier result that was too long to be shown whole: by lines, or by a search."""
        kept = results.lines(result)
        if kept is None:
            raise ToolFailed(f"No result {result} is kept. A result that was cut says its id; ask for it anew.")
        wanted = search.casefold()
        found = [
            (number, line)
            for number, line in enumerate(kept, start=1)
            if number >= from_line and wanted in line.casefold()
        ]
        shown = [f"{number}: {line[:_LINE_CHARACTERS]}" for number, line in found[:lines]]
        left = len(found) - len(shown)
        more = [f"[{left} more; go on with from_line={found[len(shown)][0]}]"] if left else []
        head = f"{len(found)} of {len(kept)} lines" + (f" hold {search!r}" if search else f" from {from_line}")
        return Result("\n".join([head, *shown, *more]))

    return Tool(read_result, Risk.READ, narrow="Ask for fewer lines.")
