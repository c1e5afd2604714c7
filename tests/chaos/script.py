"""The session that is killed: one of every class of tool, and what each of its steps is called.

    diagnose -> set_resources -> save_manifest -> restart -> delete (asks) -> finish

Steps are the journal's events, named so that they are the same in every session and after every resume:
`tool_intent:restart`, `committed:close`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tests.messages_api.script import Turn
from tools.json import Json

Class = Literal["read", "render", "change", "delete", "commit", "approval"]
CLASSES: tuple[Class, ...] = get_args(Class)

EFFECTS = {"patch:checkout": "set_resources", "patch:cart": "restart", "delete:settings": "delete"}
"""Effect -> the tool that has it."""
SUBTASKS = ("set_resources", "save_manifest", "restart", "delete")
"""The tools whose calls are subtasks, each with its commit."""
LIMIT_BEFORE, LIMIT_AFTER = "16Mi", "128Mi"
CALL = "toolu_"
_CLASS_OF_TOOL: Mapping[str, Class] = {
    "diagnose": "read",
    "set_resources": "change",
    "save_manifest": "render",
    "restart": "change",
    "delete": "delete",
    "finish": "commit",
}
_CLASS_OF_EVENT: Mapping[str, Class] = {
    "session_started": "read",
    "oriented": "read",
    "subtask_done": "commit",
    "committed": "commit",
    "session_closed": "commit",
    "approval_asked": "approval",
    "approval_decided": "approval",
    "session_paused": "approval",
}


@dataclass(frozen=True)
class Names:
    """The objects of one session: nobody else touches them."""

    namespace: str
    number: int

    @property
    def limited(self) -> str:
        """The Deployment whose memory limit is raised."""
        return f"checkout-{self.number}"

    @property
    def restarted(self) -> str:
        """The Deployment that is restarted."""
        return f"cart-{self.number}"

    @property
    def deleted(self) -> str:
        """The ConfigMap that is deleted."""
        return f"settings-{self.number}"

    @property
    def task(self) -> str:
        """What is asked for."""
        return (
            f"raise the memory limit of {self.limited} to {LIMIT_AFTER}, save the manifest of deployment "
            f"{self.limited}, restart {self.restarted} and delete configmap {self.deleted} in {self.namespace}"
        )

    def calls(self) -> tuple[tuple[str, Json], ...]:
        """(tool, arguments) of each turn."""
        here = {"namespace": self.namespace}
        return (
            ("diagnose", {**here, "name": self.limited}),
            ("set_resources", {**here, "name": self.limited, "memory_limit": LIMIT_AFTER}),
            ("save_manifest", {**here, "kind": "deployment", "name": self.limited}),
            ("restart", {**here, "name": self.restarted}),
            ("delete", {**here, "kind": "configmap", "name": self.deleted}),
            ("finish", {"outcome": "done", "summary": "All four are done.", "next_action": "watch it"}),
        )

    def effects(self) -> dict[str, tuple[str, str]]:
        """Each effect -> (resource, name) of the object it changes."""
        objects = (("deployments", self.limited), ("deployments", self.restarted), ("configmaps", self.deleted))
        return dict(zip(EFFECTS, objects, strict=True))


_NAMED = re.compile(r"raise the memory limit of checkout-(\d+) .* in (\S+?)[\s<]", re.DOTALL)


def turn(body: Json) -> Turn:
    """The model: its next turn in the conversation, which says which session's objects are meant."""
    asked = body["messages"][0]["content"]
    words = asked if isinstance(asked, str) else " ".join(block.get("text", "") for block in asked)
    found = _NAMED.search(f"{words} ")
    if found is None:
        raise LookupError(f"no task of the script: {words[:200]}")
    number = sum(message["role"] == "assistant" for message in body["messages"])
    tool, arguments = Names(found[2], int(found[1])).calls()[number]
    said = {"type": "text", "text": f"Now {tool}."}
    call = {"type": "tool_use", "id": f"{CALL}{tool}", "name": tool, "input": arguments}
    return Turn(raw_blocks=(said, call), stop_reason="tool_use")


def step_of(kind: str, body: Json) -> str:
    """The name of an event's step."""
    if kind == "committed":
        return f"{kind}:{tool_of(str(body['subtask']))}"
    if kind == "model_turn":
        calls = [block["name"] for block in body["blocks"] if block["type"] == "tool_use"]
        return f"{kind}:{','.join(calls)}"
    call_id = str(body.get("call_id") or "")
    return f"{kind}:{call_id.removeprefix(CALL)}" if call_id else kind


def tool_of(subtask: str) -> str:
    """The tool of a commit: `set_resources` of `01-set-resources-checkout-7`; else `close` or `pause`."""
    return next((tool for tool in SUBTASKS if tool.replace("_", "-") in subtask), subtask.partition("-")[0])


def class_of(step: str) -> Class:
    """The class of tool whose work a step is part of."""
    event, _, tool = step.partition(":")
    return _CLASS_OF_EVENT.get(event) or _CLASS_OF_TOOL.get(tool, "read")
