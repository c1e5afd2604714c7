"""Every fact of a session, as a typed event. Past events are never rewritten: fields are only added.

A body is plain JSON. `schema` says which version of this file wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Literal

import msgspec

from agent.gate.policy import Priority
from tools.json import Json

SCHEMA = "desk.event/v1"

ENDING_TOOLS = ("finish", "refer", "clarify")
"""The tools by which a model ends a session."""

Outcome = Literal[
    "done", "failed", "partial", "outside", "rejected", "expired", "handed_over", "unclear", "cancelled"
]
"""How a session is closed."""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """Somebody asked for something. `requester` is who the cluster says asked; empty when it did not say."""

    task: str
    namespace: str
    model: str
    requester: str
    cluster: str
    sandbox: bool = False
    read_only: bool = False
    dry_run: bool = False
    max_turns: int = 50
    window_tokens: int = 0
    """The model's context window; 0: it has none."""
    max_tokens: int = 0
    """What a turn may have, thinking included."""
    commits_reads: bool = True
    call: Json | None = None
    """For a one-call session: {"tool", "arguments"}; in "then" the calls that wait for what it changed."""
    before: Json | None = None
    """In a conversation, the session before: {"session", "said": [{"task", "answer"}], "spoken"}."""
    gate: list[str] = field(default_factory=list)
    """Where the gate decides otherwise than by its own table, in words, as desk.yaml has it."""
    session_key: str = ""
    """Whoever starts sessions knows the task by this; empty: it is known by its id only."""
    max_cost_usd: float = 0.0
    """What it may cost; 0: no limit."""
    max_cost_usd_a_day: float = 0.0
    """What all sessions of the journal may cost in a day; 0: no limit."""
    team: str = ""
    """Whose namespace it is, where what a team may cost is limited."""
    max_cost_usd_a_team: float = 0.0
    """What all sessions of the team may cost in a day; 0: no limit."""


@dataclass(frozen=True, slots=True)
class SessionRequested:
    """A program asked for a session, by the key of its task. All of a key stands in a chain, `key-DIGEST`."""

    session_key: str
    session: str
    """The id that the task's first session has."""
    task: str
    namespace: str
    """Empty: that of the context."""
    requester: str
    """Who asked, as the cluster knows them: the session acts as they do."""
    groups: list[str] = field(default_factory=list)
    """What the requester is a member of."""
    sandbox: bool = False
    read_only: bool = False
    dry_run: bool = False
    settings: Json = field(default_factory=dict)
    """Settings that were asked for, by their names; they only narrow what Desk's own allow."""
    deadline: str = ""
    """What is not over by then is cancelled; ISO 8601, empty: no such time."""
    callback: str = ""
    """The URL that is told whenever a process of it ends; empty: none."""


@dataclass(frozen=True, slots=True)
class SessionLaunched:
    """A process was started that begins the task of a key, or goes on with it. `by` says which."""

    session_key: str
    by: str


@dataclass(frozen=True, slots=True)
class LaunchFailed:
    """No more processes are started for a key: the last one ended before it could write down anything else."""

    session_key: str
    exit_code: int
    text: str


@dataclass(frozen=True, slots=True)
class SessionOrdered:
    """The task of a key is to be cancelled, or gone on with. `by` is empty where its deadline is over."""

    session_key: str
    order: Literal["cancel", "resume"]
    by: str


@dataclass(frozen=True, slots=True)
class SessionResumed:
    """Another process goes on with it."""

    requester: str
    why: str
    gate: list[str] = field(default_factory=list)
    """As of `SessionStarted`."""


@dataclass(frozen=True, slots=True)
class Oriented:
    """What the start protocol read. All of it is data."""

    working: str
    logs: str
    incidents: str
    history: list[str]
    identity: str
    version: str
    rights: list[str]
    namespaces: list[str]
    names: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Namespace -> kind -> names of the objects that the task may be about; `""`: of no namespace."""
    taken: list[str] = field(default_factory=list)
    """What the task's words leave to the one before it, as that was taken."""


@dataclass(frozen=True, slots=True)
class ModelTurn:
    """One answer of the model: blocks as the Messages API has them, and what it cost."""

    turn: int
    blocks: list[Json]
    stop_reason: str
    usage: Json = field(default_factory=dict)
    """Tokens, under the Messages API's names."""
    model: str = ""
    cost_usd: float | None = None
    """None when nobody knows the price."""
    duration_s: float = 0.0
    """From the asking to the end of the answer, retries included."""
    retries: list[str] = field(default_factory=list)
    """Why it was asked for again, each time."""
    request: str = ""
    """SHA-256 of what was sent: thinking is sent back only behind the very same words."""
    stop_details: Json | None = None
    """What the API says of a refusal."""
    message_id: str = ""
    """What the API calls it, if it keeps what the next request is compared with."""
    cache_miss: Json | None = None
    """Why the prompt cache did not hold what the turn before had left there, as the API says it; None: it did."""


@dataclass(frozen=True, slots=True)
class CallGated:
    """The gate decided a call. `verdict` is allow, ask or deny."""

    call_id: str
    tool: str
    risk: str
    verdict: str
    reason: str
    environment: str = ""
    owner: str = ""
    digest: str = ""
    approval_id: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A durable row waits for a person. Times are ISO 8601, UTC."""

    approval_id: str
    call_id: str
    tool: str
    arguments: Json
    targets: list[Json]
    digest: str
    risk: str
    environment: str
    priority: Priority
    requester: str
    summary: str
    diff: str
    asked_at: str
    expires_at: str
    why: str = ""
    """Why the gate asks, and does not allow it by itself."""
    beside: bool = False
    """Whether it is beside the task, or beside the subtasks that were stated."""


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    """Who decided what. `decision` is approved, rejected, expired or superseded."""

    approval_id: str
    decision: str
    approver: str
    reason: str = ""
    channel: str = ""
    """Where it was said: terminal, slack, web or api."""


@dataclass(frozen=True, slots=True)
class FirstApproval:
    """The first of two people approved. It stands in a chain of the row's own, whose name is the row's id."""

    approval_id: str
    approver: str
    channel: str


@dataclass(frozen=True, slots=True)
class NoticeIntended:
    """Written before a message is sent: to which channel, and which of them (`agent.humans.notices.Kind`).

    `about` is a row's id, or of a session's own message `onboarded-SESSION`: the chain that all of it stands in.
    """

    about: str
    channel: str
    kind: str


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """A message is there. `ref` is what the channel calls it: Slack's {"channel", "ts"}."""

    about: str
    channel: str
    kind: str
    ref: Json = field(default_factory=dict)
    shown: str = ""
    """Digest of what it shows now."""


@dataclass(frozen=True, slots=True)
class NoticeFailed:
    """A channel did not take a message; it is tried again after `wait_s`, and then the next channel is."""

    about: str
    channel: str
    kind: str
    text: str
    wait_s: float
    is_final: bool = False
    """Whether trying again does not help: a wrong token, a channel that is not there."""
    maybe_sent: bool = False
    """Whether it may be there all the same: the answer was lost."""
    is_limit: bool = False
    """Whether the channel is well, and only asked too often: no other one is asked for that."""


@dataclass(frozen=True, slots=True)
class PageAnswered:
    """What somebody did with a page in PagerDuty; it decides nothing."""

    about: str
    delivery: str
    """The delivery's id, so that it counts once."""
    answer: str
    by: str


@dataclass(frozen=True, slots=True)
class PlanMade:
    """What a call would change, as the gate decided it, bound to its digest. The act does this."""

    call_id: str
    tool: str
    plan: Json
    digest: str
    diffs: dict[str, str]
    """Change's id -> what would differ, as the system's dry run had it."""
    unchanged: list[str] = field(default_factory=list)
    """Ids of changes that are already as wanted."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step of a call's plan is over: its changes are in effect, and `ok`: what must hold does."""

    call_id: str
    step: int
    title: str
    ok: bool = True
    text: str = ""
    """What does not hold, or was not made."""


@dataclass(frozen=True, slots=True)
class ToolIntent:
    """Written before a change is sent: the change, whole."""

    call_id: str
    index: int
    last: bool
    """Whether it is the last change of its call's plan."""
    summary: str
    change: Json
    expected: Json
    """The values at the changed paths as the dry run had them, in the server's own spelling (1Gi, not 1024Mi)."""
    before: Json
    diff: str
    approval_id: str = ""
    rest: list[Json] = field(default_factory=list)
    """The changes behind the first, in journals that have no `PlanMade`."""
    change_id: str = ""
    """Which change of the call's plan; empty in journals that have no `PlanMade`."""


@dataclass(frozen=True, slots=True)
class ToolReceipt:
    """What came of an intent. `outcome` is applied, reconciled, running, stale, absent or failed.

    Stale: somebody else changed the target, so nothing was sent. Absent: when a later process looked, it had not
    happened. Both are planned anew. Running: the system has accepted it and is still making it; another receipt
    follows.
    """

    call_id: str
    index: int
    outcome: str
    text: str
    after: Json = field(default_factory=dict)
    """The values at the changed paths, as the server wrote them."""
    uid: str = ""
    """Of an object that was created."""
    change_id: str = ""
    operation: str = ""
    """What a change that is still being made is asked for by."""
    told: str = ""
    """What whoever asked for the change should know of it."""


@dataclass(frozen=True, slots=True)
class FilesRendered:
    """What a rendering tool made, path in the workspace -> text, in journals where files are no changes yet."""

    call_id: str
    summary: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call answered to the model."""

    call_id: str
    tool: str
    text: str
    ok: bool = True
    error: str = ""
    """Empty, or `arguments` (mend them), `failed`, `denied`, `stopped`."""
    summary: str = ""
    changed: bool = False
    data: Json | None = None
    left: Json | None = None
    """What was left undone, and whose it is: owner, what, command."""


@dataclass(frozen=True, slots=True)
class SubtaskDone:
    """A subtask is finished and its files are ready to be committed."""

    number: int
    subtask: str
    """Its key, unique in the session: `01-raise-the-limit`."""
    title: str
    call_id: str
    approved_by: str
    result: Literal["SUCCESS", "PARTIAL"]
    target: str = ""
    step: int | None = None
    """Which step of the call's plan; None: all that the call has done."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Git has it. `subtask` is the commit's trailer; `sha` is empty when no file had changed."""

    subtask: str
    sha: str
    undo: str = ""
    """The command that undoes it, if there is anything to undo."""


@dataclass(frozen=True, slots=True)
class CostLimitReached:
    """No further turn of the model is asked for: this day, all sessions have cost what they may."""

    spent_usd: float
    limit_usd: float
    team: str = ""
    """Whose sessions; empty: all of the journal."""


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """Something a person should look into. `key` keeps it from being opened twice."""

    key: str
    title: str
    severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
    description: str
    impact: str
    root_cause: str
    resolution: str
    follow_up: str
    approval_id: str = ""


@dataclass(frozen=True, slots=True)
class SessionPaused:
    """This process ends, the session does not: `resume` goes on."""

    exit_code: int
    reason: str
    next_action: str
    result: Literal["SUCCESS", "FAILURE", "PARTIAL", "BLOCKED", "PENDING_APPROVAL"] = "PARTIAL"
    approval_id: str = ""
    """What it waits for: its own approval, or another session's of the same change."""


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The session is over. `readings` are what an unclear task may mean: {"words", "command"} each."""

    exit_code: int
    outcome: Outcome
    summary: str
    next_action: str
    readings: list[Json] = field(default_factory=list)
    noticed: list[Json] = field(default_factory=list)
    """What was noticed beside the task: {"what", "words"}; the words are what a session of its own is asked for."""


Event = (
    SessionStarted
    | SessionRequested
    | SessionLaunched
    | LaunchFailed
    | SessionOrdered
    | SessionResumed
    | Oriented
    | ModelTurn
    | CallGated
    | ApprovalAsked
    | ApprovalDecided
    | FirstApproval
    | NoticeIntended
    | NoticeSent
    | NoticeFailed
    | PageAnswered
    | PlanMade
    | ToolIntent
    | ToolReceipt
    | StepDone
    | ToolResult
    | FilesRendered
    | SubtaskDone
    | Committed
    | CostLimitReached
    | IncidentOpened
    | SessionPaused
    | SessionClosed
)

TYPES: dict[str, type[Event]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind for kind in Event.__args__
}
_NAMES = {kind: name for name, kind in TYPES.items()}


def name_of(event: Event) -> str:
    """`session_started` for a SessionStarted, and so on."""
    return _NAMES[type(event)]


def to_body(event: Event) -> Json:
    """The event as JSON. Its fields are plain JSON already, so none is copied."""
    return {each.name: getattr(event, each.name) for each in fields(event)}


def from_body(name: str, body: Json) -> Event:
    """The typed event; raises `ValueError` when the body is not of its shape."""
    try:
        event: Event = msgspec.convert(body, TYPES[name])
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
    return event
