"""What a person sees: each event in a few lines, and nothing that paints the terminal."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from typing import Any

import pytest
from rich.console import Console

from agent.cli.options import print_table
from agent.journal.events import (
    ApprovalDecided,
    CallGated,
    Committed,
    Event,
    IncidentOpened,
    ModelTurn,
    Oriented,
    SessionClosed,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    ToolReceipt,
    ToolResult,
    name_of,
)
from agent.journal.journal import Entry
from agent.surfaces.console import (
    RESULT_LINES,
    JsonLines,
    LiveConsole,
    lines_of,
)
from tools.plaintext import counted, plain


def entry(event: Event) -> Entry:
    return Entry(1, "s-1", "2025-01-31T09:30:05+00:00", name_of(event), asdict(event), "0" * 64)


def shown(event: Event) -> str:
    return "\n".join(text for _, text in lines_of(entry(event)))


@pytest.mark.parametrize(
    ("painted", "text"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bcreset", "reset"),
        ("\x9b31mred", "31mred"),
        ("over\rwritten", "overwritten"),
        ("back\x08space\x7f", "backspace"),
        ("bell\x07", "bell"),
        ("right\u202eleft", "rightleft"),
        ("tab\tand\nnewline stay", "tab\tand\nnewline stay"),
        ("[bold]no markup[/bold] é 漢", "[bold]no markup[/bold] é 漢"),
        ("cut \x1b", "cut "),
        ("\x1b[31", "[31"),
    ],
)
def test_plain_text_has_no_control_characters(painted: str, text: str) -> None:
    assert plain(painted) == text


def test_nothing_that_could_control_a_terminal_is_left() -> None:
    everything = "".join(map(chr, range(0x100))) + "\u061c\u200e\u200f\u202a\u2066\u2069"
    assert {ord(char) for char in plain(everything) if not char.isprintable()} <= {0x09, 0x0A, 0xA0, 0xAD}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (SessionStarted("why", "shop-dev", "playbook", "kim", "here"), "why  [shop-dev, as kim]\nPlaybook plans"),
        (SessionResumed("kim", "approved"), "s-1 goes on (approved)"),
        (ModelTurn(1, [{"type": "tool_use", "id": "1", "name": "top", "input": {"n": "é"}}], "x"), '-> top n="é"'),
        (CallGated("1", "t", "change", "deny", "it is Flow's"), "denied: it is Flow's"),
        (ApprovalDecided("apr-1", "rejected", "carol", "not today"), "apr-1 rejected by carol: not today"),
        (ToolReceipt("1", 0, "applied", "patched it"), "applied: patched it"),
        (Committed("01-x", "a" * 40, "desk rollback aaaaaaaaaa"), "undo: desk rollback aaaaaaaaaa"),
        (IncidentOpened("k", "It burns", "HIGH", "", "", "", "", ""), "incident (HIGH): It burns"),
        (SessionPaused(3, "waiting", "desk resume"), "Parked: waiting\nNext: desk resume"),
        (SessionClosed(0, "done", "It is well.", ""), "DONE\nIt is well."),
        (SessionClosed(4, "handed_over", "Too long.", "again"), "HANDED OVER\nToo long.\nNext: again"),
        (SessionClosed(5, "outside", "No.", "ask Flow"), "OUTSIDE DESK'S REMIT"),
    ],
)
def test_an_event_in_words(event: Event, said: str) -> None:
    assert said in shown(event)


def test_what_a_person_need_not_see_is_not_shown() -> None:
    assert shown(Oriented("", "", "", [], "", "", [], [])) == ""
    assert shown(CallGated("1", "top", "read", "allow", "reading is allowed")) == ""
    assert shown(ToolResult("1", "finish", "It is done.")) == ""
    assert shown(Committed("close", "")) == ""
    assert "undo" not in shown(Committed("close", "a" * 40))


def test_a_long_result_is_cut_and_says_so() -> None:
    lines = lines_of(entry(ToolResult("1", "logs", "\n".join(map(str, range(40))))))
    assert len(lines) == RESULT_LINES + 1
    assert "28 more lines" in lines[-1][1]


def test_a_diagnosis_is_a_line_a_finding_however_many_lines_it_has_for_the_model() -> None:
    finding = {"severity": "error", "so_far": False, "cause": "OOMKilled", "summary": "it is killed at 16Mi"}
    found = [{**finding, "object": {"namespace": "shop", "name": f"web-{n}"}} for n in range(2)]
    report = {"namespace": "shop", "checked": {"Pod": 1}, "settled": True, "starting": [], "findings": found}
    whole = "\n".join(f"line {n}" for n in range(40))
    assert shown(ToolResult("1", "diagnose", whole, data=report)).splitlines() == [
        "   shop: 2 findings (1 pod checked)",
        "   ERROR OOMKilled: it is killed at 16Mi",
        "   ERROR OOMKilled: it is killed at 16Mi",
    ]
    assert "line 3" in shown(ToolResult("1", "diagnose", whole, ok=False, error="failed"))


@pytest.mark.parametrize(("number", "said"), [(0, "0 turns"), (1, "1 turn"), (2, "2 turns"), (1200, "1,200 turns")])
def test_so_many(number: int, said: str) -> None:
    assert counted(number, "turn") == said


def surface(*, terminal: bool = False) -> tuple[LiveConsole, io.StringIO]:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=terminal, width=60, highlight=False, soft_wrap=True, color_system=None
    )
    return LiveConsole(console, interactive=False), out


def test_a_log_cannot_paint_the_terminal_nor_speak_markup() -> None:
    live, out = surface()
    live.delta("\x1b[2Jhello [red]you[/red]\n")
    live.entry(entry(ToolResult("1", "logs", "\x1b]0;pwned\x07line [bold]one[/bold]")))
    assert out.getvalue() == "hello [red]you[/red]\n   line [bold]one[/bold]\n"


def test_words_that_came_as_a_stream_are_told_again_on_replay() -> None:
    live, out = surface()
    live.replay(entry(ModelTurn(1, [{"type": "text", "text": "I look."}], "end_turn")))
    assert "I look." in out.getvalue()


def test_nobody_is_asked_where_nobody_sits() -> None:
    live, _ = surface(terminal=True)
    assert live.confirm("set the limit", "diff") is None


def test_waiting_shows_a_spinner_on_a_terminal_only() -> None:
    live, out = surface()
    live.progress("rollout")
    assert out.getvalue() == ""
    live, out = surface(terminal=True)
    live.progress("rollout \x1b[31m[red]")
    live.progress("rollout [red]")
    live.close()
    assert "rollout [red]" in out.getvalue()
    assert "\x1b[31m" not in out.getvalue()


def test_json_lines_are_the_journals_entries(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLines().entry(entry(SessionPaused(3, "waiting é", "resume")))
    line = capsys.readouterr().out
    document: dict[str, Any] = json.loads(line)
    assert line.isascii()
    assert (document["schema"], document["type"]) == ("desk.event/v1", "session_paused")


def test_a_table_is_tab_separated_when_no_terminal_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("T", ("a", "b"), [("1", "x\ny"), ("\x1b[31m2", "z")], "none")
    print_table("T", ("a", "b"), [], "none")
    assert capsys.readouterr().out == "a\tb\n1\tx y\n2\tz\nnone\n"
