"""The played model: which turn a conversation gets, what goes wrong before it, and what is remembered of it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from tests.messages_api.answer import Answer, answer
from tests.messages_api.cache import PromptCache
from tests.messages_api.conversation import bare, blocks, digest, identity, turn_number
from tests.messages_api.diagnostics import Fingerprints
from tests.messages_api.refusal import Refused
from tests.messages_api.rules import check_request
from tests.messages_api.script import Fault, Script, Turn
from tools.json import Json


@dataclass(frozen=True)
class Exchange:
    """A request that was taken: its turn, the answer, and the fault that comes in the answer's place."""

    body: Json
    turn: Turn
    answer: Answer
    fault: Fault | None


class ScriptedModel:
    """Goes by the conversation: an answer's turn is the number of answers before it. Safe for threads."""

    def __init__(self, script: Script, min_cache_tokens: int, window_tokens: int) -> None:
        self._script = script
        self._window_tokens = window_tokens
        self._cache = PromptCache(min_cache_tokens)
        self._fingerprints = Fingerprints()
        self._faults_served: Counter[tuple[str, int]] = Counter()
        self._paused: set[str] = set()
        self._lock = threading.Lock()

    def exchange(self, body: Json) -> Exchange:
        """What comes of a request. Raises `Refused` for one that the API, or the script, has no answer to."""
        check_request(body, self._is_paused)
        turn = self._turn(body)
        with self._lock:
            use = self._cache.use(body)
            if use.tokens > self._window_tokens:
                raise Refused(f"prompt is too long: {use.tokens} tokens > {self._window_tokens} maximum")
            made = answer(turn, body, use)
            made.message["diagnostics"] = self._fingerprints.compare(body, made.message["id"])
            if turn.reason == "pause_turn":
                self._paused.add(_spelled(made.message))
            return Exchange(body, turn, made, self._next_fault(turn, body))

    def _turn(self, body: Json) -> Turn:
        if callable(self._script):
            return self._script(body)
        number = turn_number(body)
        if number >= len(self._script):
            raise Refused(f"The script has {len(self._script)} turns; this request asks for turn {number}", 500)
        return self._script[number]

    def _next_fault(self, turn: Turn, body: Json) -> Fault | None:
        """Each fault of a conversation's turn once, in order."""
        key = identity(body), turn_number(body)
        served = self._faults_served[key]
        if served >= len(turn.faults):
            return None
        self._faults_served[key] += 1
        return turn.faults[served]

    def _is_paused(self, message: Json) -> bool:
        """Whether it is an answer that ended in `pause_turn`: one served here, or one that a server tool ended."""
        last = blocks(message["content"])[-1]["type"]
        return last == "server_tool_use" or last.endswith("_tool_result") or _spelled(message) in self._paused


def _spelled(message: Json) -> str:
    return digest([bare(block) for block in blocks(message["content"])])
