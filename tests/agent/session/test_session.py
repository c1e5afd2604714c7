"""One session, to every end it can have: the real loop on the sandbox's API, with a model that is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.context.loops import ENDED_AFTER
from agent.journal import approvals
from agent.journal.events import ApprovalAsked, CallGated, ToolResult
from agent.journal.journal import Entry
from agent.journal.summary import summarize
from agent.journal.view import SessionView
from agent.model.port import AnswersMessage, Block, Text
from agent.session.choosing import choose
from agent.session.context import Desk
from agent.session.nodes.close import failed_attempts
from agent.session.run import drive
from agent.surfaces import session_documents as output
from tests.agent.session_bench import SESSION, Bench, Scripted, Turn, Watcher, finish, healthy, limit, use

CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}


def asked(desk: Desk) -> ApprovalAsked:
    pending = desk.view.pending_approval()
    assert pending is not None
    return pending


def decide(desk: Desk, decision: str, approver: str = "carol") -> None:
    approvals.decide(desk.journal, asked(desk).approval_id, decision, approver, "so it is", datetime.now(UTC))


def kinds(desk: Desk) -> list[str]:
    return [entry.type for entry in desk.journal.entries(SESSION)]


def summary(desk: Desk) -> str:
    assert desk.view.closed is not None
    return desk.view.closed.summary


def test_the_main_job_is_done_recorded_and_committed(bench: Bench) -> None:
    turns: tuple[Turn, ...] = ([use("diagnose", namespace="shop-dev"), *limit("64Mi")], healthy(), finish())
    desk = bench.begin(Scripted(*turns))
    assert drive(desk) == 0
    assert bench.memory() == "64Mi"
    assert bench.git("status", "--porcelain") == ""
    subjects = bench.git("log", "--format=%s").splitlines()
    assert len(subjects) == 3
    assert "set memory limit 16Mi -> 64Mi of Deployment checkout" in subjects[1]
    trailers = bench.git("log", "-1", "--skip=1", "--format=%(trailers)")
    assert f"Session: {SESSION}" in trailers
    assert f"Changes: working/changes/{SESSION}/01-set-resources-checkout" in trailers
    assert desk.journal.verify() == len(kinds(desk))
    assert "Next Action" in bench.working()
    order = [kind for kind in kinds(desk) if kind in ("tool_intent", "tool_receipt", "subtask_done", "committed")]
    assert order == ["tool_intent", "tool_receipt", "subtask_done", "committed", "committed"]


def test_a_tool_that_there_is_not_is_answered_and_the_loop_goes_on(bench: Bench) -> None:
    desk = bench.begin(Scripted([use("make_coffee", sugar=2)], finish()))
    assert drive(desk) == 0
    result = desk.view.results["call_0_0"]
    assert (result.ok, result.error) == (False, "arguments")
    assert 'no tool "make_coffee"' in result.text
    assert "diagnose" in result.text


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("diagnose", {}, "namespace: Field required"),
        ("diagnose", {"namespace": "Shop Dev"}, "namespace"),
        ("get", {"kind": "pods", "name": "x", "color": "red"}, "color"),
        ("set_resources", CHECKOUT, "give at least one of"),
        ("set_resources", {**CHECKOUT, "memory_limit": "lots"}, "memory_limit"),
        ("set_resources", {**CHECKOUT, "memory_limit": "1Gi", "container": "sidecar"}, 'no container "sidecar"'),
        ("finish", {"outcome": "perhaps", "summary": "x"}, "outcome"),
    ],
)
def test_wrong_arguments_are_to_be_mended(bench: Bench, tool: str, arguments: dict[str, Any], said: str) -> None:
    desk = bench.begin(Scripted([use(tool, **arguments)], finish()))
    assert drive(desk) == 0
    result = desk.view.results["call_0_0"]
    assert (result.ok, result.error) == (False, "arguments")
    assert said in result.text


def test_what_the_cluster_refuses_is_answered_and_the_loop_goes_on(bench: Bench) -> None:
    missing = use("set_resources", namespace="shop-dev", name="nothing", memory_limit="1Gi")
    unreal = use("set_resources", **CHECKOUT, memory_request="2Gi")
    desk = bench.begin(Scripted([missing, unreal], finish()))
    assert drive(desk) == 0
    assert {result.error for key, result in desk.view.results.items() if key.startswith("call_0")} == {"failed"}
    assert "not found" in desk.view.results["call_0_0"].text
    assert "memory limit of 16Mi" in desk.view.results["call_0_1"].text


def test_a_change_the_task_did_not_name_asks_even_in_dev(bench: Bench) -> None:
    desk = bench.begin(Scripted(limit("64Mi"), finish()), "what is wrong in shop-dev?")
    assert drive(desk) == 3
    assert bench.memory() == "16Mi"
    assert (asked(desk).environment, asked(desk).tool) == ("dev", "set_resources")
    assert asked(desk).approval_id in bench.working()
    assert "PENDING_APPROVAL" in (bench.root / "logs/LOGS.md").read_text()


@pytest.mark.parametrize(("answer", "code", "memory"), [(True, 0, "64Mi"), (False, 6, "16Mi")])
def test_in_dev_the_person_at_the_terminal_decides(bench: Bench, answer: bool, code: int, memory: str) -> None:
    desk = bench.begin(Scripted(limit("64Mi"), finish()), "what is wrong?", watcher=Watcher(answer))
    assert drive(desk) == code
    assert bench.memory() == memory


def test_in_staging_the_person_at_the_terminal_is_not_asked(bench: Bench) -> None:
    task = "fix checkout in shop-staging"
    desk = bench.begin(Scripted(limit("64Mi", "shop-staging"), finish()), task, watcher=Watcher(answer=True))
    assert drive(desk) == 3
    assert bench.memory("shop-staging") == "16Mi"


def test_read_only_changes_nothing(bench: Bench) -> None:
    desk = bench.begin(Scripted(limit("64Mi"), finish()), read_only=True)
    assert drive(desk) == 0
    assert desk.view.results["call_0_0"].error == "denied"
    assert bench.memory() == "16Mi"


def test_a_dry_run_shows_the_servers_diff_and_changes_nothing(bench: Bench) -> None:
    before = bench.checkout()["metadata"]["resourceVersion"]
    desk = bench.begin(Scripted(limit("64Mi"), finish()), dry_run=True)
    assert drive(desk) == 0
    result = desk.view.results["call_0_0"]
    assert result.ok
    assert not result.changed
    assert "Dry run: would set memory limit 16Mi -> 64Mi" in result.text
    assert "+            memory: 64Mi" in result.text
    assert bench.checkout()["metadata"]["resourceVersion"] == before
    assert "tool_intent" not in kinds(desk)


def test_production_is_flows(bench: Bench) -> None:
    turns: tuple[Turn, ...] = (limit("64Mi", "shop-prod"), finish("failed", "It is Flow's."))
    desk = bench.begin(Scripted(*turns), "fix checkout in shop-prod")
    assert drive(desk) == 5
    assert desk.view.closed is not None
    assert "Flow" in desk.view.closed.next_action
    assert "Flow" in summary(desk)
    assert bench.memory("shop-prod") == "16Mi"
    assert desk.view.approvals == {}


def test_an_approval_lets_the_change_pass_once(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    assert drive(desk) == 3
    decide(desk, "approved")
    (row,) = desk.view.approvals
    desk = bench.resume(desk, model)
    assert drive(desk) == 0
    assert bench.memory("shop-staging") == "64Mi"
    assert approvals.load(desk.journal, row).status == "used"
    assert "Approved-By: carol" in bench.git("log", "--format=%(trailers)")


def test_a_task_that_is_given_twice_is_asked_for_once(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    first = bench.begin(model, "fix checkout in shop-staging")
    second = bench.begin(model, "fix checkout in shop-staging", session="20250131-093006-def456")
    assert (drive(first), drive(second)) == (3, 3)
    (row,) = approvals.listing(first.journal, datetime.now(UTC))
    assert row.session == first.view.id
    assert row.asked.why == "change in staging needs a person's approval"
    paused = second.view.paused
    assert paused is not None
    assert (paused.approval_id, paused.result) == (row.asked.approval_id, "PENDING_APPROVAL")
    assert f"asked for the same change in session {first.view.id}, so it is not asked for again" in paused.reason
    assert output.session(second.view).approval == row.asked.approval_id
    lines = {line.session: line for line in summarize(bench.root).sessions}
    assert [line.word for line in lines.values()] == ["waiting", "waiting"]
    assert choose(first.journal, datetime.now(UTC)).session == second.view.id  # the newest, for both wait

    decide(first, "approved")
    (line, _) = summarize(bench.root).sessions
    assert (line.word, line.next_action) == (
        "approved",
        f"desk resume {first.view.id}; then desk resume {second.view.id}",
    )
    assert choose(first.journal, datetime.now(UTC)).session == first.view.id
    first = bench.resume(first, model)
    assert drive(first) == 0
    (line, _) = summarize(bench.root).sessions
    assert (line.word, line.approval, line.next_action) == ("paused", None, f"desk resume {second.view.id}")
    used = approvals.with_use(first.journal, approvals.load(first.journal, row.asked.approval_id)).used
    assert used is not None
    assert (used.by, used.commits) == (
        first.identity.username,
        (bench.git("log", "--format=%H", "--grep=^Changes:", "-1"),),
    )
    second = bench.resume(second, model)
    assert drive(second) == 0
    assert "Nothing to change" in second.view.results["call_0_0"].text


def test_a_rejection_ends_it_with_an_incident_and_no_change(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    decide(desk, "rejected")
    desk = bench.resume(desk, model)
    assert drive(desk) == 6
    assert bench.memory("shop-staging") == "16Mi"
    assert "Rejected by carol: so it is" in summary(desk)
    assert "Approval denied" in (bench.root / "incidents/INCIDENTS.md").read_text()
    assert bench.git("status", "--porcelain") == ""


def test_an_approval_that_nobody_decides_in_time_is_a_rejection(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    approvals.expire(desk.journal, datetime.now(UTC) + timedelta(hours=2))
    desk = bench.resume(desk, model)
    assert drive(desk) == 6
    assert "nobody answered in time" in summary(desk)
    assert bench.memory("shop-staging") == "16Mi"


def incidents(bench: Bench) -> str:
    return (bench.root / "incidents/INCIDENTS.md").read_text()


def test_an_incident_names_its_session_and_its_approval(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    approval = asked(desk).approval_id
    decide(desk, "rejected")
    drive(bench.resume(desk, model))
    assert incidents(bench).endswith(f"\n- Session: {SESSION}\n- Approval: {approval}\n")


def test_what_its_requester_withdraws_is_no_incident(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    decide(desk, "rejected", approver=desk.identity.username)
    desk = bench.resume(desk, model)
    assert drive(desk) == 6
    assert summary(desk).startswith(f"Withdrawn by {desk.identity.username}, who asked for it: so it is.")
    assert incidents(bench) == "# INCIDENTS\n"


def test_what_nobody_decided_is_not_called_denied(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    approvals.expire(desk.journal, datetime.now(UTC) + timedelta(hours=2))
    drive(bench.resume(desk, model))
    assert "Nobody answered in time: fix checkout in shop-staging" in incidents(bench)
    assert "Severity: LOW" in incidents(bench)
    assert "denied" not in incidents(bench)


def test_the_log_names_session_approver_commit_and_what_to_type_to_undo_it(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    decide(desk, "approved")
    drive(bench.resume(desk, model))
    sha = bench.git("log", "--format=%h", "--abbrev=10", "--grep=^Changes:", "-1")
    ended, changed, parked = (bench.root / "logs/LOGS.md").read_text().split("\n## ")[1:]
    assert [f"- Session: {SESSION}\n" in each for each in (ended, changed, parked)] == [True] * 3
    assert ["- Approved By: carol\n" in each for each in (ended, changed, parked)] == [True, True, False]
    assert f"- Undo: desk rollback {SESSION}/01-set-resources-checkout\n" in changed
    assert f"- Commits: {sha} (01-set-resources-checkout)\n- Undo: desk rollback {sha}\n" in ended
    assert "Undo" not in parked


def test_the_working_file_tells_of_all_sessions_that_are_open(bench: Bench) -> None:
    waits = bench.begin(Scripted(limit("64Mi", "shop-staging"), finish()), "fix checkout in shop-staging")
    drive(waits)
    other = bench.begin(Scripted(limit("64Mi"), finish()), session="20250131-093006-def456")
    reads = bench.begin(Scripted(finish()), session="20250131-093007-aaa111", commits_reads=False)
    assert drive(other) == 0
    said = bench.working()
    approval = asked(waits)
    assert "- Session: 20250131-093006-def456\n" in said
    assert f"### Remaining Tasks\n- fix checkout in shop-staging (session {SESSION})\n\n" in said
    assert (
        f"### Blockers\n- approval {approval.approval_id}: {approval.summary} "
        f"(session {SESSION}, until {approval.expires_at})\n" in said
    )
    assert f"### Next Action\nsomebody else: desk approvals approve {approval.approval_id}" in said.replace(
        "nobody else is in the sandbox to approve it: try it in one of its dev namespaces",
        f"somebody else: desk approvals approve {approval.approval_id}",
    )
    assert drive(reads) == 0
    decide(waits, "rejected")
    drive(bench.resume(waits, Scripted()))
    assert "### Remaining Tasks\n- none\n\n### Blockers\n- none\n" in bench.working()


def test_what_was_not_understood_is_one_line_in_the_log(bench: Bench) -> None:
    drive(bench.begin(Scripted(finish()), "look at checkout"))
    before, log = bench.working(), (bench.root / "logs/LOGS.md").read_text()
    unclear = [use("clarify", question="What is a tango?", readings=[])]
    desk = bench.begin(Scripted(unclear), "dance the tango", session="20250131-093006-def456")
    assert drive(desk) == 2
    assert bench.working() == before
    new = (bench.root / "logs/LOGS.md").read_text().replace(log.removeprefix("# LOGS\n\n"), "")
    assert new == (
        f"# LOGS\n\n## {desk.view.closed_at} - not understood, session 20250131-093006-def456: dance the tango\n\n"
    )
    assert bench.git("show", "--stat", "--format=").splitlines()[:-1] == ["logs/LOGS.md | 2 ++"]
    assert bench.git("status", "--porcelain") == ""


def test_a_target_that_changed_after_the_approval_is_asked_again(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    first = asked(desk).approval_id
    decide(desk, "approved")
    bench.label("by somebody", "shop-staging")
    desk = bench.resume(desk, model)
    assert drive(desk) == 3
    assert asked(desk).approval_id != first
    assert approvals.load(desk.journal, first).status == "superseded"
    assert bench.memory("shop-staging") == "16Mi"
    assert desk.journal.verify()


def test_a_resume_without_a_decision_waits_on_and_asks_nothing_new(bench: Bench) -> None:
    model = Scripted(limit("64Mi", "shop-staging"), finish())
    desk = bench.begin(model, "fix checkout in shop-staging")
    drive(desk)
    commits = bench.git("rev-list", "--count", "HEAD")
    desk = bench.resume(desk, model)
    assert drive(desk) == 3
    assert len(desk.view.approvals) == 1
    assert bench.git("rev-list", "--count", "HEAD") == commits


def test_a_target_that_changes_between_plan_and_act_is_gated_anew(bench: Bench) -> None:
    touched: list[str] = []

    def touch_once(entry: Entry) -> None:
        if entry.type == "tool_intent" and not touched:
            touched.append(entry.type)
            bench.label("in between")

    desk = bench.begin(Scripted(limit("64Mi"), finish()), watcher=Watcher(on_entry=touch_once))
    assert drive(desk) == 0
    assert [e.body["outcome"] for e in desk.journal.entries(SESSION) if e.type == "tool_receipt"] == [
        "stale",
        "applied",
    ]
    assert bench.memory() == "64Mi"
    assert bench.checkout()["metadata"]["labels"]["touched"] == "in between"


def test_a_target_that_never_rests_is_given_up(bench: Bench) -> None:
    def touch(entry: Entry) -> None:
        if entry.type == "tool_intent":
            bench.label(f"at-{entry.seq}")

    desk = bench.begin(Scripted(limit("64Mi"), finish("failed", "No.")), watcher=Watcher(on_entry=touch))
    assert drive(desk) == 1
    assert "keeps being changed" in desk.view.results["call_0_0"].text
    assert bench.memory() == "16Mi"


def test_the_limit_of_turns_hands_over(bench: Bench) -> None:
    turns = [[use("events", namespace="shop-dev", name=f"n{number}")] for number in range(5)]
    desk = bench.begin(Scripted(*turns), max_turns=3)
    assert drive(desk) == 4
    assert len(desk.view.turns) == 3
    assert "limit of 3 turns" in summary(desk)


def looks(number: int) -> Turn:
    return [use("events", namespace="shop-dev", name=f"n{number}")]


def test_what_a_session_may_cost_hands_over(bench: Bench) -> None:
    desk = bench.begin(Scripted(*map(looks, range(5)), cost_usd=0.3), max_cost_usd=0.5)
    assert drive(desk) == 4
    assert len(desk.view.turns) == 2
    assert "it has cost $0.60, and may cost $0.50 (max_cost_usd)" in summary(desk)
    assert desk.view.closed is not None
    assert desk.view.closed.next_action == "desk run --continue"


def test_what_all_sessions_of_a_day_may_cost_hands_over_before_the_next_turn(bench: Bench) -> None:
    drive(bench.begin(Scripted(looks(1), finish(), cost_usd=0.4), session="20250601-120000-000001"))
    desk = bench.begin(Scripted(*map(looks, range(5)), cost_usd=0.4), max_cost_usd_a_day=1.0)
    assert drive(desk) == 4
    assert len(desk.view.turns) == 1
    assert "all sessions of today have cost $1.20, and may cost $1.00" in summary(desk)
    third = bench.begin(Scripted(looks(1)), max_cost_usd_a_day=1.0, session="20250601-120000-000003")
    assert drive(third) == 4
    assert third.view.turns == []


def test_what_the_sessions_of_a_team_may_cost_in_a_day_is_theirs_alone(bench: Bench) -> None:
    limit: dict[str, Any] = {"team": "shop", "max_cost_usd_a_team": 1.0}
    first, second, third = (f"20250601-120000-00000{number}" for number in range(1, 4))
    drive(bench.begin(Scripted(looks(1), finish(), cost_usd=0.4), team="books", session=first))
    assert drive(bench.begin(Scripted(looks(1), finish(), cost_usd=0.4), **limit, session=second)) == 0
    desk = bench.begin(Scripted(*map(looks, range(5)), cost_usd=0.4), **limit, session=third)
    assert drive(desk) == 4
    assert len(desk.view.turns) == 1
    assert (
        "all sessions of team shop of today have cost $1.20, and may cost $1.00 (max_cost_usd_a_team)"
        in summary(desk)
    )


def test_turns_that_bring_nothing_new_are_told_and_then_hand_over(bench: Bench) -> None:
    desk = bench.begin(Scripted(*[[use("events", namespace="shop-dev")]] * 9))
    assert drive(desk) == 4
    assert len(desk.view.turns) == 1 + ENDED_AFTER
    assert "turns in a row brought nothing new" in summary(desk)
    notes = [message.note for message in desk.view.messages() if isinstance(message, AnswersMessage)]
    assert [note.startswith("Your last") for note in notes] == [False, False, True, True, True, False]


def test_a_model_that_ends_its_turns_without_a_call_is_not_believed_to_be_done(bench: Bench) -> None:
    desk = bench.begin(Scripted(*[[Text("All is well.")]] * 3))
    assert drive(desk) == 4
    assert summary(desk).endswith("Its last words: All is well.")


def failing(error: BaseException) -> Callable[[], list[Block]]:
    def fail() -> list[Block]:
        raise error

    return fail


def test_a_bug_pauses_the_session_and_the_end_protocol_is_done(bench: Bench) -> None:
    desk = bench.begin(Scripted([use("events", namespace="shop-dev")], failing(RuntimeError("boom"))))
    with pytest.raises(RuntimeError, match="boom"):
        drive(desk)
    assert desk.view.paused is not None
    assert desk.view.paused.exit_code == 1
    assert "RuntimeError: boom" in desk.view.paused.reason
    assert f"desk resume {SESSION}" in bench.working()
    assert "internal error" in bench.git("log", "-1", "--format=%s")
    assert bench.git("status", "--porcelain") == ""
    desk = bench.resume(desk, Scripted([], finish()))
    assert drive(desk) == 0


def test_ctrl_c_is_resumable(bench: Bench) -> None:
    desk = bench.begin(Scripted(limit("64Mi"), failing(KeyboardInterrupt())))
    assert drive(desk) == 130
    assert bench.git("status", "--porcelain") == ""
    desk = bench.resume(desk, Scripted([], finish()))
    assert drive(desk) == 0
    assert kinds(desk).count("tool_intent") == 1
    assert kinds(desk).count("oriented") == 1


def test_a_stop_drains_after_what_is_in_hand(bench: Bench) -> None:
    def stopping() -> list[Block]:
        desk.stop.set()
        return limit("64Mi")

    desk = bench.begin(Scripted(stopping, finish()))
    assert drive(desk) == 4
    assert bench.memory() == "16Mi"
    assert "PARTIAL" in (bench.root / "logs/LOGS.md").read_text()
    desk = bench.resume(desk, Scripted(limit("64Mi"), finish()))
    assert drive(desk) == 0
    assert bench.memory() == "64Mi"


def test_a_stop_between_effect_and_record_still_records(bench: Bench) -> None:
    def stop(entry: Entry) -> None:
        if entry.type == "tool_receipt":
            desk.stop.set()

    desk = bench.begin(Scripted(limit("64Mi"), finish()), watcher=Watcher(on_entry=stop))
    assert drive(desk) == 4
    assert "01-set-resources-checkout" in bench.git("log", "--format=%(trailers)")


def test_a_hook_that_refuses_is_told_and_after_mending_it_nothing_happens_twice(bench: Bench) -> None:
    generation = bench.checkout()["metadata"]["generation"]
    hook = bench.hook("echo this hook says no >&2; exit 1")
    model = Scripted(limit("64Mi"), finish())
    desk = bench.begin(model)
    assert drive(desk) == 1
    assert desk.view.paused is not None
    assert "this hook says no" in desk.view.paused.reason
    assert bench.memory() == "64Mi"
    hook.unlink()
    desk = bench.resume(desk, model)
    assert drive(desk) == 0
    assert bench.checkout()["metadata"]["generation"] == generation + 1
    assert kinds(desk).count("subtask_done") == 1
    assert bench.git("log", "--format=%(trailers:key=Subtask,valueonly)").split() == [
        "close",
        "01-set-resources-checkout",
        desk.view.pauses[0][0],
    ]
    assert bench.git("status", "--porcelain") == ""


def test_what_is_so_already_is_not_changed(bench: Bench) -> None:
    before = bench.checkout()["metadata"]["resourceVersion"]
    desk = bench.begin(Scripted(limit(bench.memory()), finish()))
    assert drive(desk) == 0
    assert "Nothing to change" in next(iter(desk.view.results.values())).text
    assert not desk.view.intents
    assert not desk.view.subtasks
    assert bench.checkout()["metadata"]["resourceVersion"] == before


def test_a_hook_that_refuses_the_last_commit_leaves_the_session_open(bench: Bench) -> None:
    hook = bench.hook("exit 1")
    model = Scripted(finish())
    desk = bench.begin(model)
    assert drive(desk) == 1
    hook.unlink()
    desk = bench.resume(desk, model)
    assert drive(desk) == 0
    assert kinds(desk).count("session_closed") == 1
    assert "done:" in bench.git("log", "-1", "--format=%s")


def test_an_intent_whose_effect_happened_is_reconciled_and_not_repeated(bench: Bench) -> None:
    generation = bench.checkout()["metadata"]["generation"]

    def die(entry: Entry) -> None:
        if entry.type == "tool_intent":
            bench.patch(entry.body["change"]["body"])
            raise KeyboardInterrupt

    desk = bench.begin(Scripted(limit("64Mi"), finish()), watcher=Watcher(on_entry=die))
    assert drive(desk) == 130
    desk = bench.resume(desk, Scripted(limit("64Mi"), finish()))
    assert drive(desk) == 0
    assert [e.body["outcome"] for e in desk.journal.entries(SESSION) if e.type == "tool_receipt"] == ["reconciled"]
    assert bench.checkout()["metadata"]["generation"] == generation + 1
    assert "01-set-resources-checkout" in bench.git("log", "--format=%(trailers)")


def test_an_intent_whose_effect_did_not_happen_is_made_anew(bench: Bench) -> None:
    generation = bench.checkout()["metadata"]["generation"]

    def die(entry: Entry) -> None:
        if entry.type == "tool_intent":
            raise KeyboardInterrupt

    desk = bench.begin(Scripted(limit("64Mi"), finish()), watcher=Watcher(on_entry=die))
    assert drive(desk) == 130
    desk = bench.resume(desk, Scripted(limit("64Mi"), finish()))
    assert drive(desk) == 0
    assert bench.memory() == "64Mi"
    assert bench.checkout()["metadata"]["generation"] == generation + 1


def test_three_failing_attempts_are_an_incident(bench: Bench) -> None:
    attempts = [turn for memory in ("17Mi", "18Mi", "19Mi") for turn in (limit(memory), healthy())]
    desk = bench.begin(Scripted(*attempts, finish("failed", "It still crashes.")))
    assert drive(desk) == 1
    assert len(desk.view.subtasks) == 3
    incidents = (bench.root / "incidents/INCIDENTS.md").read_text()
    assert "3 attempts failed" in incidents
    assert "HIGH" in incidents


def test_every_kind_of_wait_is_an_attempt(bench: Bench) -> None:
    mended = use("wait_until_mended", namespace="shop-dev", kind="Deployment", name="catalog", timeout_s=1)
    attempts = (limit("17Mi"), healthy(), limit("18Mi"), [mended], limit("19Mi"), [mended])
    desk = bench.begin(Scripted(*attempts, finish("failed", "It still crashes.")))
    assert drive(desk) == 1
    assert "3 attempts failed" in (bench.root / "incidents/INCIDENTS.md").read_text()


def test_a_change_that_fails_is_an_attempt_and_what_cannot_be_asked_is_none() -> None:
    view = SessionView(SESSION)
    told = (("1", "failed", "change"), ("2", "failed", "read"), ("3", "arguments", "change"))
    for call, error, risk in (*told, ("4", "denied", "change")):
        view.gated[call] = CallGated(call, "set_resources", risk, "allow", "")
        view.results[call] = ToolResult(call, "set_resources", "no", ok=False, error=error)
    assert failed_attempts(view) == 1


def test_a_secret_that_the_model_says_is_not_written_down(bench: Bench) -> None:
    token = "ghp_" + "a1B2" * 9
    desk = bench.begin(Scripted([Text(f"token {token}"), *finish()]))
    assert drive(desk) == 0
    written = "".join(str(entry.body) for entry in desk.journal.entries())
    assert token not in written + bench.working() + bench.git("log", "-p")


def test_the_clock_of_an_approval_is_the_sessions(bench: Bench) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    desk = bench.begin(Scripted(limit("64Mi", "shop-staging"), finish()), "fix checkout in shop-staging")
    desk = replace(desk, now=lambda: at)
    assert drive(desk) == 3
    assert asked(desk).expires_at == (at + timedelta(minutes=60)).isoformat(timespec="seconds")
