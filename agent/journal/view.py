"""What a session's events add up to. The loop asks this, and nothing else, what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, assert_never

from agent.errors import UsageError
from agent.journal.events import (
    ENDING_TOOLS,
    ApprovalAsked,
    ApprovalDecided,
    CallGated,
    Committed,
    Event,
    FilesRendered,
    IncidentOpened,
    ModelTurn,
    Oriented,
    SessionClosed,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    SubtaskDone,
    ToolIntent,
    ToolReceipt,
    ToolResult,
)
from agent.journal.store import Entry, Journal
from agent.journal.turns import MAX_FAULTY_TURNS, call_ids, is_faulty, note_to, tokens
from agent.model.port import (
    AnswersMessage,
    AssistantMessage,
    Message,
    ToolAnswer,
    ToolUse,
    block_from_json,
)

Step = Literal["orient", "think", "gate", "ask", "act", "record", "close"]

MAX_CONFLICTS = 3
MAX_SAME_CALLS = 3
FULL = 0.8
"""Of the model's context window; what is left must suffice for the end. Source: the seed, 11."""


@dataclass
class SessionView:
    """A session as its events tell it; `apply` adds one more."""

    id: str
    started: SessionStarted | None = None
    started_at: str = ""
    last_seq: int = 0
    last_at: str = ""
    oriented: Oriented | None = None
    turns: list[ModelTurn] = field(default_factory=list)
    gated: dict[str, CallGated] = field(default_factory=dict)
    intents: dict[tuple[str, int], ToolIntent] = field(default_factory=dict)
    receipts: dict[tuple[str, int], ToolReceipt] = field(default_factory=dict)
    results: dict[str, ToolResult] = field(default_factory=dict)
    approvals: dict[str, ApprovalAsked] = field(default_factory=dict)
    decisions: dict[str, ApprovalDecided] = field(default_factory=dict)
    rendered: dict[str, FilesRendered] = field(default_factory=dict)
    subtasks: list[tuple[str, SubtaskDone]] = field(default_factory=list)
    commits: dict[str, str] = field(default_factory=dict)
    incidents: dict[str, IncidentOpened] = field(default_factory=dict)
    stale: dict[str, int] = field(default_factory=dict)
    absent: dict[str, list[ToolIntent]] = field(default_factory=dict)
    """Intents that were not in effect when it was looked; what was sent may still arrive."""
    denial: CallGated | None = None
    """The last call that was denied because it is another agent's."""
    paused: SessionPaused | None = None
    pauses: list[tuple[str, str, SessionPaused]] = field(default_factory=list)
    """(the key of its commit, when, how) of each process that ended before the session did."""
    closed: SessionClosed | None = None
    closed_at: str = ""
    _messages: list[Message] = field(default_factory=list)
    _told: int = 0

    @classmethod
    def of(cls, session: str, entries: Iterable[Entry]) -> SessionView:
        """The view of all of a session's entries."""
        view = cls(session)
        for entry in entries:
            view.apply(entry)
        return view

    def apply(self, entry: Entry) -> None:
        """Add one event."""
        self.last_seq, self.last_at = entry.seq, entry.at
        self._apply(entry.event, entry.at)

    def _apply(self, event: Event, at: str) -> None:
        match event:
            case SessionStarted():
                self.started, self.started_at = event, at
            case SessionResumed():
                # What the gate saw before may have changed; an approval keeps its own row.
                self.paused = None
                self.gated.clear()
            case Oriented():
                self.oriented = event
            case ModelTurn():
                self.turns.append(event)
            case CallGated():
                self.gated[event.call_id] = event
                self.denial = event if event.owner else self.denial
            case ApprovalAsked():
                self.approvals[event.approval_id] = event
            case ApprovalDecided():
                self.decisions[event.approval_id] = event
                asked = self.approvals.get(event.approval_id)
                if asked is not None:
                    self.gated.pop(asked.call_id, None)
            case ToolIntent():
                self.intents[event.call_id, event.index] = event
            case ToolReceipt():
                self._receive(event)
            case ToolResult():
                self.results[event.call_id] = event
            case FilesRendered():
                self.rendered[event.call_id] = event
            case SubtaskDone():
                self.subtasks.append((at, event))
            case Committed():
                self.commits[event.subtask] = event.sha
            case IncidentOpened():
                self.incidents[event.key] = event
            case SessionPaused():
                self.paused = event
                self.pauses.append((f"pause-{self.last_seq}", at, event))
            case SessionClosed():
                self.closed, self.closed_at = event, at
            case _:
                assert_never(event)

    def _receive(self, receipt: ToolReceipt) -> None:
        if receipt.outcome not in ("stale", "absent"):
            self.receipts[receipt.call_id, receipt.index] = receipt
            return
        # Nothing happened: the call is planned and gated anew.
        intent = self.intents.pop((receipt.call_id, receipt.index), None)
        self.gated.pop(receipt.call_id, None)
        if receipt.outcome == "stale":
            self.stale[receipt.call_id] = self.stale.get(receipt.call_id, 0) + 1
        elif intent is not None:
            self.absent.setdefault(receipt.call_id, []).append(intent)

    @property
    def task(self) -> SessionStarted:
        """How the session began."""
        if self.started is None:
            raise ValueError(f"session {self.id} has no beginning")
        return self.started

    def calls(self) -> list[ToolUse]:
        """The calls of the newest turn."""
        if not self.turns:
            return []
        blocks = (block_from_json(raw) for raw in self.turns[-1].blocks)
        return [block for block in blocks if isinstance(block, ToolUse)]

    def pending_call(self) -> ToolUse | None:
        """The first call of the newest turn that has no result."""
        return next((call for call in self.calls() if call.id not in self.results), None)

    def open_intents(self, call_id: str) -> list[ToolIntent]:
        """Intents of a call whose receipt is missing."""
        return [intent for key, intent in self.intents.items() if key[0] == call_id and key not in self.receipts]

    def pending_subtask(self) -> tuple[str, SubtaskDone] | None:
        """A finished subtask that is not committed yet, and when it was finished."""
        return next(((at, done) for at, done in self.subtasks if done.subtask not in self.commits), None)

    def unrecorded_change(self) -> ToolResult | None:
        """A call that changed or rendered something, be it in part, and is no subtask yet."""
        done = {subtask.call_id for _, subtask in self.subtasks}
        acted = dict.fromkeys([*(call_id for call_id, _ in self.receipts), *self.rendered])
        ended = (self.results[call_id] for call_id in acted if call_id in self.results and call_id not in done)
        return next((r for r in ended if self.changes(r.call_id) or r.call_id in self.rendered), None)

    def changes(self, call_id: str) -> list[tuple[ToolIntent, ToolReceipt]]:
        """What a call really changed."""
        return [
            (self.intents[key], receipt)
            for key, receipt in sorted(self.receipts.items())
            if key[0] == call_id and receipt.outcome in ("applied", "reconciled")
        ]

    def pending_approval(self) -> ApprovalAsked | None:
        """The approval the session waits for."""
        return next((row for key, row in self.approvals.items() if key not in self.decisions), None)

    def rejection(self) -> ApprovalDecided | None:
        """The decision that ended the session, if one did."""
        return next((d for d in self.decisions.values() if d.decision in ("rejected", "expired")), None)

    def loops(self) -> bool:
        """Whether the newest calls are the same again and again."""
        newest = [raw for turn in self.turns[-MAX_SAME_CALLS:] for raw in turn.blocks if raw["type"] == "tool_use"]
        same = {repr((raw["name"], raw["input"])) for raw in newest}
        return len(newest) >= MAX_SAME_CALLS and len(same) == 1

    def stopped_by_model(self) -> bool:
        """The newest turn is a refusal, or breaks off at the end of the context window: its calls do not count."""
        return bool(self.turns) and self.turns[-1].stop_reason in ("refusal", "model_context_window_exceeded")

    def ended_by_model(self) -> bool:
        """One of the newest turn's calls ends the session."""
        ended = (self.results.get(call.id) for call in self.calls())
        return any(result is not None and result.tool in ENDING_TOOLS and result.ok for result in ended)

    def astray(self) -> bool:
        """Whether the newest turns could not be used, one after the other."""
        newest = self.turns[-MAX_FAULTY_TURNS:]
        return len(newest) == MAX_FAULTY_TURNS and all(is_faulty(turn, self.results) for turn in newest)

    def tokens_used(self) -> int:
        """What of the context window is used."""
        return tokens(self.turns[-1].usage) if self.turns else 0

    def is_full(self) -> bool:
        """Whether the context window is so full that the next session must go on."""
        return 0 < self.task.window_tokens * FULL < self.tokens_used()

    def next_step(self) -> Step:
        """What comes next: where the graph goes, and where it is entered after a crash."""
        if self.unrecorded_change() is not None or self.pending_subtask() is not None:
            return "record"
        if self.closed is not None:
            return "close"
        if self.oriented is None:
            return "orient"
        if self.rejection() is not None or self.stopped_by_model() or self.ended_by_model():
            return "close"
        call = self.pending_call()
        if call is None:
            over = len(self.turns) >= self.task.max_turns or self.loops() or self.astray() or self.is_full()
            return "close" if over else "think"
        return self._step_of(call)

    def _step_of(self, call: ToolUse) -> Step:
        if self.open_intents(call.id):
            return "act"
        gate = self.gated.get(call.id)
        if gate is None:
            return "gate"
        return "ask" if gate.verdict == "ask" else "act"

    def messages(self) -> tuple[Message, ...]:
        """The conversation so far. Turns that are answered do not change any more, and are told once."""
        while self._told < len(self.turns) and self._is_answered(self.turns[self._told]):
            self._messages += self._messages_of(self.turns[self._told])
            self._told += 1
        rest = [message for turn in self.turns[self._told :] for message in self._messages_of(turn)]
        return (*self._messages, *rest)

    def _is_answered(self, turn: ModelTurn) -> bool:
        return all(call_id in self.results for call_id in call_ids(turn))

    def _messages_of(self, turn: ModelTurn) -> list[Message]:
        blocks = tuple(block_from_json(raw) for raw in turn.blocks)
        answers = tuple(_answer(self.results[call_id]) for call_id in call_ids(turn) if call_id in self.results)
        note = note_to(turn)
        after = [AnswersMessage(answers, note)] if answers or note else []
        return [AssistantMessage(blocks, turn.request), *after]


def load_view(journal: Journal, session: str) -> SessionView:
    """A session by its id; raises `UsageError` when there is none."""
    view = SessionView.of(session, journal.entries(session))
    if view.started is None:
        raise UsageError(f"There is no session {session}. `desk sessions` shows those there are.")
    return view


def _answer(result: ToolResult) -> ToolAnswer:
    return ToolAnswer(
        result.call_id, result.text, result.ok, result.error, result.changed, result.data, result.tool
    )
