"""What the played model says: turns, and the faults that come before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, get_args

import yaml
from anthropic.types import StopReason
from pydantic import ConfigDict, TypeAdapter, ValidationError

from tests.messages_api.refusal import ERROR_TYPES
from tools.json import Json

_KNOWN_FIELDS_ONLY = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Call:
    """A `tool_use` block; its id is given when it is served."""

    __pydantic_config__: ClassVar[ConfigDict] = _KNOWN_FIELDS_ONLY

    name: str
    input: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What goes wrong once, in place of the answer.

    The parts come in this order: so many events of the stream, then `hang_s` of silence, then the end. That is an
    HTTP error with `status`; a connection closed without a word (`cut_after_events`, and a bare `hang_s`); an
    `error` event (`error_event_after`); or a stream that ends in good order, but too early (`end_after_events`).
    An answer that is not streamed is cut in half, and in place of an `error` event it is a 529.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _KNOWN_FIELDS_ONLY

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after_events: int | None = None
    error_event_after: int | None = None
    end_after_events: int | None = None
    hang_s: float | None = None

    def __post_init__(self) -> None:
        ends = [self.status or None, self.cut_after_events, self.error_event_after, self.end_after_events]
        given = sum(end is not None for end in ends)
        if given > 1 or (given == 0 and self.hang_s is None):
            names = "status, cut_after_events, error_event_after or end_after_events"
            raise ValueError(f"a fault ends in one way: {names}, or is a bare hang_s")
        if self.status and self.status not in ERROR_TYPES:
            raise ValueError(f"status {self.status} is none of {', '.join(map(str, ERROR_TYPES))}")

    @property
    def events(self) -> int | None:
        """How many events of the stream come before it; None if the answer does not begin."""
        counts = (self.cut_after_events, self.error_event_after, self.end_after_events)
        return next((count for count in counts if count is not None), None)


@dataclass(frozen=True)
class Turn:
    """One answer. Its blocks: redacted thinking, thinking, text, calls; or `raw_blocks`, just as they are.

    `finds` are the tools that a search of tools finds before the calls.
    `cut_last_call` breaks the JSON of the last call's input in the middle, as `max_tokens` does.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _KNOWN_FIELDS_ONLY

    say: str = ""
    think: str = ""
    calls: tuple[Call, ...] = ()
    finds: tuple[str, ...] = ()
    stop_reason: str = ""
    cut_last_call: bool = False
    redacted_thinking: str = ""
    stop_details: Json | None = None
    delay_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    raw_blocks: tuple[Json, ...] | None = None

    def __post_init__(self) -> None:
        if self.stop_reason and self.stop_reason not in get_args(StopReason):
            raise ValueError(f"stop_reason {self.stop_reason!r} is none of {', '.join(get_args(StopReason))}")
        if self.cut_last_call and not (self.calls and self.stop_reason == "max_tokens"):
            raise ValueError("cut_last_call needs calls and stop_reason max_tokens")
        if self.raw_blocks is not None and (self.say or self.think or self.calls or self.redacted_thinking):
            raise ValueError("raw_blocks are the whole answer: leave say, think, calls and redacted_thinking out")

    @property
    def reason(self) -> str:
        """The stop reason, or the one that follows from the blocks."""
        return self.stop_reason or ("tool_use" if self.calls else "end_turn")


Script = Sequence[Turn] | Callable[[Json], Turn]


class BadScript(Exception):
    """A script file that can't be played; the message says which field and why."""


def load(file: Path) -> list[Turn]:
    """The turns of a YAML file: a list of mappings with the fields of `Turn`. Raises `BadScript`."""
    try:
        document = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadScript(f"{file} can't be read: {error}") from error
    if not isinstance(document, list) or not document:
        raise BadScript(f"{file} must hold a list of turns, e.g. `- say: Hello.`")
    try:
        return TypeAdapter(list[Turn]).validate_python(document)
    except ValidationError as error:
        raise BadScript(f"{file} is no script:\n{_faults_of(error)}") from error


def _faults_of(error: ValidationError) -> str:
    lines = []
    for one in error.errors(include_url=False):
        where, *path = one["loc"]
        lines.append(f"  turn {where}{''.join(f', {part}' for part in path)}: {one['msg']}")
    return "\n".join(lines)
