"""What a session has said it will do, what of it is done, and what it noticed beside its task. Pure.

The model states subtasks; whether a changing one is done, the runtime tells by what became of its calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace

from tools.json import Json


@dataclass(frozen=True, slots=True)
class Subtask:
    """One subtask. `tool` is what changes something in it, empty where it only reads; `names`, of what."""

    title: str
    tool: str = ""
    names: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    """Those of the names that are as wanted."""
    done: bool = False

    def covers(self, tool: str, names: Collection[str]) -> bool:
        """Whether a change by this tool, of all that is named, belongs to it."""
        return tool == self.tool and (not self.names or set(names) <= set(self.names))

    def after(self, tool: str, names: Collection[str]) -> Subtask:
        """With what a call that has succeeded brought about."""
        if tool != self.tool:
            return self
        touched = tuple(name for name in self.names if name in self.touched or name in names)
        return replace(self, touched=touched, done=self.done or touched == self.names)


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something beside the task, with the words that a session of its own is started with."""

    what: str
    words: str


@dataclass
class Stated:
    """The subtasks of a session, in their order, and what it noticed beside them."""

    subtasks: list[Subtask] = field(default_factory=list)
    noticed: list[Noticed] = field(default_factory=list)

    @classmethod
    def from_json(cls, document: Json) -> Stated:
        """As `to_json` gave it."""
        return cls(
            [_subtask(each) for each in document.get("subtasks", ())],
            [Noticed(**each) for each in document.get("noticed", ())],
        )

    def to_json(self) -> Json:
        """As plain JSON."""
        return {
            "subtasks": [asdict(each) for each in self.subtasks],
            "noticed": [asdict(each) for each in self.noticed],
        }

    def say(self, document: Json) -> None:
        """Add what a call of `plan` says: subtasks to do, numbers (from 1) that are done, what was noticed."""
        known = {(each.tool, each.names, each.title) for each in self.subtasks}
        added = (_subtask(each) for each in document.get("subtasks", ()))
        self.subtasks += [each for each in added if (each.tool, each.names, each.title) not in known]
        for number in document.get("done", ()):
            if number <= len(self.subtasks):
                self.subtasks[number - 1] = replace(self.subtasks[number - 1], done=True)
        noticed = (Noticed(**each) for each in document.get("noticed", ()))
        self.noticed += [each for each in noticed if each not in self.noticed]

    def succeeded(self, tool: str, names: Collection[str]) -> None:
        """Tick what a changing call has brought about."""
        self.subtasks = [each.after(tool, names) for each in self.subtasks]

    def has(self, tool: str, names: Sequence[str]) -> bool:
        """Whether a change may be made as one of the subtasks; any may, where none is stated."""
        return not self.subtasks or any(each.covers(tool, names) for each in self.subtasks)

    @property
    def open(self) -> list[Subtask]:
        """What is left, in order."""
        return [each for each in self.subtasks if not each.done]

    def lines(self) -> Iterable[str]:
        """The subtasks as a list with ticks, numbered from 1."""
        return (
            f"{number}. [{'x' if each.done else ' '}] {each.title}" for number, each in enumerate(self.subtasks, 1)
        )


def _subtask(document: Json) -> Subtask:
    return Subtask(
        document["title"],
        document.get("tool", ""),
        tuple(document.get("names", ())),
        tuple(document.get("touched", ())),
        document.get("done", False),
    )
