"""What a session's events add up to. The loop asks this, and nothing else, what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeVar

from agent.context.budget import Budget, Ratio
from agent.context.loops import ENDED_AFTER, Called, Circling, note_on
from agent.context.subtasks import Stated
from agent.errors import UsageError
from agent.ids import the_one
from agent.journal.events import (
    ENDING_TOOLS,
    ApprovalAsked,
    ApprovalDecided,
    CallGated,
    Committed,
    CostLimitReached,
    Event,
    FilesRendered,
    FirstApproval,
    IncidentOpened,
    LaunchFailed,
    ModelTurn,
    NoticeFailed,
    NoticeIntended,
    NoticeSent,
    Oriented,
    PageAnswered,
    PlanMade,
    SessionClosed,
    SessionLaunched,
    SessionOrdered,
    SessionPaused,
    SessionRequested,
    SessionResumed,
    SessionStarted,
    StepDone,
    SubtaskDone,
    ToolIntent,
    ToolReceipt,
    ToolResult,
)
from agent.journal.journal import Entry, Journal
from agent.journal.turns import MAX_FAULTY_TURNS, call_ids, is_faulty, note_to, tokens
from agent.model.port import (
    AnswersMessage,
    AssistantMessage,
    Message,
    ToolAnswer,
    ToolUse,
    block_from_json,
)
from tools.changes.plan import id_of
from tools.json import Json

Step = Literal["orient", "think", "gate", "ask", "act", "record", "close"]

ChangeKey = tuple[str, str]
"""A call's id and the id of a change of its plan."""
Told = TypeVar("Told")
Made = tuple[ToolIntent, ToolReceipt]
"""A change that is in effect: what was intended, and what came of it."""

MAX_CONFLICTS = 3
PLAN = "plan"
"""The tool by which a session states its subtasks."""
_RATIO_TURNS = 10


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """What is to become a subtask: a step of a call's plan, or, with `step` None, all that the call has done."""

    call_id: str
    tool: str
    title: str
    ok: bool
    step: int | None = None


def _is_of_no_session(
    event: FirstApproval
    | NoticeIntended
    | NoticeSent
    | NoticeFailed
    | PageAnswered
    | SessionRequested
    | SessionLaunched
    | LaunchFailed
    | SessionOrdered,
) -> None:
    """It stands in the chain of a row, a message or a key, and says nothing of a session."""


@dataclass
class SessionView:
    """A session as its events tell it; `apply` adds one more."""

    id: str
    begun_before: bool = field(default=False, compare=False)
    """Whether another process began it, which may have done more than its events say."""
    started: SessionStarted | None = None
    started_at: str = ""
    last_seq: int = 0
    last_at: str = ""
    oriented: Oriented | None = None
    turns: list[ModelTurn] = field(default_factory=list)
    gated: dict[str, CallGated] = field(default_factory=dict)
    plans: dict[str, PlanMade] = field(default_factory=dict)
    """Call's id -> what the gate decided, the newest; intents, receipts and steps done are of that one."""
    intents: dict[ChangeKey, ToolIntent] = field(default_factory=dict)
    receipts: dict[ChangeKey, ToolReceipt] = field(default_factory=dict)
    operations: dict[ChangeKey, str] = field(default_factory=dict)
    """What a change that its system is still making is asked for by."""
    steps: dict[tuple[str, int], StepDone] = field(default_factory=dict)
    results: dict[str, ToolResult] = field(default_factory=dict)
    approvals: dict[str, ApprovalAsked] = field(default_factory=dict)
    decisions: dict[str, ApprovalDecided] = field(default_factory=dict)
    rendered: dict[str, FilesRendered] = field(default_factory=dict)
    subtasks: list[tuple[str, SubtaskDone]] = field(default_factory=list)
    commits: dict[str, str] = field(default_factory=dict)
    incidents: dict[str, IncidentOpened] = field(default_factory=dict)
    spent_today: CostLimitReached | None = None
    """That all sessions have cost what they may in a day."""
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
    stated: Stated = field(default_factory=Stated)
    """The subtasks, and what was noticed beside the task."""
    _made: dict[str, list[Made]] = field(default_factory=dict)
    _recorded: dict[str, list[Made]] = field(default_factory=dict)
    _steps_to_record: list[StepDone] = field(default_factory=list)
    _messages: list[Message] = field(default_factory=list)
    _told: int = 0
    _circling: Circling = field(default_factory=Circling)

    @classmethod
    def of(cls, session: str, entries: Iterable[Entry]) -> SessionView:
        """The view of all of a session's entries, which an earlier process wrote."""
        view = cls(session, begun_before=True)
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
                self._start(event, at)
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
            case PlanMade():
                self._plan(event)
            case ToolIntent():
                self._intend(event)
            case ToolReceipt():
                self._receive(event)
            case StepDone():
                self._over(event)
            case ToolResult():
                self.results[event.call_id] = event
                self._tick(event)
            case FilesRendered():
                self.rendered[event.call_id] = event
            case SubtaskDone():
                self._finish(event, at)
            case Committed():
                self.commits[event.subtask] = event.sha
            case CostLimitReached():
                self.spent_today = event
            case IncidentOpened():
                self.incidents[event.key] = event
            case SessionPaused():
                self.paused = event
                self.pauses.append((f"pause-{self.last_seq}", at, event))
            case SessionClosed():
                self.closed, self.closed_at = event, at
            case _:
                _is_of_no_session(event)

    def _finish(self, event: SubtaskDone, at: str) -> None:
        self.subtasks.append((at, event))
        self._recorded[event.subtask] = self.unrecorded_changes(event.call_id)
        self._steps_to_record = self._steps_to_record[0 if event.step is None else 1 :]

    def _start(self, started: SessionStarted, at: str) -> None:
        self.started, self.started_at = started, at
        self.stated = Stated.from_json((started.before or {}).get("stated", {}))

    def _tick(self, result: ToolResult) -> None:
        """What a call that has succeeded says of the subtasks."""
        if not result.ok:
            return
        if result.tool == PLAN:
            self.stated.say(result.data or {})
        elif result.call_id in self.plans:
            self.stated.succeeded(result.tool, _names_in(self.plans[result.call_id].plan))

    def _plan(self, made: PlanMade) -> None:
        """What an earlier plan of the call has changed stays told; what is to be done is this one's."""
        call_id = made.call_id
        if call_id in self.plans and self.plans[call_id].digest != made.digest:
            self.intents = _of_others(self.intents, call_id)
            self.receipts = _of_others(self.receipts, call_id)
            self.operations = _of_others(self.operations, call_id)
            self.steps = {key: step for key, step in self.steps.items() if key[0] != call_id}
        self.plans[call_id] = made

    def _over(self, step: StepDone) -> None:
        """A step in which nothing is untold was made by an earlier plan of the call: it is no subtask again."""
        self.steps[step.call_id, step.step] = step
        if self.unrecorded_changes(step.call_id):
            self._steps_to_record.append(step)
        if self.is_to_continue(step.call_id):
            self.gated.pop(step.call_id, None)

    def _intend(self, intent: ToolIntent) -> None:
        if not intent.change_id and intent.index == 0:
            self.plans[intent.call_id] = _plan_of(intent)
        self.intents[intent.call_id, intent.change_id or id_of(intent.change)] = intent

    def _receive(self, receipt: ToolReceipt) -> None:
        key = (receipt.call_id, receipt.change_id or self._nth_change(receipt.call_id, receipt.index))
        if receipt.outcome == "running":
            self.operations[key] = receipt.operation
            return
        self.operations.pop(key, None)
        if receipt.outcome not in ("stale", "absent"):
            self.receipts[key] = receipt
            if receipt.outcome != "failed" and key in self.intents:
                self._made.setdefault(receipt.call_id, []).append((self.intents[key], receipt))
            return
        # Nothing happened: the call is planned and gated anew.
        intent = self.intents.pop(key, None)
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
        return _calls_of(self.turns[-1]) if self.turns else []

    def all_calls(self) -> list[ToolUse]:
        """The calls of every turn, in order."""
        return [call for turn in self.turns for call in _calls_of(turn)]

    def pending_call(self) -> ToolUse | None:
        """The first call of the newest turn that has no result."""
        return next((call for call in self.calls() if call.id not in self.results), None)

    def _nth_change(self, call_id: str, index: int) -> str:
        """The id of a change by its place, as journals without `PlanMade` tell it."""
        return next((key[1] for key, each in self.intents.items() if (key[0], each.index) == (call_id, index)), "")

    def is_made(self, call_id: str, change_id: str) -> bool:
        """Whether a change of the call's plan is in effect."""
        receipt = self.receipts.get((call_id, change_id))
        return receipt is not None and receipt.outcome != "failed"

    def steps_left(self, call_id: str) -> list[int]:
        """The steps of a call's plan that are not over, in order; one that would change nothing is none."""
        planned = self.plans.get(call_id)
        steps = planned.plan["steps"] if planned is not None else ()
        unchanged = set(planned.unchanged) if planned is not None else set()
        left = (number for number in range(len(steps)) if (call_id, number) not in self.steps)
        return [number for number in left if not unchanged.issuperset(_ids(steps[number]))]

    def step_to_finish(self, call_id: str) -> int | None:
        """The step whose changes are all in effect, and which is not over yet."""
        left = self.steps_left(call_id)
        if not left:
            return None
        planned = self.plans[call_id]
        ids = [each for each in _ids(planned.plan["steps"][left[0]]) if each not in planned.unchanged]
        return left[0] if all(self.is_made(call_id, each) for each in ids) else None

    def is_to_continue(self, call_id: str) -> bool:
        """Whether the call's plan is done, and the call is to be planned anew on what has come of it."""
        plan = self.plans[call_id].plan
        is_done = all((step := self.steps.get((call_id, n))) and step.ok for n in range(len(plan["steps"])))
        return bool(plan.get("continues")) and is_done

    def open_intents(self, call_id: str) -> list[ToolIntent]:
        """Intents of a call whose receipt is missing."""
        return [intent for key, intent in self.intents.items() if key[0] == call_id and key not in self.receipts]

    def pending_subtask(self) -> tuple[str, SubtaskDone] | None:
        """A finished subtask that is not committed yet, and when it was finished."""
        return next(((at, done) for at, done in self.subtasks if done.subtask not in self.commits), None)

    def unrecorded(self) -> Unrecorded | None:
        """A step that is over, or else a call that changed or rendered something, and is no subtask yet."""
        if self._steps_to_record:
            step = self._steps_to_record[0]
            title = step.title if step.ok else f"{step.title} was done in part: {step.text}"
            return Unrecorded(step.call_id, self.plans[step.call_id].tool, title, step.ok, step.step)
        done = {subtask.call_id for _, subtask in self.subtasks}
        for call_id in dict.fromkeys((*self._made, *self.rendered)):
            result = self.results.get(call_id)
            is_left = bool(self.unrecorded_changes(call_id)) or (call_id in self.rendered and call_id not in done)
            if result is not None and is_left:
                title = result.summary or f"{result.tool} was done in part: {result.text}"
                return Unrecorded(call_id, result.tool, title, result.ok)
        return None

    def unrecorded_changes(self, call_id: str) -> list[Made]:
        """What a call has changed and no subtask tells yet."""
        told = [self._recorded.get(done.subtask, ()) for _, done in self.subtasks if done.call_id == call_id]
        return self._made.get(call_id, [])[sum(map(len, told)) :]

    def changes(self, call_id: str) -> list[Made]:
        """What a call has changed so far."""
        return list(self._made.get(call_id, ()))

    def namespaces(self) -> list[str]:
        """What each call of the session named as its namespace, in order."""
        calls = (raw["input"] for turn in self.turns for raw in turn.blocks if raw["type"] == "tool_use")
        return [str(given["namespace"]) for given in calls if given.get("namespace")]

    def changes_of(self, done: SubtaskDone) -> list[Made]:
        """What a subtask changed."""
        return self._recorded.get(done.subtask, [])

    def pending_approval(self) -> ApprovalAsked | None:
        """The approval the session waits for."""
        return next((row for key, row in self.approvals.items() if key not in self.decisions), None)

    def rejection(self) -> ApprovalDecided | None:
        """The decision that ended the session, if one did."""
        return next((d for d in self.decisions.values() if d.decision in ("rejected", "expired")), None)

    def left(self) -> Json | None:
        """What is left undone, and whose it is, by the last call of a tool about the same; None: nothing is."""
        last: dict[tuple[str, str], Json | None] = {}
        for call_id, result in self.results.items():
            planned = self.plans.get(call_id)
            last[result.tool, repr(planned.plan.get("subjects") if planned else None)] = result.left
        return next((left for left in reversed(last.values()) if left), None)

    def loops(self) -> bool:
        """Whether the newest turns go in circles."""
        self._tell()
        return self._circling.fruitless >= ENDED_AFTER

    def _called(self, turn: ModelTurn) -> list[Called]:
        calls = [raw for raw in turn.blocks if raw["type"] == "tool_use"]
        return [
            Called(raw["name"], raw["input"], result.text, result.ok, bool(self._made.get(raw["id"])))
            for raw in calls
            if (result := self.results[raw["id"]])
        ]

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

    def cost_usd(self) -> float:
        """What its turns have cost, where it is known."""
        return sum(turn.cost_usd or 0.0 for turn in self.turns)

    def is_spent(self) -> bool:
        """Whether it has cost what it may, or all sessions have what they may in a day."""
        return self.spent_today is not None or 0 < self.task.max_cost_usd <= self.cost_usd()

    def is_full(self) -> bool:
        """Whether the context window is so full that the next session must go on."""
        return self.task.window_tokens > 0 and bool(self.turns) and self.budget().is_full

    def begins_full(self) -> bool:
        """Whether the first request was too long already: the next session would fare no better."""
        if len(self.turns) != 1 or not self.task.window_tokens:
            return False
        sent = self.tokens_used() - int(self.turns[0].usage.get("output_tokens") or 0)
        exceeded = self.turns[0].stop_reason == "model_context_window_exceeded"
        return (exceeded and not self.turns[0].blocks) or sent > self.budget().limit

    def budget(self) -> Budget:
        """The context window before the next request."""
        coming = self._answers_to(self.turns[-1]) if self.turns else ()
        return Budget(self.task.window_tokens, self.task.max_tokens, self.tokens_used(), coming, self._ratio())

    def room_for_answer(self) -> int:
        """How many tokens the answer to the pending call may have, where the others of its turn have as many."""
        return self.budget().room(sum(call.id not in self.results for call in self.calls()))

    def _ratio(self) -> Ratio:
        """What the newest turns show of how the model's tokens are to be estimated."""
        ratio = Ratio()
        newest = self.turns[-_RATIO_TURNS:]
        for before, after in pairwise(newest):
            sent = tokens(after.usage) - int(after.usage.get("output_tokens") or 0)
            ratio.learn(sent - tokens(before.usage), self._answers_to(before))
        return ratio

    def _answers_to(self, turn: ModelTurn) -> list[str]:
        return [self.results[call_id].text for call_id in call_ids(turn) if call_id in self.results]

    def next_step(self) -> Step:
        """What comes next: where the graph goes, and where it is entered after a crash."""
        if self.unrecorded() is not None or self.pending_subtask() is not None:
            return "record"
        if self.closed is not None:
            return "close"
        if self.oriented is None:
            return "orient"
        if self.rejection() is not None or self.stopped_by_model() or self.ended_by_model():
            return "close"
        call = self.pending_call()
        if call is None:
            over = self.loops() or self.astray() or self.is_full() or self.is_spent()
            return "close" if over or len(self.turns) >= self.task.max_turns else "think"
        return self._step_of(call)

    def _step_of(self, call: ToolUse) -> Step:
        if self.open_intents(call.id) or self.step_to_finish(call.id) is not None:
            return "act"
        gate = self.gated.get(call.id)
        if gate is None:
            return "gate"
        return "ask" if gate.verdict == "ask" else "act"

    def messages(self) -> tuple[Message, ...]:
        """The conversation so far."""
        self._tell()
        rest = [message for turn in self.turns[self._told :] for message in self._messages_of(turn)]
        return (*self._messages, *rest)

    def _tell(self) -> None:
        """Add the turns that are answered: they do not change any more, and are told once."""
        while self._told < len(self.turns) and self._is_answered(self.turns[self._told]):
            turn = self.turns[self._told]
            self._circling.turn(self._called(turn))
            self._messages += self._messages_of(turn, note_on(self._circling.fruitless))
            self._told += 1

    def _is_answered(self, turn: ModelTurn) -> bool:
        return all(call_id in self.results for call_id in call_ids(turn))

    def _messages_of(self, turn: ModelTurn, circling: str = "") -> list[Message]:
        blocks = tuple(block_from_json(raw) for raw in turn.blocks)
        answers = tuple(_answer(self.results[call_id]) for call_id in call_ids(turn) if call_id in self.results)
        note = note_to(turn) or circling
        after = [AnswersMessage(answers, note)] if answers or note else []
        return [AssistantMessage(blocks, turn.request, turn.message_id), *after]


def find_session(journal: Journal, said: str | None = None) -> str:
    """The id of a session by its beginning, or of the newest; raises `UsageError` when it is none or several."""
    known = journal.sessions()
    if said is None and known:
        return known[0]
    return the_one(said or "", known, "session", "desk sessions")


def load_view(journal: Journal, session: str) -> SessionView:
    """A session by its id; raises `UsageError` when there is none."""
    view = SessionView.of(session, journal.entries(session))
    if view.started is None:
        raise UsageError(f"There is no session {session}. `desk sessions` shows those there are.")
    return view


def _calls_of(turn: ModelTurn) -> list[ToolUse]:
    blocks = (block_from_json(raw) for raw in turn.blocks)
    return [block for block in blocks if isinstance(block, ToolUse)]


def _of_others(told: dict[ChangeKey, Told], call_id: str) -> dict[ChangeKey, Told]:
    return {key: value for key, value in told.items() if key[0] != call_id}


def _ids(step: Json) -> list[str]:
    return [id_of(change) for change in step["changes"]]


def _names_in(plan: Json) -> set[str]:
    """What a plan is about, by name."""
    targets = (change["target"] for step in plan["steps"] for change in step["changes"])
    return {str(each["name"]) for each in (*targets, *plan.get("subjects", ()))}


def _plan_of(intent: ToolIntent) -> PlanMade:
    """The plan whose first change this is, in a journal that has no `PlanMade`."""
    step: Json = {"title": intent.summary, "changes": [intent.change, *intent.rest]}
    return PlanMade(intent.call_id, "", {"summary": intent.summary, "steps": [step]}, "", {})


def _answer(result: ToolResult) -> ToolAnswer:
    return ToolAnswer(
        result.call_id, result.text, result.ok, result.error, result.changed, result.data, result.tool
    )
