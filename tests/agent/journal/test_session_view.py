"""What comes next in a session, told from its events alone, read back from a real journal."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.errors import JournalError
from agent.journal.events import (
    TYPES,
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
    from_body,
    name_of,
    to_body,
)
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.summary import Summary, summarize
from agent.journal.view import SessionView
from agent.model.port import AnswersMessage, AssistantMessage, Opaque, Text, ToolAnswer, ToolUse
from agent.redaction import Redactor

STARTED = SessionStarted("mend checkout", "shop-dev", "playbook", "alice", "sha256:0", max_turns=50)
SHORT = replace(STARTED, max_turns=2)
ORIENTED = Oriented("", "", "", [], "alice", "v1.34.0", [], ["shop-dev"])
RESUMED = SessionResumed("alice", "resume")
PAUSED = SessionPaused(3, "waiting for apr-1", "approve it")
CLOSED = SessionClosed(0, "done", "all well", "none")
INCIDENT = IncidentOpened("k", "t", "HIGH", "d", "i", "r", "s", "f")


def turn(number: int, *calls: tuple[str, str, dict[str, Any]]) -> ModelTurn:
    blocks = [{"type": "tool_use", "id": call_id, "name": name, "input": given} for call_id, name, given in calls]
    return ModelTurn(
        number, [{"type": "text", "text": f"turn {number}"}, *blocks], "tool_use" if calls else "end_turn"
    )


def gated(call_id: str, verdict: str) -> CallGated:
    return CallGated(call_id, "restart", "change", verdict, "why", environment="dev")


def asked(approval_id: str = "apr-1", call_id: str = "c1") -> ApprovalAsked:
    return ApprovalAsked(
        approval_id, call_id, "restart", {}, [], "digest", "change", "staging", "HIGH", "alice",
        "restart checkout", "+a", "2025-06-01T12:00:00+00:00", "2025-06-01T13:00:00+00:00",
    )  # fmt: skip


def intent(index: int = 0, *, last: bool = True) -> ToolIntent:
    """As journals without plans have it: the first tells those behind it."""
    rest = [] if last or index else [change(1)]
    return ToolIntent("c1", index, last, "restart checkout", change(index), {}, {}, "+a", rest=rest)


def change(index: int) -> dict[str, Any]:
    target = {"api_version": "apps/v1", "kind": "Deployment", "namespace": "shop-dev", "name": f"web-{index}"}
    return {"target": target, "uid": "u1"}


def receipt(outcome: str, index: int = 0) -> ToolReceipt:
    return ToolReceipt("c1", index, outcome, "patched")


def decided(decision: str, approval_id: str = "apr-1") -> ApprovalDecided:
    return ApprovalDecided(approval_id, decision, "bob")


def read(call_id: str) -> ToolResult:
    return ToolResult(call_id, "get", "kind: Pod")


CALL = turn(1, ("c1", "restart", {"name": "checkout"}))
TWO_CALLS = turn(1, ("c1", "get", {"name": "a"}), ("c2", "get", {"name": "b"}))
SAID = turn(1)
CHANGED = ToolResult("c1", "restart", "Done.", summary="restart checkout", changed=True)
SUBTASK = SubtaskDone(1, "01-restart-checkout", "restart checkout", "c1", "bob", "SUCCESS")
COMMITTED = Committed("01-restart-checkout", "abc")
APPLIED = (gated("c1", "allow"), intent(), receipt("applied"), CHANGED)
FINISHED = (turn(1, ("c1", "finish", {})), ToolResult("c1", "finish", "ok"))
REFERRED = (turn(1, ("c1", "refer", {})), ToolResult("c1", "refer", "ok"))


def same_call(times: int, **different: Any) -> list[Event]:
    """The same reading call, so many turns; `different` goes into the newest one's arguments."""
    given = [{"name": "checkout"}] * (times - 1) + [{"name": "checkout", **different}]
    turns = [turn(number, (f"c{number}", "get", input_)) for number, input_ in enumerate(given, start=1)]
    return [event for each, one in enumerate(turns, start=1) for event in (one, read(f"c{each}"))]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(SqliteStore(tmp_path / ".desk" / "journal.db"), Redactor())
    yield opened
    opened.close()


def viewed(journal: Journal, *events: Event) -> SessionView:
    journal.append("other", STARTED, CALL, PAUSED)
    journal.append("s1", *events)
    return SessionView.of("s1", journal.entries("s1"))


ORIENTED_SESSION: tuple[Event, ...] = (STARTED, ORIENTED)

STEPS: list[tuple[str, tuple[Event, ...], str]] = [
    ("a call waits for the gate", (CALL,), "gate"),
    ("the first of two calls waits", (TWO_CALLS,), "gate"),
    ("the second of two calls waits", (TWO_CALLS, read("c1")), "gate"),
    ("both calls are answered", (TWO_CALLS, read("c1"), read("c2")), "think"),
    ("the gate allows", (CALL, gated("c1", "allow")), "act"),
    ("the gate asks", (CALL, gated("c1", "ask")), "ask"),
    ("the gate asks, and it is asked", (CALL, asked(), gated("c1", "ask")), "ask"),
    ("asked, but the gate's word was lost", (CALL, asked()), "gate"),
    ("paused while asked", (CALL, asked(), gated("c1", "ask"), PAUSED), "ask"),
    ("resumed while asked", (CALL, asked(), gated("c1", "ask"), PAUSED, RESUMED), "gate"),
    ("resumed after it was allowed", (CALL, gated("c1", "allow"), RESUMED), "gate"),
    ("approved", (CALL, asked(), gated("c1", "ask"), decided("approved")), "gate"),
    ("superseded", (CALL, asked(), gated("c1", "ask"), decided("superseded")), "gate"),
    ("rejected", (CALL, asked(), gated("c1", "ask"), decided("rejected")), "close"),
    ("expired", (CALL, asked(), gated("c1", "ask"), decided("expired")), "close"),
    (
        "superseded, then rejected",
        (CALL, asked(), decided("superseded"), asked("apr-2"), decided("rejected", "apr-2")),
        "close",
    ),
    ("denied and answered", (CALL, gated("c1", "deny"), ToolResult("c1", "restart", "Denied", ok=False)), "think"),
    ("an intent is open", (CALL, gated("c1", "allow"), intent()), "act"),
    ("an intent is open after a kill", (CALL, gated("c1", "allow"), intent(), RESUMED), "act"),
    ("applied, without its result", (CALL, gated("c1", "allow"), intent(), receipt("applied")), "act"),
    ("the first of two is applied", (CALL, gated("c1", "allow"), intent(last=False), receipt("applied")), "act"),
    (
        "the second of two is open",
        (CALL, gated("c1", "allow"), intent(last=False), receipt("applied"), intent(1)),
        "act",
    ),
    ("stale", (CALL, gated("c1", "allow"), intent(), receipt("stale")), "gate"),
    (
        "stale, then allowed anew",
        (CALL, gated("c1", "allow"), intent(), receipt("stale"), gated("c1", "allow")),
        "act",
    ),
    (
        "failed",
        (CALL, gated("c1", "allow"), intent(), receipt("failed"), ToolResult("c1", "restart", "no", ok=False)),
        "think",
    ),
    ("changed", (CALL, *APPLIED), "record"),
    ("changed, then killed", (CALL, *APPLIED, RESUMED), "record"),
    ("subtask not committed", (CALL, *APPLIED, SUBTASK), "record"),
    ("subtask committed", (CALL, *APPLIED, SUBTASK, COMMITTED), "think"),
    ("subtask committed without a file", (CALL, *APPLIED, SUBTASK, Committed(SUBTASK.subtask, "")), "think"),
    ("another subtask committed", (CALL, *APPLIED, SUBTASK, Committed("02-x", "abc")), "record"),
    ("changed and closed by a crash", (CALL, *APPLIED, CLOSED), "record"),
    ("finish", FINISHED, "close"),
    ("refer", REFERRED, "close"),
    ("finish failed", (FINISHED[0], ToolResult("c1", "finish", "no", ok=False)), "think"),
    ("words only", (SAID,), "think"),
    ("words only, thrice", (SAID, SAID, SAID), "close"),
    ("words only, a call, words only", (SAID, SAID, CALL, read("c1"), SAID), "think"),
    ("a refusal", (replace(SAID, stop_reason="refusal"),), "close"),
    ("a refusal with a call", (replace(CALL, stop_reason="refusal"),), "close"),
    ("a full context", (replace(CALL, stop_reason="model_context_window_exceeded"),), "close"),
    ("cut off", (replace(SAID, stop_reason="max_tokens"),), "think"),
    ("paused", (replace(SAID, stop_reason="pause_turn"),), "think"),
    ("nearly full", (replace(CALL, usage={"output_tokens": 801}), read("c1")), "think"),
    ("closed", (CALL, CLOSED), "close"),
    ("the same call five times", tuple(same_call(5)), "think"),
    ("the same call, and five times nothing new", tuple(same_call(6)), "close"),
    ("the third is another", tuple(same_call(3, kind="Pod")), "think"),
    ("an incident changes nothing", (CALL, INCIDENT), "gate"),
]


@pytest.mark.parametrize(("events", "step"), [pytest.param(e, s, id=name) for name, e, s in STEPS])
def test_what_comes_next(journal: Journal, events: tuple[Event, ...], step: str) -> None:
    assert viewed(journal, *ORIENTED_SESSION, *events).next_step() == step


@pytest.mark.parametrize(
    ("events", "step"),
    [
        ((STARTED,), "orient"),
        ((STARTED, RESUMED), "orient"),
        ((STARTED, CLOSED), "close"),
        ((STARTED, ORIENTED), "think"),
        ((SHORT, ORIENTED, *same_call(1)), "think"),
        ((SHORT, ORIENTED, *same_call(2)), "close"),
        ((SHORT, ORIENTED, *same_call(1), turn(2, ("c9", "get", {}))), "gate"),
    ],
)
def test_the_beginning_and_the_last_turn(journal: Journal, events: tuple[Event, ...], step: str) -> None:
    assert viewed(journal, *events).next_step() == step


def test_a_view_that_is_kept_up_equals_one_read_anew(journal: Journal) -> None:
    kept = SessionView("s1")
    journal.observe(kept.apply)
    for event in (
        STARTED,
        ORIENTED,
        CALL,
        asked(),
        gated("c1", "ask"),
        decided("approved"),
        *APPLIED,
        SUBTASK,
        CLOSED,
    ):
        journal.append("s1", event)
    assert kept == SessionView.of("s1", journal.entries("s1"))


def test_the_conversation_has_answers_after_each_turn(journal: Journal) -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    first = replace(TWO_CALLS, blocks=[thinking, *TWO_CALLS.blocks])
    failed = ToolResult("c2", "get", "no such pod", ok=False, error="failed")
    view = viewed(journal, *ORIENTED_SESSION, first, read("c1"), failed, turn(2, ("c3", "get", {})))
    assert view.messages() == (
        AssistantMessage(
            (
                Opaque(thinking),
                Text("turn 1"),
                ToolUse("c1", "get", {"name": "a"}),
                ToolUse("c2", "get", {"name": "b"}),
            )
        ),
        AnswersMessage(
            (
                ToolAnswer("c1", "kind: Pod", tool="get"),
                ToolAnswer("c2", "no such pod", ok=False, error="failed", tool="get"),
            )
        ),
        AssistantMessage((Text("turn 2"), ToolUse("c3", "get", {}))),
    )


def test_answers_come_in_the_order_of_the_calls(journal: Journal) -> None:
    view = viewed(journal, *ORIENTED_SESSION, TWO_CALLS, read("c2"), read("c1"))
    answers = view.messages()[-1]
    assert isinstance(answers, AnswersMessage)
    assert [answer.tool_use_id for answer in answers.answers] == ["c1", "c2"]


def test_only_what_took_effect_is_a_change(journal: Journal) -> None:
    events = (intent(last=False), receipt("applied"), intent(1), receipt("failed", 1))
    view = viewed(journal, *ORIENTED_SESSION, CALL, *events)
    assert view.changes("c1") == [(intent(last=False), receipt("applied"))]


def test_a_stale_intent_is_no_change_and_is_counted(journal: Journal) -> None:
    tries = (intent(), receipt("stale"), intent(), receipt("stale"), intent(), receipt("reconciled"))
    view = viewed(journal, *ORIENTED_SESSION, CALL, *tries)
    assert view.stale == {"c1": 2}
    assert view.changes("c1") == [(intent(), receipt("reconciled"))]


def test_a_step_that_an_earlier_plan_of_the_call_made_is_told_once(journal: Journal) -> None:
    plan = {"summary": "s", "steps": [{"title": "a step", "changes": [change(0)]}]}
    first, again = (PlanMade("c1", "restart", plan, digest, {}) for digest in ("d1", "d2"))
    over, told = StepDone("c1", 0, "a step"), replace(SUBTASK, step=0)
    made = (first, gated("c1", "allow"), intent(), receipt("applied"), over)
    assert viewed(journal, *ORIENTED_SESSION, CALL, *made).unrecorded() is not None
    assert viewed(journal, told, COMMITTED, again, over).unrecorded() is None


def test_the_approval_that_is_waited_for(journal: Journal) -> None:
    events = (CALL, asked(), decided("superseded"), asked("apr-2"))
    view = viewed(journal, *ORIENTED_SESSION, *events)
    assert view.pending_approval() == asked("apr-2")
    assert view.rejection() is None


def test_a_session_without_a_beginning_says_so(journal: Journal) -> None:
    with pytest.raises(ValueError, match="session s1 has no beginning"):
        _ = viewed(journal, ORIENTED).task


# --- events ----------------------------------------------------------------------------------------------

EVERY_EVENT: tuple[Event, ...] = (
    replace(STARTED, sandbox=True, read_only=True, dry_run=True, call={"tool": "get", "arguments": {"name": "x"}}),
    RESUMED,
    replace(ORIENTED, history=["abc fix"], rights=["get pods"]),
    ModelTurn(1, TWO_CALLS.blocks, "tool_use", {"input_tokens": 12, "output_tokens": 3}),
    CallGated("c1", "restart", "change", "deny", "why", "prod", "Flow", "d1", "apr-1"),
    replace(asked(), arguments={"name": "checkout", "deep": [1, None, {"a": 1.5}]}, targets=[{"kind": "Pod"}]),
    ApprovalDecided("apr-1", "approved", "bob", "fine"),
    ToolIntent("c1", 1, True, "s", {"body": {"a": None}}, {"a": None}, {"kind": "Pod"}, "-a\n+b", "apr-1"),
    ToolReceipt("c1", 0, "applied", "patched", {"spec": {"replicas": None}}),
    ToolResult("c1", "get", "text", ok=False, error="failed", summary="s", changed=True, data={"a": [1]}),
    replace(SUBTASK, target="Deployment/checkout in shop-dev"),
    COMMITTED,
    INCIDENT,
    PAUSED,
    CLOSED,
    FilesRendered("c1", "save it", {"manifests/a.yaml": "kind: Pod\n"}),
    PlanMade("c1", "restart", {"summary": "s", "steps": []}, "d1", {"x": "+a"}, ["y"]),
    StepDone("c1", 0, "a step", ok=False, text="it does not hold"),
    FirstApproval("apr-1", "bob", "terminal"),
    NoticeIntended("apr-1", "slack", "asked"),
    NoticeSent("apr-1", "slack", "asked", {"ts": "1.2"}, "d1"),
    NoticeFailed("apr-1", "teams", "asked", "HTTP 500", 1.5, maybe_sent=True),
    PageAnswered("apr-1", "d-1", "acknowledged", "bob"),
    CostLimitReached(1.5, 1.0),
    SessionRequested("k", "s1", "mend checkout", "shop", "ana", ["dev"], settings={"max_turns": 3}, read_only=True),
    SessionLaunched("k", "process 7"),
    LaunchFailed("k", 2, "no such namespace"),
    SessionOrdered("k", "cancel", "ana"),
)


def test_every_type_of_event_is_here() -> None:
    assert {name_of(event) for event in EVERY_EVENT} == set(TYPES)


@pytest.mark.parametrize("event", EVERY_EVENT, ids=name_of)
def test_an_event_survives_its_body_and_the_journal(journal: Journal, event: Event) -> None:
    assert from_body(name_of(event), to_body(event)) == event
    (entry,) = journal.append("s1", event)
    assert entry.event == event
    assert next(journal.entries("s1")).event == event


@pytest.mark.parametrize("event", EVERY_EVENT, ids=name_of)
def test_a_body_without_its_fields_is_no_event(event: Event) -> None:
    with pytest.raises(ValueError, match="missing required field"):
        from_body(name_of(event), {})


# --- the list of sessions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "status", "exit_code", "next_action"),
    [
        ((), "killed", None, "desk resume s1"),
        ((PAUSED,), "paused", 3, "approve it"),
        ((PAUSED, RESUMED), "killed", None, "desk resume s1"),
        ((PAUSED, RESUMED, CLOSED), "done", 0, "none"),
    ],
)
def test_one_line_a_session_newest_first(
    journal: Journal,
    tmp_path: Path,
    events: tuple[Event, ...],
    status: str,
    exit_code: int | None,
    next_action: str,
) -> None:
    journal.append("s0", STARTED)
    journal.append("s1", STARTED, *events)
    (line, older), waiting = summarize(tmp_path)
    assert (line.task, line.status, line.exit_code) == ("mend checkout", status, exit_code)
    assert line.next_action == next_action
    assert (line.session, older.session, waiting) == ("s1", "s0", [])


def test_without_a_journal_nothing_has_happened(tmp_path: Path) -> None:
    assert summarize(tmp_path) == Summary([], [])
    assert not (tmp_path / ".desk" / "journal.db").exists()


def test_a_file_that_is_no_journal_is_told(tmp_path: Path) -> None:
    path = tmp_path / ".desk" / "journal.db"
    path.parent.mkdir()
    path.write_text("no database " * 100)
    with pytest.raises(JournalError, match=r"journal\.db cannot be read: file is not a database"):
        summarize(tmp_path)
