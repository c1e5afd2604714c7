"""Results that are too long for a model are kept whole, masked, and read in parts."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from agent.context.tokens import estimate
from agent.model.port import ToolUse
from agent.session.run import drive
from agent.workspace.results import Results, read_result_tool
from tests.agent.session_bench import SESSION, Bench, Scripted, finish, use
from tools.errors import ToolFailed
from tools.frame import Result, Tool, ToolContext
from tools.risk import Risk

SECRET = "postgres://shop:Qdl1-correct-horse@db/shop"


def long_log(context: ToolContext) -> Result:
    """A log that is too long."""
    return Result(
        "\n".join([*(f"line {number} is well" for number in range(1, 5_000)), f"URL {SECRET}", "PANIC here"])
    )


def test_what_was_cut_is_kept_masked_read_in_parts_and_forgotten(bench: Bench) -> None:
    state = bench.root / ".desk"
    kept = state / "sessions" / SESSION / "results"
    model = Scripted(
        [use("long_log")],
        [use("read_result", result="call_0_0", search="panic")],
        [use("read_result", result="call_0_0", search="URL")],
        [use("read_result", result="call_0_0", from_line=2_500, lines=2)],
        finish(),
    )
    desk = bench.begin(model, "why does checkout crash in shop-dev?", window_tokens=1_000_000)
    found: list[Path] = []
    desk.tools = {
        **desk.tools,
        "long_log": Tool(long_log, Risk.READ),
        "read_result": read_result_tool(Results(state, SESSION)),
    }
    desk.journal.observe(lambda entry: found.extend(kept.glob("*")) if entry.type == "tool_result" else None)
    assert drive(desk) == 0
    results = [result.text for result in desk.view.results.values()]
    assert "[cut: 5001 lines in all; read_result result=call_0_0" in results[0]
    assert len(results[0]) < 17_000
    assert results[1] == "1 of 5001 lines hold 'panic'\n5001: PANIC here"
    assert SECRET not in results[2]
    assert "5000: URL" in results[2]
    assert results[3].splitlines()[1:] == [
        "2500: line 2500 is well",
        "2501: line 2501 is well",
        "[2500 more; go on with from_line=2502]",
    ]
    assert [path.name for path in dict.fromkeys(found)] == ["call_0_0.txt"]
    assert not kept.parent.exists(), "it goes with the session"


KEY = "\n".join(
    ["-----BEGIN RSA PRIVATE KEY-----", *["MIIEpAIBAAKCAQEA7b1K9v2c" * 2] * 700, "-----END RSA PRIVATE KEY-----"]
)


def test_a_secret_that_is_longer_than_the_room_is_masked_before_it_is_cut(bench: Bench) -> None:
    def key_file(context: ToolContext) -> Result:
        """A key."""
        return Result(f"begin\n{KEY}\nend")

    for window in (0, 1_000_000):
        desk = bench.begin(Scripted([use("key_file")], finish()), session=f"20250131-093005-{window:06}"[:22])
        desk.view.started = replace(desk.view.task, window_tokens=window)
        desk.tools = {**desk.tools, "key_file": Tool(key_file, Risk.READ)}
        assert drive(desk) == 0
        (result, _) = desk.view.results.values()
        assert "MIIEpAIBAAKC" not in result.text
        assert result.text.startswith("begin")


def test_the_answers_of_a_turn_share_the_room_that_is_left(bench: Bench) -> None:
    window = 20_000
    model = Scripted([use("long_log")] * 20, [use("read_result", result="call_0_7", search="panic")], finish())
    desk = bench.begin(model, "why does checkout crash in shop-dev?", window_tokens=window, max_tokens=1_000)
    results = Results(bench.root / ".desk", SESSION)
    desk.tools = {
        **desk.tools,
        "long_log": Tool(long_log, Risk.READ),
        "read_result": read_result_tool(results),
    }
    assert drive(desk) == 0
    shown = [result.text for result in desk.view.results.values()]
    assert sum(map(estimate, shown)) < window / 2
    assert all(text.startswith("line 1 is well") and "PANIC here" in text for text in shown[:20])
    assert shown[20] == "1 of 5001 lines hold 'panic'\n5001: PANIC here"


def test_only_this_user_reads_it(tmp_path: Path) -> None:
    results = Results(tmp_path, "s")
    results.keep("../../etc/passwd", "a\nb")
    (file,) = (tmp_path / "sessions" / "s" / "results").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert results.lines("../../etc/passwd") == ["a", "b"]
    assert results.lines("another") is None


def test_what_is_not_kept_is_said(tmp_path: Path) -> None:
    tool = read_result_tool(Results(tmp_path, "s"))
    with pytest.raises(ToolFailed, match="No result toolu_1 is kept"):
        tool(ToolContext(None), ToolUse("c", "read_result", {"result": "toolu_1"}).input)  # type: ignore[arg-type]
