"""Estimates of what a turn brings, against tokenizers that are not ours, over 30 conversations.

No counts of the API are recorded here, so other tokenizers are played: cl100k_base's count times a factor that is
off by up to 40 %, and one that cuts words otherwise. What a session has seen of their counts must make up for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.context.tokens import estimate
from agent.journal.events import Event, ModelTurn, SessionStarted, ToolResult, name_of, to_body
from agent.journal.journal import Entry
from agent.journal.view import SessionView

TOP = Path(__file__).parents[3]
TURNS = 10
LEARNED_AFTER = 3
OFF_BY = {"words": 0.2}
"""Of a tokenizer that is made otherwise; of the others, a tenth."""
OVERHEAD_TOKENS = 40
"""Of an answer: what marks it as data, and as the result of a call."""
CHINESE = (
    "集群中的容器组因为内存不足被终止, 部署的副本数从三个减少到一个.",
    "请检查命名空间的资源配额, 并确认服务的选择器与标签一致.",
    "存储卷声明一直处于等待状态, 因为没有可用的存储类.",
    "就绪探针在端口八千零八十上返回了错误, 所以流量没有被转发.",
)
KINDS = ("English", "logs", "YAML", "JSON", "Chinese")


def texts(kind: str) -> list[str]:
    """What the turns of a conversation of this kind bring: each another text, short and long."""
    if kind == "logs":
        return [_log(turn, lines=20 + 17 * turn) for turn in range(TURNS)]
    if kind == "Chinese":
        return ["\n".join(CHINESE[(turn + line) % 4] for line in range(10 + 9 * turn)) for turn in range(TURNS)]
    files = {"English": "docs/*.md", "YAML": "tests/tools/diagnose/reports/*.yaml", "JSON": "docs/schemas/*.json"}
    whole = "\n".join(file.read_text() for file in sorted(TOP.glob(files[kind])))
    step = len(whole) // TURNS
    return [whole[step * turn :][: min(step, 1_200 + 700 * turn)] for turn in range(TURNS)]


def _log(turn: int, lines: int) -> str:
    at = (f"2026-01-31T12:{turn:02}:{line % 60:02}.{line * 37 % 1000:03}Z" for line in range(lines))
    return "\n".join(
        f"{when} INFO request {turn * 977 + line} GET /orders/{line * 7919 % 10_000} 200 {line % 90} ms"
        for line, when in enumerate(at)
    )


def times(factor: float) -> Callable[[str], int]:
    return lambda text: int(estimate(text) * factor)


def words(text: str) -> int:
    """A tokenizer of its own: pieces of words, single signs, and three bytes of a letter that is not Latin."""
    return sum(
        len(piece.encode()) if ord(piece[0]) > 0x2000 else 1 for piece in re.findall(r"[A-Za-z]{1,5}|\d|\S", text)
    )


TOKENIZERS: dict[str, Callable[[str], int]] = {
    **{f"times {factor}": times(factor) for factor in (0.6, 0.8, 1.0, 1.2, 1.4)},
    "words": words,
}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("kind", KINDS)
def test_after_three_turns_an_estimate_is_near(kind: str, tokenizer: str) -> None:
    view, count, used, off = SessionView("s"), TOKENIZERS[tokenizer], 3_000, list[float]()
    events: list[Event] = [SessionStarted("look", "shop-dev", "claude", "kim", "c", window_tokens=1_000_000)]
    for turn, text in enumerate(texts(kind), start=1):
        call = {"type": "tool_use", "id": f"c{turn}", "name": "get", "input": {}}
        usage = {"input_tokens": used, "output_tokens": 80}
        events = [*events, ModelTurn(turn, [call], "tool_use", usage), ToolResult(f"c{turn}", "get", text)]
        for event in events:
            view.apply(Entry(view.last_seq + 1, view.id, "", name_of(event), to_body(event), ""))
        events = []
        brought = count(text) + OVERHEAD_TOKENS
        off.append(abs(view.budget().expected - brought) / brought)
        used += 80 + brought
    assert max(off[LEARNED_AFTER:]) <= OFF_BY.get(tokenizer, 0.1), [round(each, 3) for each in off]
