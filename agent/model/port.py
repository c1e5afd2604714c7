"""The port to a model: a conversation of typed blocks in, a stream of typed blocks and usage out.

Blocks have the Messages API's shapes (https://docs.claude.com/en/api/messages), whichever adapter speaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.understanding.spoken import NOTHING, Spoken
from tools.json import Json

StopReason = Literal[
    "end_turn", "tool_use", "max_tokens", "stop_sequence", "pause_turn", "refusal", "model_context_window_exceeded"
]


USAGE = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""What a turn's usage counts, under the Messages API's names; together, what of the context window is used."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the model, or of the person who asks."""

    text: str

    def to_json(self) -> Json:
        """As the Messages API has it."""
        return {"type": "text", "text": self.text}


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The model wants a tool called."""

    id: str
    name: str
    input: Json
    caller: Json | None = None
    """Who calls, where the API says it: sent back as it came."""

    def to_json(self) -> Json:
        """As the Messages API has it."""
        caller = {"caller": self.caller} if self.caller is not None else {}
        return {"type": "tool_use", "id": self.id, "name": self.name, "input": self.input, **caller}


@dataclass(frozen=True, slots=True)
class Opaque:
    """A block that must be sent back as it came (thinking)."""

    raw: Json

    def to_json(self) -> Json:
        """As it came."""
        return self.raw


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of a call. `data` is the same for a program; `error` is why it failed, if it did."""

    tool_use_id: str
    text: str
    ok: bool = True
    error: str = ""
    changed: bool = False
    data: Json | None = None
    tool: str = ""


Block = Text | ToolUse | Opaque


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """One turn of the model: `request` and `id` as `TurnEnded` has them."""

    blocks: tuple[Block, ...]
    request: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class AnswersMessage:
    """The answers to the calls of the turn before, and what the runtime has to say to that turn, if anything."""

    answers: tuple[ToolAnswer, ...]
    note: str = ""


Message = AssistantMessage | AnswersMessage


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Made:
    """A call of a session before that has changed something, or has waited for it, and what it answered."""

    tool: str
    arguments: Json
    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Context:
    """What the start protocol read, for the model as data."""

    namespace: str
    namespaces: tuple[str, ...] = ()
    documents: tuple[tuple[str, str], ...] = ()
    """(title, text): the working file, logs, incidents, history, rights."""
    names: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Namespace -> kind -> names of the objects that the task may be about; `""`: of no namespace."""
    spoken: Spoken = NOTHING
    """What the task before this one spoke of, in a conversation."""
    dry_run: bool = False
    """Whether changes are only asked for, and none is made."""
    made: tuple[Made, ...] = ()
    """What the sessions before have made of the same task."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """All a model is given for one turn."""

    task: str
    context: Context
    tools: tuple[ToolSpec, ...]
    messages: tuple[Message, ...] = ()
    asks: bool = False
    """Whether a person is likely to be asked, and so long pauses are to be expected."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more words of the turn under way; `thinking` tells those it thinks from those it says."""

    text: str
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class Retrying:
    """The turn failed on its way and is asked for again in `wait_s` seconds: what was said of it is void."""

    reason: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The whole turn. `usage` counts tokens under the Messages API's names.

    `cost_usd` is None when nobody knows the price; `retries` says why the turn was asked for again;
    `request` is the SHA-256 of all that was sent; `stop_details` is the API's word on a refusal; `id` is what the
    API calls the turn, if it keeps what the next request is compared with; `cache_miss` is why the prompt cache did
    not hold what the turn before had left there.
    """

    blocks: tuple[Block, ...]
    stop_reason: StopReason
    usage: Json = field(default_factory=dict)
    cost_usd: float | None = None
    retries: tuple[str, ...] = ()
    request: str = ""
    stop_details: Json | None = None
    id: str = ""
    cache_miss: Json | None = None


Part = TextDelta | Retrying | TurnEnded


class Model(Protocol):
    """Whoever thinks."""

    name: str

    def stream(self, conversation: Conversation) -> Iterator[Part]:
        """One turn: words as they come, then, last, the turn."""
        ...


def block_from_json(raw: Json) -> Block:
    """A block of a journaled turn."""
    match raw.get("type"):
        case "text":
            return Text(raw["text"])
        case "tool_use":
            return ToolUse(raw["id"], raw["name"], raw["input"], raw.get("caller"))
        case _:
            return Opaque(raw)
