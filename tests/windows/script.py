"""A task that no window holds: the model restarts many Deployments, and knows only what its conversation says.

plan -> (get -> restart -> get) for each -> list -> plan -> finish
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.messages_api.conversation import blocks
from tests.messages_api.script import Call, Turn
from tools.json import Json

DEPLOYMENTS = 12
"""Of a task of 40 turns."""
LOOK = "see that all of them have rolled out"
_TICKED = re.compile(r"^(\d+)\. \[x\] ", re.MULTILINE)
_ASKED = re.compile(r"^Task: restart .* in (\S+), then check", re.MULTILINE)


def names(count: int) -> list[str]:
    """Of the Deployments."""
    return [f"web-{number:02d}" for number in range(1, count + 1)]


def turns(count: int) -> int:
    """What the task for so many takes, in one window."""
    return 3 * count + 4


def task(namespace: str, count: int) -> str:
    """What is asked for."""
    *most, last = names(count)
    return f"restart {', '.join(most)} and {last} in {namespace}, then check that all have rolled out"


@dataclass(frozen=True)
class Told:
    """What a request tells the model: the subtasks that are ticked, and the calls of this conversation."""

    namespace: str
    names: tuple[str, ...]
    stated: bool
    ticked: frozenset[int]
    calls: tuple[tuple[str, str], ...]
    """(tool, what of)"""

    @classmethod
    def by(cls, body: Json) -> Told:
        opening, *rest = body["messages"]
        texts = [str(block.get("text", "")) for block in blocks(opening["content"])]
        calls = list(_calls(rest))
        answers = [_text(block) for message in rest for block in blocks(message["content"])]
        lists = [text for text in (*texts, *answers) if "1. [" in text]
        done = {int(number) for number in _TICKED.findall(lists[-1])} if lists else set()
        found = _ASKED.search("\n".join(texts))
        if found is None:
            raise LookupError(f"no task of the script: {texts}")
        asked = tuple(re.findall(r"web-\d\d", found[0]))
        done |= {asked.index(name) + 1 for tool, name in calls if tool == "restart"}
        return cls(found[1], asked, bool(lists), frozenset(done), tuple(calls))


def _calls(messages: list[Json]) -> Iterator[tuple[str, str]]:
    for message in messages:
        for block in blocks(message["content"]):
            if block["type"] == "tool_use":
                yield block["name"], str(block["input"].get("name", ""))


def _text(block: Json) -> str:
    if block["type"] != "tool_result":
        return ""
    return "\n".join(str(part.get("text", "")) for part in blocks(block["content"]))


def turn(body: Json) -> Turn:
    """The model's next turn: by its conversation, and by nothing else."""
    told = Told.by(body)
    here = {"namespace": told.namespace}
    if not told.stated:
        restarts = [{"title": f"restart {name}", "tool": "restart", "names": [name]} for name in told.names]
        return _call("plan", {"subtasks": [*restarts, {"title": LOOK}]})
    last = told.calls[-1] if told.calls else ("", "")
    if last[0] == "restart":
        return _call("get", {**here, "kind": "deployment", "name": last[1]})
    left = [name for number, name in enumerate(told.names, 1) if number not in told.ticked]
    if left:
        before = [call for call in told.calls if call[1] == left[0]]
        if not before:
            return _call("get", {**here, "kind": "deployment", "name": left[0]})
        is_known = any(tool == "restart" for tool, _ in told.calls)
        return _call("restart", {**here, "name": left[0]}, () if is_known else ("restart",))
    if len(told.names) + 1 in told.ticked:
        return _call("finish", {"outcome": "done", "summary": "All are restarted, and have rolled out."})
    if last[0] == "list":
        return _call("plan", {"done": [len(told.names) + 1]})
    return _call("list", {**here, "kind": "deployment"})


def _call(tool: str, arguments: Json, finds: tuple[str, ...] = ()) -> Turn:
    return Turn(say=f"Now {tool}.", calls=(Call(name=tool, input=arguments),), finds=finds)
