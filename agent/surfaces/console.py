"""What a person sees while Desk works. The one module that uses Rich.

Text from the model and the cluster is shown as it is, never as markup, and without control characters:
a log cannot paint the terminal.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent.journal.events import (
    ENDING_TOOLS,
    ApprovalAsked,
    ApprovalDecided,
    CallGated,
    Committed,
    FilesRendered,
    IncidentOpened,
    ModelTurn,
    Oriented,
    SessionClosed,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    ToolIntent,
    ToolReceipt,
    ToolResult,
)
from agent.journal.journal import Entry
from agent.journal.turns import tokens
from agent.surfaces.streams import discard_output
from tools.plaintext import counted, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

RESULT_LINES = 12
PLAYBOOK_PLANS = "Playbook plans: the deterministic planner, which needs no key and no network."
NO_RISKS: Mapping[str, str] = MappingProxyType({})


@dataclass
class Spent:
    """What a session has taken so far: seconds, turns, US dollars. `usd` None: nobody knows the price."""

    since: datetime | None = None
    seconds: float = 0.0
    turns: int = 0
    usd: float | None = None

    def add(self, entry: Entry) -> None:
        """One event more."""
        at = datetime.fromisoformat(entry.at)
        self.since = self.since or at
        self.seconds = (at - self.since).total_seconds()
        if entry.type == "model_turn":
            self.turns += 1
            cost = entry.body.get("cost_usd")
            self.usd = self.usd if cost is None else (self.usd or 0.0) + cost

    def __str__(self) -> str:
        cost = "" if self.usd is None else f", ${self.usd:.4f}"
        return f"{self.seconds:.0f} s, {counted(self.turns, 'turn')}{cost}"


class LiveConsole:
    """The surface for a person: what Desk thinks, does and waits for. `risks`: each tool's class of risk.

    `aside`: all is said on standard error, and standard output is for the files that are printed.
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        interactive: bool | None = None,
        risks: Mapping[str, str] = NO_RISKS,
        aside: bool = False,
    ) -> None:
        from rich.console import Console

        class Enduring(Console):
            def on_broken_pipe(self) -> None:
                """Whoever read us is gone; the session goes on, and its end is recorded all the same."""
                self.quiet = True
                discard_output()

        self._console = console or Enduring(highlight=False, soft_wrap=True, stderr=aside)
        asks = sys.stdin.isatty() and self._console.is_terminal
        self._interactive = asks if interactive is None else interactive
        self._waiting: Any = None
        self._shown: set[str] = set()
        self._risks = risks
        self._spent = Spent()
        self._open: str | None = None
        """The style of the line that the model's words stand on; None when it is ended."""

    def delta(self, text: str, *, thinking: bool = False) -> None:
        """Words of the model, as they come; what it thinks is dim."""
        style = "dim italic" if thinking else ""
        self._still()
        if self._open not in (None, style):
            self._end_line()
        self._open = None if text.endswith("\n") else style
        self._print(text, style=style, end="")

    def printed(self, path: str, content: bytes) -> None:
        """The file, byte for byte; at a terminal as text, which cannot paint it."""
        self._still()
        self._end_line()
        if sys.stdout.isatty():
            return self._print(plain(content.decode("utf-8", "replace")))
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        except BrokenPipeError:
            discard_output()
        return None

    def retrying(self, reason: str, wait_s: float) -> None:
        """Why the model is asked again; what it said so far does not count."""
        self._still()
        self._end_line()
        self._print(f"[{reason}: asking again in {wait_s:.1f} s]", style="yellow")
        self.progress("waiting to ask the model again")

    def _end_line(self) -> None:
        if self._open is not None:
            self._open = None
            self._print("")

    def progress(self, text: str) -> None:
        """A spinner with the elapsed time; without a terminal, nothing."""
        if not self._console.is_terminal:
            return
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        if self._waiting is None:
            spinner = SpinnerColumn("line" if self._console.options.ascii_only else "dots")
            columns = (spinner, TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            self._waiting = Progress(*columns, console=self._console, transient=True)
            self._waiting.add_task(plain(text), total=None)
            self._waiting.start()
        self._waiting.update(self._waiting.task_ids[0], description=plain(text))

    def entry(self, entry: Entry) -> None:
        """One event, in a line or a few."""
        self._still()
        self._end_line()
        self._spent.add(entry)
        if entry.type == "tool_intent" and entry.body["diff"] in self._shown:
            return
        if entry.type == "approval_asked":
            self._shown.add(entry.body["diff"])
        for style, line in lines_of(entry, self._risks):
            self._print(line, style=style)
        if entry.type in ("session_closed", "session_paused"):
            self._print(f"({self._spent})", style="dim")

    def replay(self, entry: Entry) -> None:
        """One event of the past, with the words that once came as a stream."""
        if entry.type == "model_turn":
            for reason in entry.body.get("retries", ()):
                self._print(f"[{reason}: asked again]", style="yellow")
            for raw in entry.body["blocks"]:
                if raw["type"] == "text":
                    self.delta(raw["text"])
                elif raw.get("thinking"):
                    self.delta(raw["thinking"], thinking=True)
        self.entry(entry)

    def confirm(self, summary: str, diff: str) -> bool | None:
        """Ask at the terminal; None when nobody sits there."""
        if not self._interactive:
            return None
        self._still()
        if diff not in self._shown:
            self._print(diff)
        try:
            answer = self._console.input(f"{plain(summary)} - do it? [y/N] ", markup=False)
        except EOFError:  # whoever sat there has left: nobody decided
            return None
        return answer.strip().lower() in ("y", "yes")

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._still()
        self._end_line()

    def _still(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None

    def _print(self, text: str, *, style: str = "", end: str = "\n") -> None:
        self._console.print(plain(text), style=style or None, markup=False, end=end)


def lines_of(entry: Entry, risks: Mapping[str, str] = NO_RISKS) -> list[tuple[str, str]]:
    """(style, text) for an event; empty for those a person need not see. Pure."""
    match entry.event:
        case SessionStarted(task=task, namespace=namespace, model=model, requester=who, gate=own):
            plans = [("dim", PLAYBOOK_PLANS)] if model == "playbook" else []
            asked = ("", f"{task}  [{namespace}, as {who}]")
            return [("bold", f"Desk, session {entry.session}"), asked, *plans, *_gate(own)]
        case Oriented(taken=[*taken]) if taken:
            return [("", f"Taken from the task before: {'; '.join(taken)}")]
        case SessionResumed(why=why, gate=own):
            return [("bold", f"Desk, session {entry.session} goes on ({why})"), *_gate(own)]
        case ModelTurn() as turn:
            calls = [raw for raw in turn.blocks if raw["type"] == "tool_use" and raw["name"] not in ENDING_TOOLS]
            return [*_turn(turn), *(("cyan", _call(raw, risks)) for raw in calls)]
        case CallGated(verdict="deny", reason=reason):
            return [("red", f"denied: {reason}")]
        case ApprovalAsked() as asked:
            return _asked(asked)
        case ApprovalDecided(approval_id=row, decision=decision, approver=who, reason=why):
            by = f" by {who}" if who else ""
            return [("yellow", f"approval {row} {decision}{by}" + (f": {why}" if why else ""))]
        case ToolIntent(diff=diff):
            return [("", diff)]
        case ToolReceipt(outcome=outcome, text=text):
            return [("red" if outcome in ("stale", "failed") else "green", f"{outcome}: {text}")]
        case ToolResult(tool="diagnose", data=dict() as report, ok=True):
            return _result(_in_brief(report), ok=True)
        case ToolResult(tool=tool, text=text, ok=ok) if tool not in ENDING_TOOLS or not ok:
            return _result(text, ok=ok)
        case FilesRendered(files=files):
            return [("green", f"rendered: {', '.join(files)}")]
        case Committed(sha=sha, subtask=subtask, undo=undo) if sha:
            return [("blue", f"commit {sha[:10]} ({subtask})" + (f"; undo: {undo}" if undo else ""))]
        case IncidentOpened(title=title, severity=severity):
            return [("red", f"incident ({severity}): {title}")]
        case SessionPaused(reason=reason, next_action=action):
            return [("yellow", f"Parked: {reason}"), ("yellow", f"Next: {action}")]
        case SessionClosed() as closed:
            return _closed(closed)
        case _:
            return []


def _gate(own: list[str]) -> list[tuple[str, str]]:
    """Where the operator has the gate decide otherwise."""
    return [("yellow", f"desk.yaml changes the gate: {'; '.join(own)}")] if own else []


def _turn(turn: ModelTurn) -> list[tuple[str, str]]:
    """What a turn took; nothing of a planner that takes nothing."""
    if not turn.usage:
        return []
    cached = int(turn.usage.get("cache_read_input_tokens") or 0)
    sent = tokens(turn.usage) - int(turn.usage.get("output_tokens") or 0)
    cost = "" if turn.cost_usd is None else f", ${turn.cost_usd:.4f}"
    out = int(turn.usage.get("output_tokens") or 0)
    text = (
        f"   turn {turn.turn}: {turn.duration_s:.1f} s, {sent:,} tokens in ({cached:,} cached), {out:,} out{cost}"
    )
    return [("dim", text)]


def _call(raw: dict[str, Any], risks: Mapping[str, str]) -> str:
    risk = f" [{risks[raw['name']]}]" if raw["name"] in risks else ""
    return f"-> {raw['name']}{risk} {_compact(raw['input'])}"


def _asked(asked: ApprovalAsked) -> list[tuple[str, str]]:
    head = f"approval {asked.approval_id} needed: {asked.summary}"
    terms = f"risk {asked.risk} in {asked.environment}, {asked.priority}, to be decided by {asked.expires_at}"
    why = [("yellow", f"why it asks: {asked.why}")] if asked.why else []
    return [("yellow", head), *why, ("yellow", terms), ("", asked.diff)]


_HEADINGS = {"outside": "OUTSIDE DESK'S REMIT", "partial": "DONE IN PART"}


def _closed(closed: SessionClosed) -> list[tuple[str, str]]:
    style = "bold green" if closed.outcome == "done" else "bold red"
    said = _HEADINGS.get(closed.outcome) or closed.outcome.replace("_", " ").upper()
    after = [("", f"Next: {closed.next_action}")] if closed.next_action else []
    return [("", ""), (style, said), ("", closed.summary), *after]


def _in_brief(report: dict[str, Any]) -> str:
    """A line a finding: the session's last words tell whole the one that was asked about."""
    from tools.diagnose.render import render

    return render(report, brief=True)


def _result(text: str, *, ok: bool) -> list[tuple[str, str]]:
    shown = text.splitlines()
    left = len(shown) - RESULT_LINES
    more = [f"[... {counted(left, 'more line')}]"] if left > 0 else []
    return [("dim" if ok else "red", "   " + line) for line in shown[:RESULT_LINES] + more]


def _compact(arguments: dict[str, Any]) -> str:
    return " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())


class JsonLines:
    """The surface for a program: each event a line of `desk.event/v1`."""

    def delta(self, text: str, *, thinking: bool = False) -> None:
        """Whole turns come as events."""

    def retrying(self, reason: str, wait_s: float) -> None:
        """The turn's event says it."""

    def progress(self, text: str) -> None:
        """Not an event."""

    def entry(self, entry: Entry) -> None:
        """One line."""
        try:
            print(json.dumps(entry.to_json(), ensure_ascii=True), flush=True)
        except BrokenPipeError:
            discard_output()

    def printed(self, path: str, content: bytes) -> None:
        """Standard output holds JSON: the result says under which git blob the file is."""

    def confirm(self, summary: str, diff: str) -> bool | None:
        """Nobody sits there."""
        return None


class Quiet(JsonLines):
    """The surface for `--output json`: one document at the end says it all."""

    def entry(self, entry: Entry) -> None:
        """Said at the end."""


_SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def show_report(report: dict[str, Any], *, brief: bool, console: Console | None = None) -> None:
    """A diagnosis for a person: worst first; what, why, evidence, what to type."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from tools.diagnose.render import affected_said, chain, headline, page, severity, unsettled, where

    console = console or Console(highlight=False)

    def show(text: str, style: str = "", indent: int = 2) -> None:
        console.print(Padding(Text(plain(text), style=style), (0, 0, 0, indent)))

    console.print(Text(plain(headline(report)), style="bold"))
    for line in unsettled(report):
        console.print(Text(plain(line), style="dim"))
    for line in chain(report):
        console.print(Text(plain(line)))
    for finding in report["findings"]:
        if not brief:
            console.print()
        style = _SEVERITY_STYLE[finding["severity"]]
        console.print(
            Text.assemble(
                (f"{severity(finding)} {finding['cause']}", style),
                f"{where(finding, report)}: ",
                plain(finding["summary"]),
            ),
            soft_wrap=brief,
        )
        if brief:
            continue
        show(finding["why"])
        if finding["affected"]:
            show(f"pods: {affected_said(finding['affected'])}", "dim")
        for item in finding["evidence"]:
            show(f"{item['source']}  {item['object']}: {item['text']}", "dim")
        for remedy in finding["remedies"]:
            show(f"{remedy['title']}:", "green")
            console.print(Text(f"    {plain(remedy['command'])}"), soft_wrap=True)
        show(f"more: {page(finding)}", "dim")
    for missing in report.get("not_checked", []):
        console.print(Text(plain(f"not checked: {missing}"), style="yellow"))


class Reported:
    """Diagnoses at a terminal, one below the other; `timed`: each with its time."""

    def __init__(self, *, brief: bool, timed: bool) -> None:
        self._brief = brief
        self._timed = timed

    def show(self, report: dict[str, Any]) -> None:
        """One more."""
        if self._timed:
            print(f"\n{_now()}")
        show_report(report, brief=self._brief)

    def trouble(self, text: str) -> None:
        """Why there is no new one."""
        print(f"\n{_now()}\n{plain(text)}")

    def close(self) -> None:
        """They stay where they are."""


class Redrawn:
    """Diagnoses at a terminal, each in the place of the one before, with its time; the last one stays, whole."""

    def __init__(self, *, brief: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False)
        self._brief = brief
        self._last: dict[str, Any] | None = None
        self._trouble = ""
        self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="ellipsis")
        self._live.start()

    def show(self, report: dict[str, Any]) -> None:
        """In the place of the one before."""
        self._last, self._trouble = report, ""
        self._draw()

    def trouble(self, text: str) -> None:
        """Why the report that stands there is an old one."""
        self._trouble = f"{plain(text)}\n"
        self._draw()

    def close(self) -> None:
        """Give the terminal back, with the last report as if it were the only one."""
        self._live.stop()
        if self._last is not None:
            show_report(self._last, brief=self._brief, console=self._console)

    def _draw(self) -> None:
        from rich.text import Text

        head = Text(f"{_now()}, looking again and again; Ctrl-C ends it\n", style="dim")
        self._live.update(Text.assemble(head, (self._trouble, "red"), self._drawn()), refresh=True)

    def _drawn(self) -> Text:
        """The last report, as wide as the terminal is now."""
        from rich.console import Console
        from rich.text import Text

        page = io.StringIO()
        console = Console(
            file=page,
            highlight=False,
            force_terminal=True,
            width=self._console.width,
            color_system="truecolor" if self._console.color_system else None,
        )
        show_report(self._last or {}, brief=self._brief, console=console)
        return Text.from_ansi(page.getvalue())


def _now() -> str:
    return f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}"


_FENCED = re.compile(r"^```\w*\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL)
_LINK_TO_PAGE = re.compile(r"\[([^\]]+)\]\(([a-z-]+)\.md\)")


def show_page(markdown: str) -> None:
    """A page of the platform's documentation. What stands in fences is printed as it is, to be copied whole."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.text import Text

    console = Console(highlight=False)
    prose_and_fences = _FENCED.split(_LINK_TO_PAGE.sub(r"\1 (`desk docs \2`)", plain(markdown)))
    for index, part in enumerate(prose_and_fences):
        if index % 2:
            console.print(Text(f"\n{part}", style="cyan"), soft_wrap=True)
        elif part.strip():
            console.print(Markdown(part, hyperlinks=False))


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for a person."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console(highlight=False).print(table)
